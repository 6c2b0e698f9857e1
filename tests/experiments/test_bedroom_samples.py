"""Figs 2 and 3: the distance must prefer the generator that drew the real images."""

import json
from pathlib import Path

import numpy as np
import pytest
from untrained_model import write_model

from experiments.bedroom_samples.figure import _title, figure
from experiments.bedroom_samples.measure import _sheets, _two_sets, measure
from experiments.bedroom_samples.options import Options
from experiments.contract import Inputs, run_measure
from repro.claims.card import read_card
from repro.claims.measurement import read_measurements
from repro.data.store import ImageStore
from repro.figures.style import Style
from repro.networks.model_folder import ModelFolder, draw

OPTIONS = Options(rows=2, columns=3, images=160, blocks=4)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


def drawn_by(model: Path, snapshot: str, n: int = 320) -> np.ndarray:
    folder = ModelFolder.open(model)
    z = folder.latents(n, seed=99, purpose="stand-in for real images")
    return draw(folder.generator(snapshot), z)


@pytest.mark.parametrize(("true_source", "sign"), [("final", 1), ("early", -1)])
def test_the_snapshot_that_drew_the_real_images_is_nearer(
    model: Path, make_dataset, tmp_path: Path, true_source: str, sign: int
) -> None:
    data = make_dataset(drawn_by(model, true_source))
    inputs = Inputs({"bedrooms.model": model, "bedrooms.data": data})
    found = {m.name: m for m in measure(inputs, OPTIONS, 7, tmp_path)}
    gain = found["kernel_distance_early_minus_late"]
    assert sign * gain.low > 0
    assert sign * gain.high > 0
    assert gain.value == pytest.approx(
        found["kernel_distance_early"].value - found["kernel_distance_late"].value
    )
    wrong, right = sorted(
        (found[f"kernel_distance_{name}"] for name in ("early", "late")), key=lambda m: -m.value
    )
    # samples of the true source are as near to real images as real ones are
    assert abs(right.value) < 0.05 * wrong.value
    assert abs(found["kernel_distance_real"].value) < 0.05 * wrong.value


def test_titles_state_the_passes_trained_not_those_planned(model: Path) -> None:
    """Of a training stopped after 7 minibatches of 5 a pass, before its early snapshot at 10."""
    path = model / "spec.json"
    stopped = json.loads(path.read_text()) | {"minibatches": 7, "early_minibatch": 7}
    path.write_text(json.dumps(stopped))
    arrays = _sheets(ModelFolder.open(model), count=4, seed=7)
    assert arrays["passes"].tolist() == [1.4, 1.4]
    assert _title(1.4) == "Samples after 1.4 passes, not picked"
    assert _title(1) == "Samples after 1 pass, not picked"
    assert _title(100 / 3) == "Samples after 33.3 passes, not picked"


def test_both_sets_mix_all_classes(make_dataset) -> None:
    """Of a dataset that is sorted by class: four classes of one grey each."""
    images = np.empty((160, 16, 16, 3), np.uint8)
    images[:] = np.repeat(np.arange(4), 40)[:, None, None, None]
    for real in _two_sets(ImageStore.open(make_dataset(images)), count=80, seed=7):
        assert all(len(np.unique(block)) == 4 for block in np.array_split(real, 4))


def test_a_small_store_is_halved(model: Path, make_dataset, tmp_path: Path) -> None:
    data = make_dataset(drawn_by(model, "final", 40))
    inputs = Inputs({"bedrooms.model": model, "bedrooms.data": data})
    found = measure(inputs, OPTIONS, 7, tmp_path)
    assert "20 images per kind" in found[0].protocol


def test_sheets_share_z_and_files_are_those_of_the_card(
    model: Path, make_dataset, tmp_path: Path, repository: Path
) -> None:
    folders = {"bedrooms.model": model, "bedrooms.data": make_dataset(drawn_by(model, "final"))}
    for name in ("once", "again"):
        run_measure(measure, OPTIONS, folders=folders, seed=7, out=tmp_path / name)
    hashes = [
        json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("once", "again")
    ]
    assert hashes[0] == hashes[1]
    arrays = np.load(tmp_path / "once" / "arrays.npz")
    folder = ModelFolder.open(model)
    z = folder.latents(6, seed=7, purpose="bedroom samples, sheet")
    assert np.array_equal(arrays["early"], draw(folder.generator("early"), z))
    assert np.array_equal(arrays["late"], draw(folder.generator("final"), z))
    card = read_card(repository / "experiments/bedroom_samples/experiment.yaml")
    assert {c.measurement for c in card.claims} <= read_measurements(tmp_path / "once").keys()
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style())
    assert {p.name for p in (tmp_path / "figures").iterdir()} == set(card.captions)
