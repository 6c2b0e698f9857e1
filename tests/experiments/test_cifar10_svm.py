"""Table 1 on planted stripes, whose class no single pixel tells but filters do."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from untrained_model import write_model

from experiments.cifar10_svm.figure import CITED, figure
from experiments.cifar10_svm.measure import Options, measure
from experiments.cifar10_svm.results import Result, measurements
from experiments.contract import Inputs, read_measurements, run_measure
from repro.claims import read_card
from repro.figures import Style
from repro.selection import Choice
from repro.specs import SpecError

OPTIONS = Options(
    per_class=12,
    draws=3,
    selection_draws=2,
    grid=(1e-3, 1e-2),
    extensions=1,
    random_seeds=2,
    tol=1e-3,
)


def stripes(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Class = direction of the stripes (4); their phase and both colours are random."""
    source = np.random.default_rng(seed)
    labels = np.arange(n) % 4
    row, column = np.mgrid[:16, :16]
    along = np.stack([row, column, row + column, row - column])[labels]  # (n, 16, 16)
    phase = source.uniform(0, 2 * np.pi, (n, 1, 1))
    wave = np.sin(along * np.pi / 3 + phase)[..., None] * source.choice([-1, 1], (n, 1, 1, 1))
    images = (
        127.5 + wave * source.uniform(60, 110, (n, 1, 1, 3)) + source.normal(0, 8, (n, 16, 16, 3))
    )
    return images.clip(0, 255).astype(np.uint8), labels.astype(np.int32)


@pytest.fixture
def folders(tmp_path: Path, make_dataset: Callable[..., Path]) -> dict[str, Path]:
    images, labels = stripes(240, seed=0)
    tests, answers = stripes(200, seed=1)
    return {
        "objects.model": write_model(tmp_path / "model"),
        "cifar10.data": make_dataset(images, name="data", **{"class": labels}),
        "cifar10.test": make_dataset(tests, name="test", **{"class": answers}),
    }


@pytest.fixture
def measured(folders: dict[str, Path], tmp_path: Path) -> Path:
    run_measure(measure, OPTIONS, folders=folders, seed=3, out=tmp_path / "measured")
    return tmp_path / "measured"


def test_filters_beat_pixels_and_every_claim_has_its_number(measured: Path, repository: Path):
    found = read_measurements(measured)
    assert found["accuracy_dcgan"].value > 70
    assert found["accuracy_pixels"].value < 60
    assert found["dcgan_minus_pixels"].low > 0
    assert found["accuracy_dcgan_per_class"].n == 3
    assert found["accuracy_dcgan"].n == 200
    card = read_card(repository / "experiments/cifar10_svm/experiment.yaml")
    assert {claim.measurement for claim in card.claims} <= set(found)


