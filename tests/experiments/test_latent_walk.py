"""Fig 4: planted generators that glide, jump or freeze must be told apart."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from untrained_model import write_model

from experiments.contract import Inputs, Measurement, read_measurements, run_measure
from experiments.latent_walk import measure as module
from experiments.latent_walk.figure import figure
from experiments.latent_walk.measure import Options, measure
from repro.claims import read_card
from repro.figures import Style

OPTIONS = Options(rows=3, steps=4, pixel_rows=2, segments=30)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


def measured(model: Path, out: Path, options: Options = OPTIONS) -> dict[str, Measurement]:
    inputs = Inputs({"bedrooms.model": model})
    return {m.name: m for m in measure(inputs, options, 7, out)}


def gliding(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    """Each of 8 z values is the brightness of two columns: exactly linear in z."""
    grey = (127.5 + 120 * z.numpy()).repeat(2, axis=1)[:, None, :, None]
    return np.broadcast_to(np.rint(grey), (len(z), 16, 16, 3)).astype(np.uint8)


def jumping(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    """A memoriser: one of 256 stored pictures, chosen by the signs of z."""
    stored = np.random.default_rng(0).integers(0, 256, (256, 16, 16, 3), dtype=np.uint8)
    return stored[((z.numpy() > 0) * 2 ** np.arange(8)).sum(axis=1)]


def frozen(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    return np.full((len(z), 16, 16, 3), 90, np.uint8)


def test_linear_generator_has_even_steps_and_ghosts_like_pixels(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "draw", gliding)
    found = measured(model, tmp_path)
    assert found["largest_step_share"].value == pytest.approx(1 / 4, abs=0.01)
    assert found["path_length_ratio"].value == pytest.approx(1, abs=0.01)
    assert found["sharpness_kept"].value == pytest.approx(0, abs=0.01)
    assert found["sharpness_half_way_pixels"].value < 0.9  # blending does lower it here


def test_memoriser_jumps_and_does_not_ghost(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "draw", jumping)
    options = Options(rows=3, steps=10, segments=30)
    found = measured(model, tmp_path, options)
    assert found["segments_with_a_jump"].low > 0.05  # the claim's rule refuses it
    assert found["sharpness_kept"].low > 0
    monkeypatch.setattr(module, "draw", gliding)
    smooth = measured(model, tmp_path, options)
    assert smooth["segments_with_a_jump"].value == 0
    assert found["largest_step_share"].low > smooth["largest_step_share"].high


def test_frozen_generator_measures_nothing(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "draw", frozen)
    assert measured(model, tmp_path) == {}


def test_layout_of_the_path(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "draw", gliding)
    measured(model, tmp_path)
    arrays = {k: v.astype(int) for k, v in np.load(tmp_path / "arrays.npz").items()}
    walk, pixels = arrays["walk"], arrays["pixels"]
    assert walk.shape == (3, 4, 16, 16, 3)
    assert pixels.shape == (2, 4, 16, 16, 3)
    # one step more in a row's direction is the first picture of the next row
    following = walk[:-1, 3] + (walk[:-1, 3] - walk[:-1, 2])
    assert np.abs(following - walk[1:, 0]).max() <= 3  # rounding
    # of a linear generator the pixel rows are the last latent rows
    assert np.abs(pixels - walk[1:]).max() <= 1


@pytest.mark.parametrize("interpolation", ["linear", "spherical"])
def test_run_is_repeatable_and_files_are_those_of_the_card(
    model: Path, tmp_path: Path, repository: Path, interpolation: str
) -> None:
    options = OPTIONS.model_copy(update={"interpolation": interpolation})
    for name in ("once", "again"):
        folders = {"bedrooms.model": model}
        run_measure(measure, options, folders=folders, seed=7, out=tmp_path / name)
    hashes = [
        json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("once", "again")
    ]
    assert hashes[0] == hashes[1]
    card = read_card(repository / "experiments/latent_walk/experiment.yaml")
    assert {c.measurement for c in card.claims} <= read_measurements(tmp_path / "once").keys()
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style())
    assert {p.name for p in (tmp_path / "figures").iterdir()} == set(card.captions)


def test_figure_without_control_rows(model: Path, tmp_path: Path) -> None:
    measured(model, tmp_path, OPTIONS.model_copy(update={"pixel_rows": 0}))
    figure(tmp_path, tmp_path, Style())
    assert (tmp_path / "fig04_latent_walk.png").is_file()
