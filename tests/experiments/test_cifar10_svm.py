"""Table 1 on planted stripes, whose class filters reveal but no single pixel does.

Longer than 300 lines: every row of the table is tried on the same stripes.
"""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted_stripes import QUICK, stripes
from untrained_model import write_model

from experiments.cifar10_svm import measure as measuring
from experiments.cifar10_svm.figure import figure
from experiments.cifar10_svm.fitting import FittedMachines
from experiments.cifar10_svm.measure import measure
from experiments.cifar10_svm.options import ALL, Options
from experiments.cifar10_svm.progress import Progress
from experiments.cifar10_svm.results import Result, curves, measurements
from experiments.cifar10_svm.rows import Table1Row, pixel_row, with_both_scalings
from experiments.cifar10_svm.tables import CITED
from experiments.contract import Inputs, run_measure
from repro.claims.card import read_card
from repro.claims.measurement import read_measurements
from repro.classification.choose_c import Choice
from repro.classification.shared_features import shared_features
from repro.figures.style import Style
from repro.specs.validation import SpecError

OPTIONS = Options(
    **QUICK, draws=3, selection_draws=2, label_counts=(4,), curve_draws=2, extensions=1
)


@pytest.fixture
def folders(tmp_path: Path, make_dataset: Callable[..., Path]) -> dict[str, Path]:
    images, labels = stripes(240, seed=0)
    tests, answers = stripes(200, seed=1)
    return {
        "objects.model": write_model(tmp_path / "model", kept=(10,)),
        "cifar10.model": write_model(tmp_path / "own", seed=5),
        "cifar10.data": make_dataset(images, name="data", **{"class": labels}),
        "cifar10.test": make_dataset(tests, name="test", **{"class": answers}),
    }


@pytest.fixture
def measured(folders: dict[str, Path], tmp_path: Path) -> Path:
    run_measure(measure, OPTIONS, folders=folders, seed=3, out=tmp_path / "measured")
    return tmp_path / "measured"


@pytest.mark.slow
def test_filters_beat_pixels_and_every_claim_has_its_number(measured: Path, repository: Path):
    found = read_measurements(measured)
    assert found["accuracy_dcgan"].value > 70
    assert found["accuracy_pixels"].value < 60
    assert found["dcgan_minus_pixels"].low > 0
    assert found["accuracy_kmeans"].value > 60
    assert found["accuracy_dcgan_per_class"].n == 3
    assert found["accuracy_dcgan"].n == 200
    card = read_card(repository / "experiments/cifar10_svm/experiment.yaml")
    rules = {name for claim in card.claims for name in (claim.measurement, claim.control) if name}
    of_released = {"dcgan_cut_minus_released", "random_cut_minus_released"}
    assert rules - set(found) == of_released  # test_cifar10_released.py


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert len(chosen) == 20
    assert {name: right[name] for name in chosen} == {name: shifted[name] for name in chosen}
    assert shifted["accuracy_dcgan"] < 25 < right["accuracy_dcgan"]


@pytest.mark.slow
def test_labels_without_meaning_give_chance(
    folders: dict[str, Path], make_dataset: Callable[..., Path], tmp_path: Path
):
    images, _ = stripes(240, seed=0)
    labels = np.random.default_rng(9).permutation(np.arange(240, dtype=np.int32) % 4)
    given = folders | {"cifar10.data": make_dataset(images, name="noise", **{"class": labels})}
    found = {m.name: m for m in measure(Inputs(given), OPTIONS, 3, tmp_path)}
    assert 12 < found["accuracy_dcgan"].value < 38  # 25 % ± 4 standard errors of 200 images


