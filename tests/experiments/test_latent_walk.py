"""Fig 4: planted generators that glide, jump, freeze or memorise must be distinguished.

Longer than 300 lines: the planted generators serve all the tests.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from untrained_model import write_model

from experiments.contract import Inputs, run_measure
from experiments.latent_walk import measure as module
from experiments.latent_walk.figure import figure
from experiments.latent_walk.measure import measure
from experiments.latent_walk.options import Options
from experiments.latent_walk.realism import HalfWayScores
from experiments.latent_walk.results import realism_measurements, step_measurements
from experiments.latent_walk.smoothness import (
    WalkStudy,
    blended,
    feature_steps,
    nearest_training,
)
from repro.claims.card import read_card
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement, read_measurements
from repro.claims.verdict import Verdict, judge
from repro.data.store import ImageStore
from repro.figures.style import Style
from repro.networks.model_folder import CheckpointError, ModelFolder, draw
from repro.quality import training_images

OPTIONS = Options(rows=3, steps=4, pixel_rows=2, segments=30)
IMAGES = 120


def columns(z: np.ndarray) -> np.ndarray:
    """Each of 8 values in -1..1 is the brightness of two columns: (n, 8) -> (n, 16, 16, 3)."""
    grey = (127.5 + 120 * z).repeat(2, axis=1)[:, None, :, None]
    return np.broadcast_to(np.rint(grey), (len(z), 16, 16, 3)).astype(np.uint8)


def stored() -> np.ndarray:
    """The training images: of the kind that `gliding` draws."""
    return columns(np.random.default_rng(5).uniform(-1, 1, (IMAGES, 8)))


def gliding(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    """Exactly linear in z."""
    return columns(z.numpy())


def by_heart(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    """A memoriser: the stored training image that is nearest to what `gliding` draws."""
    known = stored()[:, 0, ::2, 0].astype(float)
    wanted = gliding(G, z)[:, 0, ::2, 0].astype(float)
    return stored()[np.square(wanted[:, None] - known[None]).sum(axis=2).argmin(axis=1)]


def jumping(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    """One of 256 stored pictures, chosen by the signs of z."""
    pictures = np.random.default_rng(0).integers(0, 256, (256, 16, 16, 3), dtype=np.uint8)
    return pictures[((z.numpy() > 0) * 2 ** np.arange(8)).sum(axis=1)]


def frozen(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    return np.full((len(z), 16, 16, 3), 90, np.uint8)


@pytest.fixture
def folders(tmp_path: Path, make_dataset: Callable[..., Path]) -> dict[str, Path]:
    model = write_model(tmp_path / "model")
    np.save(model / "training_rows.npy", np.arange(IMAGES))
    return {"bedrooms.model": model, "bedrooms.data": make_dataset(stored())}


def measured(
    folders: dict[str, Path], out: Path, options: Options = OPTIONS
) -> dict[str, Measurement]:
    return {m.name: m for m in measure(Inputs(folders), options, 7, out)}


def verdict(found: dict[str, Measurement], claim: str, repository: Path) -> Verdict:
    card = read_card(repository / "experiments/latent_walk/experiment.yaml")
    chosen = {one.id: one for one in card.claims}[claim]
    control = found.get(chosen.control)
    return judge(
        chosen, found.get(chosen.measurement), ground=Ground.PAPER, control=control
    ).verdict


def test_linear_generator_has_even_steps_and_ghosts_like_pixels(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "draw", gliding)
    found = measured(folders, tmp_path)
    assert found["largest_step_share"].value == pytest.approx(1 / 4, abs=0.01)
    assert found["path_length_ratio"].value == pytest.approx(1, abs=0.01)
    assert found["sharpness_kept"].value == pytest.approx(0, abs=0.01)
    assert found["sharpness_half_way_pixels"].value < 0.9  # blending does lower it here


@pytest.mark.slow
def test_memoriser_jumps_and_does_not_ghost(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "draw", jumping)
    options = Options(rows=3, steps=10, segments=30)
    found = measured(folders, tmp_path, options)
    assert found["segments_with_a_jump"].low > 0.05  # the claim's rule refuses it
    assert found["sharpness_kept"].low > 0
    monkeypatch.setattr(module, "draw", gliding)
    smooth = measured(folders, tmp_path, options)
    assert smooth["segments_with_a_jump"].value == 0
    assert found["largest_step_share"].low > smooth["largest_step_share"].high


@pytest.mark.slow
def test_one_who_knows_its_images_by_heart_is_told_from_one_who_glides(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = Options(rows=1, steps=10, segments=30)
    monkeypatch.setattr(module, "draw", by_heart)
    assert measured(folders, tmp_path, options)["unevenness_share"].value == pytest.approx(1)
    monkeypatch.setattr(module, "draw", gliding)
    smooth = measured(folders, tmp_path, options)
    assert smooth["unevenness_share"].high < 0.5
    # of a generator that is linear in pixels the latent walk is the pixel blend
    assert smooth["step_ratio_latent"].value == pytest.approx(
        smooth["step_ratio_pixels"].value, abs=0.01
    )
    assert smooth["step_ratio_training"].low > smooth["step_ratio_latent"].high


@pytest.mark.slow
def test_what_the_untrained_generator_passes_as_well_is_not_decided(
    folders: dict[str, Path], tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trained generator that jumps fails nevertheless: the control is smooth."""
    trained = ModelFolder.open(folders["bedrooms.model"]).generator().state_dict()

    def planted(drawn: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        def made(G: torch.nn.Module, z: torch.Tensor) -> np.ndarray:
            own = all(torch.equal(x, trained[key]) for key, x in G.state_dict().items())
            return drawn(G, z) if own else draw(G, z)

        return made

    options = Options(rows=1, steps=10, segments=100)
    monkeypatch.setattr(module, "draw", planted(gliding))
    smooth = measured(folders, tmp_path, options)
    assert smooth["largest_step_share_untrained"].n == 100
    monkeypatch.setattr(module, "draw", planted(jumping))
    jumps = measured(folders, tmp_path, options)
    for claim in ("smooth_transitions", "hardly_any_jump"):
        assert verdict(smooth, claim, repository) == Verdict.CONTROL_PASSES
        assert verdict(jumps, claim, repository) == Verdict.NOT


def test_middles_as_real_as_samples_are_told_from_worse_ones(repository: Path) -> None:
    """Normal scores: two standard deviations lower, P(frame > sample) is Phi(-sqrt 2) = 0.079."""
    source = np.random.default_rng(3)
    plain, same = source.standard_normal((2, 400))
    worse = source.standard_normal(300) - 2

    def found(frames: np.ndarray, control: np.ndarray) -> dict[str, Measurement]:
        scores = HalfWayScores(plain, {"": frames, "_untrained": control})
        return {m.name: m for m in realism_measurements(scores)}

    good = found(same, worse)
    assert good["half_way_more_real"].value == pytest.approx(0.5, abs=0.04)
    assert good["half_way_more_real_untrained"].value == pytest.approx(0.079, abs=0.02)
    assert good["half_way_more_real_untrained"].n == 300
    claim = "half_way_as_real_as_samples"
    assert verdict(good, claim, repository) == Verdict.REPRODUCED
    assert verdict(found(worse, worse), claim, repository) == Verdict.NOT
    assert verdict(found(same, same), claim, repository) == Verdict.CONTROL_PASSES


def test_ties_count_half_and_a_model_without_scores_has_no_number() -> None:
    scores = HalfWayScores(np.array([0.0, 2.0]), {"": np.array([0.0, 1.0, 3.0])})
    (found,) = realism_measurements(scores)
    assert found.value == pytest.approx((0.5 + 0 + 1 + 0 + 1 + 1) / 6)
    assert realism_measurements(None) == []


def test_frozen_generator_measures_nothing(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "draw", frozen)
    found = measured(folders, tmp_path)
    assert found.keys() == {"half_way_more_real", "half_way_more_real_untrained"}
    assert found["half_way_more_real"].value == 0.5  # all pictures are the same
    figure(tmp_path, tmp_path, Style())
    assert (tmp_path / "fig04_steps.png").is_file()


def test_numbers_of_the_steps_by_hand() -> None:
    """Two of three segments have all kinds; the third never leaves its training image."""
    study = WalkStudy(
        {
            "latent": np.array([0.5, 0.4, 0.9]),
            "pixels": np.array([0.25, 0.25, 0.25]),
            "training": np.array([1.0, 0.6, np.nan]),
        },
        steps=4,
        space="pixels",
    )
    found = {m.name: m for m in step_measurements(study, seed=7)}
    assert found["step_ratio_latent"].value == pytest.approx(4 * 0.6)
    assert found["step_ratio_training"].value == pytest.approx(4 * 0.8)
    assert found["step_ratio_training"].n == 2
    # ((2 - 1) + (1.6 - 1)) / ((4 - 1) + (2.4 - 1))
    assert found["unevenness_share"].value == pytest.approx(1.6 / 4.4)
    assert found["unevenness_share_pixels"].value == 0
    assert found["unevenness_share"].n == 2


def test_nearest_training_images_are_those_of_a_loop_mirrored_ones_too(
    make_dataset: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = np.random.default_rng(1)
    images = source.integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    rows = np.arange(0, 40, 2)  # the others were not trained on
    frames = source.integers(0, 256, (2, 3, 16, 16, 3), dtype=np.uint8)
    frames[1, 2] = images[6, :, ::-1]
    frames[0, 0] = images[7]
    store = ImageStore.open(make_dataset(images))
    monkeypatch.setattr(training_images, "BLOCK", 7)
    for mirrored in (False, True):
        found = nearest_training(frames, store, rows, mirrored=mirrored)
        known = np.concatenate(
            [images[rows], images[rows][:, :, ::-1]] if mirrored else [images[rows]]
        )
        for segment, place in np.ndindex(2, 3):
            apart = np.square(known - frames[segment, place].astype(float)).sum(axis=(1, 2, 3))
            np.testing.assert_array_equal(found[segment, place], known[apart.argmin()])
        assert np.array_equal(found[1, 2], frames[1, 2]) == mirrored


def test_blend_and_steps_by_hand() -> None:
    frames = np.zeros((1, 5, 16, 16, 3), np.uint8)
    frames[0, -1] = 200
    frames[0, 1:4] = 77  # what lies between does not matter
    assert blended(frames)[0, :, 0, 0, 0].tolist() == [0, 50, 100, 150, 200]
    lengths = feature_steps(frames, lambda x: x[:, 0, 0, :1].astype(np.float32))
    assert lengths.tolist() == [[77, 0, 0, 123]]


@pytest.mark.slow
def test_layout_of_the_path(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "draw", gliding)
    measured(folders, tmp_path)
    arrays = {k: v.astype(int) for k, v in np.load(tmp_path / "arrays.npz").items()}
    walk, pixels = arrays["walk"], arrays["pixels"]
    assert walk.shape == (3, 4, 16, 16, 3)
    assert pixels.shape == (2, 4, 16, 16, 3)
    # one step more in a row's direction is the first picture of the next row
    following = walk[:-1, 3] + (walk[:-1, 3] - walk[:-1, 2])
    assert np.abs(following - walk[1:, 0]).max() <= 3  # rounding
    # of a linear generator the pixel rows are the last latent rows
    assert np.abs(pixels - walk[1:]).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("interpolation", ["linear", "spherical"])
def test_run_is_repeatable_and_files_are_those_of_the_card(
    folders: dict[str, Path],
    make_dataset: Callable[..., Path],
    tmp_path: Path,
    repository: Path,
    interpolation: str,
) -> None:
    """Trained on pictures like its own: among others all frames might share one nearest image."""
    model = ModelFolder.open(folders["bedrooms.model"])
    own = draw(model.generator(), model.latents(IMAGES, seed=1, purpose="test images"))
    folders["bedrooms.data"] = make_dataset(own, name="own")
    options = OPTIONS.model_copy(update={"interpolation": interpolation})
    for name in ("once", "again"):
        run_measure(measure, options, folders=folders, seed=7, out=tmp_path / name)
    hashes = [
        json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("once", "again")
    ]
    assert hashes[0] == hashes[1]
    card = read_card(repository / "experiments/latent_walk/experiment.yaml")
    stated = {name for c in card.claims for name in (c.measurement, c.control)} - {""}
    # windows and lamps are known in synthetic rooms only (test_latent_walk_objects.py)
    stated = {name for name in stated if not name.startswith("object")}
    assert stated <= read_measurements(tmp_path / "once").keys()
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style())
    assert {p.name for p in (tmp_path / "figures").iterdir()} == set(card.captions)


@pytest.mark.slow
def test_figure_without_control_rows(folders: dict[str, Path], tmp_path: Path) -> None:
    measured(folders, tmp_path, OPTIONS.model_copy(update={"pixel_rows": 0}))
    figure(tmp_path, tmp_path, Style())
    assert (tmp_path / "fig04_latent_walk.png").is_file()


def test_another_dataset_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    np.save(folders["bedrooms.model"] / "training_rows.npy", np.arange(IMAGES + 1))
    with pytest.raises(CheckpointError, match="give the dataset that it was trained on"):
        measured(folders, tmp_path)
