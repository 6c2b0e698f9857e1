"""Fig 5: tiles show the places of the strongest responses; a planted detector is selective."""

import json
from pathlib import Path

import numpy as np
import pytest
from untrained_model import write_model

from experiments.contract import Inputs, read_measurements, run_measure
from experiments.filters.figure import figure
from experiments.filters.measure import Options, Responses, measure
from repro.checkpoint import ModelFolder
from repro.claims import read_card
from repro.figures import Style
from repro.quality import frozen_on

OPTIONS = Options(pool=60, top=4, channels=3, shown=2)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model", image_size=32)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Grey noise; ten of the pictures hold a red square at (8..16, 16..24)."""
    pictures = np.random.default_rng(0).integers(100, 156, (80, 32, 32, 3)).astype(np.uint8)
    pictures[30:40, 8:16, 16:24] = (255, 0, 0)
    return pictures


def test_a_planted_detector_is_found_selective_and_in_the_right_place(
    model: Path, images: np.ndarray
) -> None:
    """Channel 0 of every layer sums red minus green; the other channels stay random."""
    D = ModelFolder.open(model).random_discriminator(3)
    for number, block in enumerate(D.layers):
        block.conv.weight.data[0] = 0
        if number == 0:
            block.conv.weight.data[0, 0], block.conv.weight.data[0, 1] = 0.04, -0.04
        else:
            block.conv.weight.data[0, 0] = 0.04
    side = Responses(frozen_on(D, images), images, Options(pool=80, top=10, shown=10))
    assert set(side.top[0]) == set(range(30, 40))
    assert side.selectivity[0] > side.selectivity[1:].max()
    gradients, patches = side.tiles(0)
    size = side.field.size
    assert patches.shape == gradients.shape == (10, size, size, 3)
    red = (patches == (255, 0, 0)).all(axis=3).sum(axis=(1, 2))
    assert red.tolist() == [64] * 10  # the whole square lies in every tile
    gradient = gradients.astype(int) - 128
    assert gradient[..., 0].sum() > 0 > gradient[..., 1].sum()
    alike = side.likenesses()
    assert alike[0] > 0.5  # always the same square
    assert alike[0] > alike[1:].max()
    assert not gradient[..., 2].any()


def test_equal_networks_do_not_differ(model: Path, images: np.ndarray) -> None:
    """D's own initial weights against themselves: the difference is 0 to rounding."""
    folder = ModelFolder.open(model)
    D = folder.random_discriminator(1)
    one, other = (Responses(frozen_on(D, images), images, OPTIONS) for _ in range(2))
    assert np.array_equal(one.selectivity, other.selectivity)
    assert np.array_equal(one.likenesses(), other.likenesses())
    assert (np.abs(one.likenesses()) <= 1).all()


def test_run_is_repeatable_and_files_are_those_of_the_card(
    model: Path, images: np.ndarray, make_dataset, tmp_path: Path, repository: Path
) -> None:
    folders = {"bedrooms.model": model, "bedrooms.data": make_dataset(images)}
    for name in ("once", "again"):
        run_measure(measure, OPTIONS, folders=folders, seed=7, out=tmp_path / name)
    hashes = [
        json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("once", "again")
    ]
    assert hashes[0] == hashes[1]
    found = read_measurements(tmp_path / "once")
    for name in ("selectivity", "gradient_likeness"):
        difference = found[f"{name}_trained"].value - found[f"{name}_random"].value
        assert found[f"{name}_trained_minus_random"].value == pytest.approx(difference)
    card = read_card(repository / "experiments/filters/experiment.yaml")
    assert {c.measurement for c in card.claims} <= found.keys()
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style())
    assert {p.name for p in (tmp_path / "figures").iterdir()} == set(card.captions)


def test_untrained_side_depends_on_its_seed(
    model: Path, images: np.ndarray, make_dataset, tmp_path: Path
) -> None:
    inputs = Inputs({"bedrooms.model": model, "bedrooms.data": make_dataset(images)})
    values = []
    for seed in (0, 1):
        options = OPTIONS.model_copy(update={"untrained_seed": seed})
        found = {m.name: m.value for m in measure(inputs, options, 7, tmp_path)}
        values.append((found["selectivity_trained"], found["selectivity_random"]))
    assert values[0][0] == values[1][0]
    assert values[0][1] != values[1][1]