@pytest.mark.slow
def test_both_scalings_of_both_features_and_two_sizes_of_k_means(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scales: dict[str, tuple[float, float]] = {}
    fit_row = measuring.fit_row

    def noted(row: Table1Row, **named: Any) -> FittedMachines:
        made = fit_row(row, **named)
        stored = named["features"].path  # as they were fitted; pixels are not stored
        if stored.exists():
            X = np.load(stored)
            moving = X[:, X.std(axis=0) > 1e-3]
            scales[row.name] = np.abs(moving.mean(axis=0)).max(), moving.std(axis=0).max()
        return made

    monkeypatch.setattr(measuring, "fit_row", noted)
    options = OPTIONS.model_copy(
        update={"scaled_both_ways": True, "fewer_centroids": 6, "statistics_images": 64}
    )
    found = {m.name: m for m in measure(Inputs(folders), options, 3, tmp_path)}
    for scaled in ("dcgan_scaled", "kmeans", "kmeans_fewer"):
        mean, deviation = scales[scaled]
        assert mean < 1e-3
        assert deviation == pytest.approx(1, abs=1e-3)
    for plain in ("dcgan", "kmeans_unscaled"):
        assert scales[plain][0] > 0.01
    for row in scales:
        assert found[f"accuracy_{row}"].n == 200
    for row in ("dcgan_scaled", "kmeans_fewer", "kmeans_unscaled"):
        difference = found["accuracy_dcgan"].value - found[f"accuracy_{row}"].value
        assert found[f"dcgan_minus_{row}"].value == pytest.approx(difference)
    assert "dcgan_scaled_minus_kmeans" in found
    units = {name: one for name, one in np.load(tmp_path / "arrays.npz").items() if "units" in name}
    assert (units["kmeans_units"], units["kmeans_fewer_units"]) == (12, 6)


@pytest.mark.slow
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
    assert rows[-1]["accuracy, all labels (%)"].startswith(f"{ours['accuracy_dcgan']['value']:.2f}")
    assert all(row["source"].startswith("this run") for row in rows[len(CITED) :])
    assert [row["labels per class, few"] for row in rows] == ["400"] * 5 + ["12"] * 5
    with (tmp_path / "figure" / "table1_cifar10_labels.csv").open() as stream:
        by_labels = list(csv.DictReader(stream))
    assert [row["labels per class"] for row in by_labels] == ["4", "12", "all"] * 5
    assert [row["draws"] for row in by_labels[:3]] == ["2", "3", "1"]


NONE_KEPT = Progress(np.zeros(0, int), np.zeros(0), np.zeros((0, 0), bool))


def result(name: str, correct: np.ndarray, few: list[np.ndarray]) -> Result:
    choice = Choice(C=1e-3, accuracy=0.5, tried={1e-3: 0.5, 1e-2: 0.4})
    return Result(
        name=name,
        correct=np.stack([correct, *few]),
        counts=np.array([ALL] + [5] * len(few)),
        choices={ALL: choice, 5: choice},
        features=8,
        units=4,
        held_out=10,
    )


def marks(text: str) -> np.ndarray:
    return np.array([mark == "+" for mark in text])


def test_numbers_by_hand():
    results = [
        result("dcgan", marks("+++-"), [marks("++--"), marks("+++-")]),
        result("random", marks("++--"), [marks("+---"), marks("+---")]),
        result("random", marks("----"), [marks("+---"), marks("++--")]),
        result("pixels", marks("+---"), [marks("----"), marks("+---")]),
    ]
    halves = [marks("+" * right + "-" * (10 - right)) for right in (2, 4, 7)]
    progress = Progress(np.array([0, 9, 20]), np.array([0, 0.9, 2]), np.stack(halves))
    found = {m.name: m for m in measurements(results, progress, per_class=5, seed=0)}
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
    assert found["gain_of_last_half"].value == pytest.approx(30)
    assert "0.9 and 2 passes" in found["gain_of_last_half"].protocol
    curve = curves(results)["random_curve"]  # all labels, then 5: mean, sd within a network
    np.testing.assert_allclose(curve[0], [ALL, 25, np.nan, 1])
    sd = np.sqrt((0 + np.var([25, 50], ddof=1)) / 2)
    np.testing.assert_allclose(curve[1], [5, np.mean([25, 25, 25, 50]), sd, 2])


def test_what_rests_on_a_C_at_the_edge_of_its_grid_says_so():  # noqa: N802  (C is the SVM's)
    inside = Choice(C=1e-3, accuracy=0.5, tried={1e-4: 0.4, 1e-3: 0.5, 1e-2: 0.4})
    results = [
        result(name, marks("++--"), [marks("+---"), marks("++--")])
        for name in ("dcgan", "random", "pixels")
    ]  # the best of two values is at an edge
    for name, counts in (("dcgan", (ALL, 5)), ("random", (5,))):
        choices = next(one.choices for one in results if one.name == name)
        choices.update(dict.fromkeys(counts, inside))
    found = measurements(results, NONE_KEPT, per_class=5, seed=0)
    at_edge = {one.name: one.at_edge for one in found if one.at_edge}
    random, pixels = "C of pooled features of D with random weights", "C of raw pixels in [-1, 1]"
    assert at_edge == {
        "accuracy_random": random,
        "accuracy_pixels": pixels,
        "accuracy_pixels_per_class": pixels,
        "dcgan_minus_random": random,
        "dcgan_minus_pixels": pixels,
        "dcgan_minus_pixels_per_class": pixels,
        "random_minus_pixels": f"{random}, {pixels}",
        "random_minus_pixels_per_class": pixels,
    }


@pytest.mark.slow
def test_networks_with_random_weights_are_resampled_too():
    """D labels 60 % correctly, two random networks 50 and 30: their difference is 10 or 30."""
    rank = np.random.default_rng(0).permutation(4000)
    rows = [("dcgan", 0.6), ("random", 0.5), ("random", 0.3), ("pixels", 0.4)]
    results = [result(name, rank < share * 4000, [rank < share * 4000]) for name, share in rows]
    found = {m.name: m for m in measurements(results, NONE_KEPT, per_class=5, seed=0)}
    difference, alone = found["dcgan_minus_random"], found["dcgan_minus_pixels"]
    assert difference.value == pytest.approx(20)
    assert difference.low == pytest.approx(10, abs=2)
    assert difference.high == pytest.approx(30, abs=2)
    assert "networks with random weights" in difference.spread
    assert alone.high - alone.low < 4
    assert "networks" not in alone.spread


def test_pairing_narrows_the_interval():
    """Rows that err on the same images: the paired interval is narrow, Wilson's are wide."""
    right = np.random.default_rng(0).random(1000) < 0.5
    better = right.copy()
    better[np.flatnonzero(~right)[:30]] = True
    results = [
        result(name, correct, [correct])
        for name, correct in (("dcgan", better), ("random", right), ("pixels", right))
    ]
    found = {m.name: m for m in measurements(results, NONE_KEPT, per_class=5, seed=0)}
    assert "gain_of_last_half" not in found
    assert found["accuracy_dcgan"].low < found["accuracy_pixels"].high
    difference = found["dcgan_minus_pixels"]
    assert difference.value == pytest.approx(3.0)
    assert 1.5 < difference.low < difference.value < difference.high < 4.5


def test_machines_count_right_as_argmax_does_and_survive_the_disk():
    source = np.random.default_rng(0)
    X, y = source.normal(size=(2500, 6)).astype(np.float32), source.integers(0, 3, 2500) * 10
    coef, intercept = source.normal(size=(2, 3, 6)).astype(np.float32), source.normal(size=(2, 3))
    tried = {ALL: np.array([(1e-3, 0.5), (1e-2, 0.7), (1e-1, 0.7)])}
    fitted = FittedMachines(np.array([0, 10, 20]), coef, intercept, np.array([ALL, 5]), tried)
    again = FittedMachines.from_arrays(fitted.arrays())
    assert again.choice(ALL).C == 1e-2
    right = again.correct(X, y)
    for machine in range(2):
        labels = (X @ coef[machine].T + intercept[machine]).argmax(1) * 10
        np.testing.assert_array_equal(right[machine], labels == y)


@pytest.mark.slow
def test_goes_on_behind_the_rows_that_are_finished(
    folders: dict[str, Path], measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Interrupted in its fourth row and started again, it ends in the same bytes."""
    fit_row, calls = measuring.fit_row, []

    def breaks(row, **settings):
        calls.append(row.name)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return fit_row(row, **settings)

    monkeypatch.setattr(measuring, "fit_row", breaks)
    arguments = {"folders": folders, "seed": 3, "out": tmp_path / "x", "state": tmp_path / "state"}
    with pytest.raises(KeyboardInterrupt):
        run_measure(measure, OPTIONS, **arguments)
    run_measure(measure, OPTIONS, **arguments)
    assert calls == ["dcgan", "own", "random", "random", "random", "kmeans", "pixels"]
    for name in ("arrays.npz", "measurements.json"):
        assert (measured / name).read_bytes() == (tmp_path / "x" / name).read_bytes()
    assert not (tmp_path / "state").exists()


@pytest.mark.slow
def test_without_further_networks_the_rows_that_are_left_are_measured(
    folders: dict[str, Path], tmp_path: Path, repository: Path
):
    """No D from during training, none of the target images, no K-means: the figures show less."""
    given = {name: folder for name, folder in folders.items() if name != "cifar10.model"}
    given["objects.model"] = write_model(tmp_path / "only the end")
    options = OPTIONS.model_copy(update={"centroids": 0, "random_seeds": 1})
    run_measure(measure, options, folders=given, seed=3, out=tmp_path / "less")
    found = read_measurements(tmp_path / "less")
    assert {"accuracy_own", "accuracy_kmeans", "gain_of_last_half"}.isdisjoint(found)
    (tmp_path / "drawn").mkdir()
    figure(tmp_path / "less", tmp_path / "drawn", Style())
    card = read_card(repository / "experiments/cifar10_svm/experiment.yaml")
    assert {path.name for path in (tmp_path / "drawn").iterdir()} == set(card.captions)


@pytest.mark.slow
def test_refuses_unknown_test_classes(
    folders: dict[str, Path], make_dataset: Callable[..., Path], tmp_path: Path
):
    images, labels = stripes(8, seed=1)
    given = folders | {"cifar10.test": make_dataset(images, name="w", **{"class": labels + 2})}
    with pytest.raises(SpecError, match=r"\[4, 5\] do not occur"):
        measure(Inputs(given), OPTIONS, 3, tmp_path)


class Counted:
    """Features (N, 6) in a file, as of a network, and how often they were extracted."""

    def __init__(self, seed: int) -> None:
        self.values = np.random.default_rng(seed).normal(3, 2, (9, 6)).astype(np.float32)
        self.times = 0

    def __call__(self, images: np.ndarray, path: Path) -> np.ndarray:
        self.times += 1
        made = np.lib.format.open_memmap(path, "w+", np.float32, self.values.shape)
        made[:] = self.values
        return made


def test_rows_share_the_features_of_their_source(tmp_path: Path) -> None:
    """Each row sees its own part, scaled or not, whatever the row before did with it."""
    network, kmeans = Counted(0), Counted(1)
    table = [
        Table1Row("dcgan", 1, network, 4),
        Table1Row("dcgan_cut", 1, network, 4, first=2),
        Table1Row("kmeans", 1, kmeans, 4, scaled=True),
        pixel_row(np.zeros((9, 2, 2, 3), np.uint8)),
    ]
    rows = [*with_both_scalings(table)]
    assert [row.name for row in rows] == [
        "dcgan", "dcgan_cut", "dcgan_scaled", "kmeans_unscaled", "kmeans", "pixels",
    ]  # fmt: skip
    for again in (False, True):  # also where a kill came between the rows of a source
        with shared_features(np.zeros((9, 2, 2, 3), np.uint8), tmp_path) as shared:
            for row in reversed(rows) if again else rows:
                if not isinstance(row.extract, Counted):
                    assert (shared.of(row.extract) == -1).all()
                    continue
                values = row.extract.values[:, : row.first]
                if row.scaled:
                    X, (mean, deviation) = shared.scaled(row.extract, first=row.first)
                    np.testing.assert_allclose(mean, values.mean(axis=0), rtol=1e-5)
                    values = (values - mean) / deviation
                else:
                    X = shared.of(row.extract, first=row.first)
                np.testing.assert_allclose(X, values, atol=1e-5)
            if not again:
                assert (network.times, kmeans.times) == (1, 1)
        assert not [*tmp_path.iterdir()]