def test_same_inputs_same_bytes_and_nothing_left_behind(
    measured: Path, folders: dict[str, Path], tmp_path: Path
):
    run_measure(measure, OPTIONS, folders=folders, seed=3, out=tmp_path / "again")
    names = sorted(path.name for path in measured.iterdir())
    assert names == ["arrays.npz", "measurements.json", "provenance.json"]
    for name in names[:2]:
        assert (measured / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


class Watched(Inputs):
    """Inputs that record which dataset was opened when."""

    def __init__(self, folders: dict[str, Path]) -> None:
        super().__init__(folders)
        self.opened: list[str] = []

    def dataset(self, name: str):
        self.opened.append(name)
        return super().dataset(name)


def test_test_set_is_opened_once_and_decides_nothing(
    folders: dict[str, Path], make_dataset: Callable[..., Path], tmp_path: Path
):
    """With every test label wrong the accuracies fall, and nothing chosen moves."""
    images, labels = stripes(200, seed=1)
    wrong = {"cifar10.test": make_dataset(images, name="wrong", **{"class": (labels + 1) % 4})}
    found = []
    for given in (folders, folders | wrong):
        inputs = Watched(given)
        found.append({m.name: m.value for m in measure(inputs, OPTIONS, 3, tmp_path)})
        assert inputs.opened == ["cifar10.data", "cifar10.test"]
    right, shifted = found
    chosen = [name for name in right if name.startswith(("chosen_C", "validation_accuracy"))]
    assert len(chosen) == 12
    assert {name: right[name] for name in chosen} == {name: shifted[name] for name in chosen}
    assert shifted["accuracy_dcgan"] < 25 < right["accuracy_dcgan"]


def test_labels_without_meaning_give_chance(
    folders: dict[str, Path], make_dataset: Callable[..., Path], tmp_path: Path
):
    images, _ = stripes(240, seed=0)
    labels = np.random.default_rng(9).permutation(np.arange(240, dtype=np.int32) % 4)
    given = folders | {"cifar10.data": make_dataset(images, name="noise", **{"class": labels})}
    found = {m.name: m for m in measure(Inputs(given), OPTIONS, 3, tmp_path)}
    assert 12 < found["accuracy_dcgan"].value < 38  # 25 % ± 4 standard errors of 200 images


def test_standardised_features_also_run(folders: dict[str, Path], tmp_path: Path):
    options = OPTIONS.model_copy(update={"standardise": True, "statistics_images": 64})
    found = {m.name: m for m in measure(Inputs(folders), options, 3, tmp_path)}
    assert found["accuracy_dcgan"].value > 70


def test_figure_writes_what_the_card_promises(measured: Path, tmp_path: Path, repository: Path):
    (tmp_path / "figure").mkdir()
    figure(measured, tmp_path / "figure", Style(banner="TINY - not a result"))
    card = read_card(repository / "experiments/cifar10_svm/experiment.yaml")
    assert {path.name for path in (tmp_path / "figure").iterdir()} == set(card.captions)
    with (tmp_path / "figure" / "table1_cifar10.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["source"] for row in rows[:5]] == ["cited: paper T1"] * 5
    assert rows[4]["accuracy, all labels (%)"] == "82.8"
    assert rows[4]["accuracy, few labels (%)"] == "73.8 ± 0.4"
    ours = json.loads((measured / "measurements.json").read_text())
    assert rows[-1]["accuracy, all labels (%)"].startswith(f"{ours['accuracy_dcgan']['value']:.1f}")
    assert all(row["source"].startswith("this run") for row in rows[len(CITED) :])
    assert [row["labels a class, few"] for row in rows] == ["400"] * 5 + ["12"] * 3


def result(name: str, correct: str, few: list[str]) -> Result:
    def marks(text: str) -> np.ndarray:
        return np.array([mark == "+" for mark in text])

    choice = Choice(C=1e-3, accuracy=0.5, tried={1e-3: 0.5, 1e-2: 0.4})
    return Result(
        name, marks(correct), np.stack([marks(f) for f in few]), choice, choice, 8, 4, held_out=10
    )


def test_numbers_by_hand():
    results = [
        result("dcgan", "+++-", ["++--", "+++-"]),
        result("random", "++--", ["+---", "+---"]),
        result("random", "----", ["+---", "++--"]),
        result("pixels", "+---", ["----", "+---"]),
    ]
    found = {m.name: m for m in measurements(results, per_class=5, seed=0)}
    assert found["accuracy_dcgan"].value == 75
    assert found["accuracy_random"].value == 25
    assert found["sd_over_networks_random"].value == pytest.approx(np.std([50, 0], ddof=1))
    assert found["dcgan_minus_random"].value == 50
    assert found["dcgan_minus_pixels"].value == 50
    assert found["dcgan_minus_pixels_per_class"].value == 50
    few = found["accuracy_dcgan_per_class"]
    assert (few.value, few.n) == (62.5, 2)
    assert few.high - few.value == pytest.approx(np.std([50, 75], ddof=1))
    assert "edge" in found["chosen_C_dcgan"].protocol


def test_pairing_narrows_the_interval():
    """Rows that err on the same images: the paired interval is narrow, Wilson's are wide."""
    right = np.random.default_rng(0).random(1000) < 0.5
    better = right.copy()
    better[np.flatnonzero(~right)[:30]] = True
    choice = Choice(C=1.0, accuracy=0.5, tried={1.0: 0.5})
    results = [
        Result(name, correct, correct[None], choice, choice, 8, 4, 10)
        for name, correct in (("dcgan", better), ("random", right), ("pixels", right))
    ]
    found = {m.name: m for m in measurements(results, per_class=5, seed=0)}
    assert found["accuracy_dcgan"].low < found["accuracy_pixels"].high
    difference = found["dcgan_minus_pixels"]
    assert difference.value == pytest.approx(3.0)
    assert 1.5 < difference.low < difference.value < difference.high < 4.5


def test_refuses_unknown_test_classes(
    folders: dict[str, Path], make_dataset: Callable[..., Path], tmp_path: Path
):
    images, labels = stripes(8, seed=1)
    given = folders | {"cifar10.test": make_dataset(images, name="w", **{"class": labels + 2})}
    with pytest.raises(SpecError, match=r"\[4, 5\] do not occur"):
        measure(Inputs(given), OPTIONS, 3, tmp_path)
