"""One command from a folder of pictures to a model: its files, its length, what it refuses."""

import json
import math
import os
import shlex
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data_prep import train_folder
from data_prep.train_folder import passes_of
from repro.data.raw_images import SourceError
from repro.networks.model_card import CARD_FILE
from repro.networks.model_folder import ModelFolder
from repro.specs.validation import SpecError

SMALL = ["--image-size", "16", "--batch", "4", "--device", "cpu", "--threads", "1"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Nine pictures, with odd names, in a folder and below it."""
    source = np.random.default_rng(0)
    folder = tmp_path / "my photos ☺"
    (folder / "older").mkdir(parents=True)
    for number in range(9):
        picture = Image.fromarray(source.integers(0, 256, (20, 30, 3), dtype=np.uint8))
        picture.save(folder / ("older" if number % 2 else ".") / f"a {number} ü.png")
    return folder


def start(photos: Path, out: Path, *words: str) -> Path:
    train_folder.main([str(photos), "--out", str(out), *SMALL, *words])
    return out / "model"


@pytest.mark.slow
def test_a_folder_becomes_a_model_and_the_same_command_keeps_it(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.chmod(photos, 0o555)
    out = tmp_path / "my out"
    model = start(photos, out, "--epochs", "2")
    trained = ModelFolder.open(model)
    assert trained.description["minibatches"] == 4  # twice 4 and 5: a single one joins
    assert trained.spec.preset == "small_folder"
    assert "| Images | 9 of the dataset `my photos ☺`" in (model / CARD_FILE).read_text()
    (said,) = [line for line in capsys.readouterr().out.splitlines() if "more samples" in line]
    words = shlex.split(said.removeprefix("more samples: "))
    assert words == ["dcgan", "sample", str(model), "--out", str(out / "samples")]
    before = (model / "generator.safetensors").stat().st_mtime_ns
    start(photos, out, "--epochs", "2")
    assert (model / "generator.safetensors").stat().st_mtime_ns == before
    assert not (out / "state").exists()


@pytest.mark.slow
def test_minutes_are_timed_once_and_then_kept(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = iter([1.0, 50.0])
    monkeypatch.setattr(train_folder, "_minibatches_per_second", lambda *_: next(rates))
    model = start(photos, tmp_path / "out", "--minutes", "0.1")
    assert ModelFolder.open(model).description["minibatches"] == 6  # six seconds, one in each
    start(photos, tmp_path / "out", "--minutes", "0.1")
    assert ModelFolder.open(model).description["minibatches"] == 6


@pytest.mark.slow
def test_more_pictures_make_no_longer_training(photos: Path, tmp_path: Path) -> None:
    start(photos, tmp_path / "out", "--minibatches", "4")
    for path in list(photos.glob("*.png")):
        for copy in range(3):
            (photos / f"{copy} {path.name}").write_bytes(path.read_bytes())
    model = start(photos, tmp_path / "out", "--minibatches", "4")
    assert ModelFolder.open(model).description["minibatches"] == 4


@pytest.mark.slow
def test_the_rate_is_that_of_real_steps(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_folder, "TIMED", 0.2)
    model = start(photos, tmp_path / "out", "--minutes", "0.002")
    assert 1 <= ModelFolder.open(model).description["minibatches"] < 200


@pytest.mark.slow
def test_a_prepared_dataset_and_a_number_of_minibatches(photos: Path, tmp_path: Path) -> None:
    start(photos, tmp_path / "one", "--minibatches", "1")
    words = ["--data", str(tmp_path / "one/data"), "--out", str(tmp_path / "two"), *SMALL]
    train_folder.main([*words, "--minibatches", "5", "--preset", "pytorch_tutorial"])
    description = ModelFolder.open(tmp_path / "two/model").description
    assert description["minibatches"] == 5
    assert description["spec"]["network"]["ngf"] == 64


@pytest.mark.slow
@given(st.integers(1, 10**6), st.integers(1, 10**4))
def test_passes_give_exactly_the_minibatches(minibatches: int, per_epoch: int) -> None:
    assert math.ceil(passes_of(minibatches, per_epoch) * per_epoch) == minibatches


def test_another_call_into_the_same_folder_is_refused_before_any_work(
    photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    call = {
        "pictures": str(photos), "preset": "small_folder", "image_size": 16, "channels": 3,
        "batch": 4, "length": "2 epochs", "seed": 42, "epochs": 2.0,
    }  # fmt: skip
    (out / "call.json").write_text(json.dumps(call))
    with pytest.raises(SpecError, match="length was '2 epochs', is '3 epochs'"):
        start(photos, out, "--epochs", "3")
    assert [path.name for path in out.iterdir()] == ["call.json"]


def test_too_few_pictures_are_counted(photos: Path, tmp_path: Path) -> None:
    for path in sorted(photos.rglob("*.png"))[3:]:
        path.unlink()
    with pytest.raises(SpecError, match="3 pictures are fewer than one minibatch of 4"):
        start(photos, tmp_path / "out")


@pytest.mark.parametrize("inside", [False, True])
def test_an_empty_folder_and_a_place_among_the_pictures(tmp_path: Path, inside: bool) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    if inside:
        with pytest.raises(SpecError, match="whose pictures are read with all sub-folders"):
            start(empty, empty / "out")
    else:
        with pytest.raises(SourceError, match="no"):
            start(empty, tmp_path / "out")


@pytest.mark.parametrize(
    ("preset", "message"),
    [
        ("small_foldr", "no preset 'small_foldr'"),
        ("mnist_conditional", "needs pictures with labels"),
    ],
)
def test_presets_that_do_not_fit(photos: Path, tmp_path: Path, preset: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        start(photos, tmp_path / "out", "--preset", preset)


@pytest.mark.parametrize("words", [[], ["folder", "--data", "data"]])
def test_pictures_or_a_dataset_but_not_both(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        train_folder.main([*words, "--out", "out"])
    assert left.value.code == 2
    assert "give a folder of pictures, or a prepared dataset" in capsys.readouterr().err
