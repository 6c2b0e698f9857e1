"""The test to copy: samples as sharp as the training images distinguished from sharper ones."""

from pathlib import Path

import numpy as np
import pytest
from untrained_model import write_model

from experiments._template.figure import figure
from experiments._template.measure import measure
from experiments._template.options import Options
from experiments._template.results import sharpness_measurements
from experiments.contract import Inputs, run_measure
from repro.claims.card import read_card
from repro.claims.measurement import Measurement
from repro.figures.style import Style
from repro.networks.model_folder import ModelFolder, draw

FOLDER = Path(__file__).parents[2] / "experiments/_template"
CARD = read_card(FOLDER / "experiment.yaml")
IMAGES = 60


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = write_model(tmp_path / "model")
    np.save(folder / "training_rows.npy", np.arange(IMAGES))
    return folder


def training_images(model: Path) -> np.ndarray:
    """What the model's own generator draws of other z: samples are exactly as sharp."""
    folder = ModelFolder.open(model)
    return draw(folder.generator(), folder.latents(IMAGES, seed=99, purpose="training images"))


def blurred(images: np.ndarray) -> np.ndarray:
    """Each pixel the mean of itself and its right neighbour (the last column wraps around)."""
    return ((images.astype(np.uint16) + np.roll(images, 1, axis=2)) // 2).astype(np.uint8)


def measured(model: Path, data: Path, out: Path) -> dict[str, Measurement]:
    inputs = Inputs({"bedrooms.model": model, "bedrooms.data": data})
    return {one.name: one for one in measure(inputs, Options(images=IMAGES), 7, out)}


def test_samples_of_the_source_of_the_training_images_are_as_sharp(
    model: Path, make_dataset, tmp_path: Path
) -> None:
    data = make_dataset(training_images(model))
    difference = measured(model, data, tmp_path)["sharpness_difference"]
    assert difference.low < 0 < difference.high
    assert CARD.claims[0].rule.holds(difference.value)


def test_samples_sharper_than_blurred_training_images_fail_the_claim(
    model: Path, make_dataset, tmp_path: Path
) -> None:
    data = make_dataset(blurred(training_images(model)))
    difference = measured(model, data, tmp_path)["sharpness_difference"]
    assert difference.low > 0
    assert not CARD.claims[0].rule.holds(difference.low)


def test_numbers_worked_out_by_hand() -> None:
    sharp = {"training": [1, 3], "samples": [4, 4], "untrained": [2, 2]}  # mean 2, sd 1
    found = sharpness_measurements({k: np.array(v) for k, v in sharp.items()}, seed=0)
    assert [(one.name, one.value) for one in found] == [
        ("sharpness_difference", 2),
        ("sharpness_difference_untrained", 0),
    ]


def test_equally_sharp_training_images_are_no_scale() -> None:
    sharp = dict.fromkeys(("training", "samples", "untrained"), np.ones(2))
    assert sharpness_measurements(sharp, seed=0) == []


@pytest.mark.slow
def test_same_inputs_same_bytes_and_every_caption_has_its_file(
    model: Path, make_dataset, tmp_path: Path
) -> None:
    folders = {"bedrooms.model": model, "bedrooms.data": make_dataset(training_images(model))}
    for name in ("once", "again"):
        out = tmp_path / name
        run_measure(measure, Options(images=20), folders=folders, seed=7, out=out)
    for file in ("measurements.json", "sharpness.npz"):
        assert (tmp_path / "once" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style())
    assert {path.name for path in (tmp_path / "figures").iterdir()} == set(CARD.captions)
