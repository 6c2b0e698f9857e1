"""Pictures by seed: each depends on its seed alone; walks, sums and the command's files."""

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from untrained_model import write_model

from repro.errors import UnusableError
from repro.networks import sample
from repro.networks.model_folder import ModelFolder
from repro.networks.sample import MOST, TOGETHER, Sampler, arithmetic, seeds_of, walk


@pytest.fixture
def model(tmp_path: Path) -> ModelFolder:
    return ModelFolder.open(write_model(tmp_path / "model"))


def test_a_seeds_picture_is_the_same_alone_in_a_crowd_and_in_any_order(model: ModelFolder) -> None:
    sampler = Sampler(model)
    seeds = list(range(2 * TOGETHER + 3))
    together = sampler.pictures(seeds)
    assert len(np.unique(together.reshape(len(seeds), -1), axis=0)) == len(seeds)
    for seed in (0, TOGETHER, seeds[-1]):
        np.testing.assert_array_equal(sampler.pictures([seed])[0], together[seed])
    np.testing.assert_array_equal(sampler.pictures(seeds[::-1]), together[::-1])


def test_psi_scales_z(model: ModelFolder) -> None:
    z = torch.stack([Sampler(model).latent(seed) for seed in range(4)])
    np.testing.assert_array_equal(
        Sampler(model, psi=0.5).pictures(range(4)), Sampler(model).draw(z / 2)
    )


def test_a_walk_passes_every_seed_on_straight_lines_and_closes(model: ModelFolder) -> None:
    sampler = Sampler(model)
    frames = walk(sampler, [3, 5, 9], frames=12)
    for place, seed in ((0, 3), (4, 5), (8, 9)):
        np.testing.assert_array_equal(frames[place], sampler.pictures([seed])[0])
    half = (sampler.latent(9) + sampler.latent(3)) / 2  # between the last seed and the first
    difference = frames[10].astype(int) - sampler.draw(half[None])[0]
    assert np.abs(difference).max() <= 1  # lerp rounds differently


@pytest.mark.parametrize(("seeds", "frames"), [([3], 10), ([1, 2, 3], 2)])
def test_a_walk_that_leads_nowhere_is_refused(
    model: ModelFolder, seeds: list[int], frames: int
) -> None:
    with pytest.raises(UnusableError, match="two seeds or more and a frame for each"):
        walk(Sampler(model), seeds, frames=frames)


def test_sums_average_the_exemplars_of_each_part(model: ModelFolder) -> None:
    sampler = Sampler(model)
    pictures = arithmetic(sampler, [[1, 2, 3], [7]], [[4, 5]])
    z = {seed: sampler.latent(seed) for seed in (1, 2, 3, 4, 5, 7)}
    parts = [(z[1] + z[2] + z[3]) / 3, z[7], (z[4] + z[5]) / 2]
    expected = sampler.draw(torch.stack([*parts, parts[0] + parts[1] - parts[2]]))
    assert np.abs(pictures.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("text", "seeds"), [("0-3", [0, 1, 2, 3]), ("3,17,40-42", [3, 17, 40, 41, 42]), ("5", [5])]
)
def test_seeds_in_words(text: str, seeds: list[int]) -> None:
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["5-3", "a", "1,,2", "-1", "0-999999999"])
def test_other_words_are_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        sample.main([str(tmp_path), f"--seeds={text}", "--out", str(tmp_path / "out")])
    assert left.value.code == 2
    assert "argument --seeds: found '" in capsys.readouterr().err


def test_the_limit_holds_for_all_parts_together() -> None:
    assert len(seeds_of(f"0-{MOST - 2},7")) == MOST
    with pytest.raises(argparse.ArgumentTypeError, match="found 100,001 seeds"):
        seeds_of(f"0-{MOST - 1},7")


def test_files_of_the_command(model: ModelFolder, tmp_path: Path) -> None:
    words = [str(model.folder), "--out", str(tmp_path / "my pictures ☺")]
    sample.main([*words, "--seeds", "4,6"])
    # frames that are equal in a row would be one in the file
    sample.main(
        [*words, "--walk", "1", "2", "8", "--frames", "5", "--add", "1", "2", "--subtract", "3"]
    )
    out = tmp_path / "my pictures ☺"
    made = {path.name for path in out.iterdir()} - {"walk.mp4"}  # where ffmpeg is installed
    assert made == {
        "seed_0004.png", "seed_0006.png", "sheet.png", "walk.webp", "sum.png", "sum_and_parts.png",
    }  # fmt: skip
    picture = np.asarray(Image.open(out / "seed_0006.png"))
    np.testing.assert_array_equal(picture, Sampler(model).pictures([6])[0])
    with Image.open(out / "walk.webp") as animation:
        assert animation.n_frames == 5
        animation.seek(3)
        found = np.asarray(animation.convert("RGB"))
    np.testing.assert_array_equal(found, walk(Sampler(model), [1, 2, 8], frames=5)[3])


def test_labels_where_the_model_has_none_are_refused(model: ModelFolder, tmp_path: Path) -> None:
    words = [str(model.folder), "--out", str(tmp_path / "out"), "--class", "3"]
    with pytest.raises(UnusableError, match="has no classes: leave --class out"):
        sample.main(words)
