"""Table 2 on planted stripes: few labels, many unlabelled images, choices made on validation."""

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from planted_stripes import stripes
from sklearn.neighbors import KNeighborsClassifier
from untrained_model import write_model

from experiments.contract import Inputs, run_measure
from experiments.svhn_svm import supervised_row
from experiments.svhn_svm.baselines import Neighbours, neighbour_votes, self_training
from experiments.svhn_svm.charts import search
from experiments.svhn_svm.data import Split
from experiments.svhn_svm.figure import figure
from experiments.svhn_svm.measure import measure
from experiments.svhn_svm.options import Options
from experiments.svhn_svm.results import OF_THE_SEARCH
from experiments.svhn_svm.tables import CITED
from repro.claims.card import read_card
from repro.claims.measurement import read_measurements
from repro.figures.style import Style
from repro.specs.validation import SpecError

OPTIONS = Options(
    per_class=12,
    draws=6,
    selection_draws=2,
    grid=(1e-4, 1e-3, 1e-2),
    random_seeds=2,
    random_draws=3,
    neighbours=(1, 3),
    unlabelled=80,
    components=10,
    other_draws=2,
    trials=3,
    trial_epochs=4,
    evaluate_every=2,
)


def test_the_defaults_are_the_authors_protocol() -> None:
    """Of their svhn_semisup_analysis.py, which does not extend its grid."""
    options = Options()
    assert options.grid == (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2)
    assert (options.per_class, options.extensions) == (100, 0)
    assert (options.selection_draws, options.draws) == (10, 100)


@pytest.fixture
def folders(tmp_path: Path, make_dataset: Callable[..., Path]) -> dict[str, Path]:
    parts = {"data": (240, 0), "validation": (80, 1), "test": (160, 2)}
    folders = {"svhn.model": write_model(tmp_path / "model")}
    for part, (count, seed) in parts.items():
        images, labels = stripes(count, seed=seed)
        folders[f"svhn.{part}"] = make_dataset(images, name=part, **{"class": labels})
    return folders


@pytest.fixture
def measured(folders: dict[str, Path], tmp_path: Path) -> Path:
    run_measure(measure, OPTIONS, folders=folders, seed=3, out=tmp_path / "measured")
    return tmp_path / "measured"


@pytest.mark.slow
def test_filters_beat_pixels_and_every_claim_has_its_number(
    measured: Path, folders: dict[str, Path], tmp_path: Path, repository: Path
) -> None:
    found = read_measurements(measured)
    assert found["error_dcgan"].value < 30 < 40 < found["error_pixels"].value
    assert found["dcgan_minus_pixels"].high < 0
    assert (found["error_dcgan"].n, found["error_random"].n, found["error_knn"].n) == (6, 3, 2)
    sd = found["error_dcgan"].high - found["error_dcgan"].value
    assert found["spread_dcgan"].value == pytest.approx(1.96 * sd)
    with np.load(measured / "arrays.npz") as arrays:
        errors = arrays["errors_random"].reshape(2, 3)  # networks, draws
    within = np.sqrt((errors[0].var(ddof=1) + errors[1].var(ddof=1)) / 2)
    assert found["spread_random"].value == pytest.approx(1.96 * within)
    between = abs(errors[0].mean() - errors[1].mean()) / 2**0.5
    assert found["sd_over_networks_random"].value == pytest.approx(between)
    card = read_card(repository / "experiments/svhn_svm/experiment.yaml")
    assert {claim.measurement for claim in card.claims} <= set(found)
    run_measure(measure, OPTIONS, folders=folders, seed=3, out=tmp_path / "again")
    names = sorted(path.name for path in measured.iterdir())
    assert names == ["arrays.npz", "measurements.json", "provenance.json"]
    for name in names[:2]:
        assert (measured / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


@pytest.mark.slow
def test_test_set_is_opened_last_and_decides_nothing(
    folders: dict[str, Path], make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    """With every test label wrong the errors rise, and nothing chosen moves."""
    images, labels = stripes(160, seed=2)
    wrong = {"svhn.test": make_dataset(images, name="wrong", **{"class": (labels + 1) % 4})}
    options = OPTIONS.model_copy(update={"random_seeds": 1, "trials": 1, "unlabelled": 0})
    found, opened = [], []

    class Watched(Inputs):
        def dataset(self, name: str):
            opened.append(name)
            return super().dataset(name)

    for given in (folders, folders | wrong):
        found.append({m.name: m.value for m in measure(Watched(given), options, 3, tmp_path)})
    assert opened == ["svhn.data", "svhn.validation", "svhn.test"] * 2
    right, shifted = found
    chosen = [name for name in right if name.startswith(("chosen_", "validation_error"))]
    assert len(chosen) == 9
    assert {name: right[name] for name in chosen} == {name: shifted[name] for name in chosen}
    assert right["error_dcgan"] < 75 < shifted["error_dcgan"]
    assert "error_self_training" not in right


def test_labels_without_meaning_give_chance(
    folders: dict[str, Path], make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    images, _ = stripes(240, seed=0)
    labels = np.random.default_rng(9).permutation(np.arange(240, dtype=np.int32) % 4)
    given = folders | {"svhn.data": make_dataset(images, name="noise", **{"class": labels})}
    options = OPTIONS.model_copy(update={"random_seeds": 1, "trials": 0, "unlabelled": 0})
    found = {m.name: m for m in measure(Inputs(given), options, 3, tmp_path)}
    assert 65 < found["error_dcgan"].value < 85  # 75 % ± 3 standard errors of 160 images
    assert "error_cnn" not in found


@pytest.mark.slow
def test_search_goes_on_with_the_trial_it_was_in(
    folders: dict[str, Path],
    measured: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train_trial, calls = supervised_row.train_trial, []

    def breaks(network, trial, *rest, **options):
        calls.append(trial.index)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return train_trial(network, trial, *rest, **options)

    monkeypatch.setattr(supervised_row, "train_trial", breaks)
    arguments = {"folders": folders, "seed": 3, "out": tmp_path / "x", "state": tmp_path / "state"}
    with pytest.raises(KeyboardInterrupt):
        run_measure(measure, OPTIONS, **arguments)
    run_measure(measure, OPTIONS, **arguments)
    assert calls == [0, 1, 1, 2]
    for name in ("arrays.npz", "measurements.json"):
        assert (measured / name).read_bytes() == (tmp_path / "x" / name).read_bytes()


@pytest.mark.slow
def test_trials_that_all_fail_give_no_number_to_compare_with(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    wild = {"learning_rate": (1e30, 1e30), "init_sd": (1e20, 1e20), "fan_in": 0.0}
    options = Options.model_validate(OPTIONS.model_dump() | {"search": wild, "trials": 2})
    run_measure(measure, options, folders=folders, seed=3, out=tmp_path / "measured")
    found = read_measurements(tmp_path / "measured")
    for name in OF_THE_SEARCH:
        assert found[name].value is None
        assert found[name].no_value_because == "the loss of all 2 trials of the network diverged"
    (tmp_path / "figure").mkdir()
    figure(tmp_path / "measured", tmp_path / "figure", Style())
    table = (tmp_path / "figure" / "table2_svhn.csv").read_text()
    assert "best of 2 trials" not in table
    with np.load(tmp_path / "measured" / "arrays.npz") as file:
        arrays = dict(file)
    of_panel = [line.get_label() for line in search(found, arrays).axes[0].get_lines()]
    assert of_panel == ["a trial", "SVM on D's features"]
    arrays["trial_passes"][1] = 3
    assert "chosen" in [line.get_label() for line in search(found, arrays).axes[0].get_lines()]


@pytest.mark.slow
@pytest.mark.parametrize("trials", [3, 0])
def test_figure_writes_what_the_card_promises(
    folders: dict[str, Path], tmp_path: Path, repository: Path, trials: int
) -> None:
    options = OPTIONS.model_copy(update={"trials": trials, "unlabelled": 80 * (trials > 0)})
    run_measure(measure, options, folders=folders, seed=3, out=tmp_path / "measured")
    (tmp_path / "figure").mkdir()
    figure(tmp_path / "measured", tmp_path / "figure", Style(banner="TINY - not a result"))
    card = read_card(repository / "experiments/svhn_svm/experiment.yaml")
    assert {path.name for path in (tmp_path / "figure").iterdir()} == set(card.captions)
    with (tmp_path / "figure" / "table2_svhn.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["source"] for row in rows[:9]] == ["cited: paper T2"] * 9
    assert rows[7]["test error (%)"] == "22.48"
    assert (rows[8]["test error (%)"], rows[8]["validation error (%)"]) == ("", "28.87")
    assert len(rows) == len(CITED) + (6 if trials else 4)
    with (tmp_path / "figure" / "table2_trials.csv").open() as stream:
        best_first = [float(row["validation error (%)"]) for row in csv.DictReader(stream)]
    assert len(best_first) == trials
    assert best_first == sorted(best_first)


def test_votes_are_scikit_learns() -> None:
    source = np.random.default_rng(0)
    X, queries = source.normal(size=(60, 5)), source.normal(size=(200, 5))
    y = source.integers(0, 4, 60) * 2
    votes = neighbour_votes(X, y, queries, (1, 4, 9))
    for number, found in zip((1, 4, 9), votes, strict=True):
        reference = KNeighborsClassifier(number, algorithm="brute").fit(X, y).predict(queries)
        np.testing.assert_array_equal(found, reference)
    assert Neighbours({1: 0.5, 3: 0.4, 5: 0.4}).chosen == 3


def blobs(count: int, seed: int) -> Split:
    """Light and dark pictures, classes 0 and 1, with a gap between them and noise on each pixel."""
    source = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    grey = np.where(labels, 160, 95)[:, None, None, None] + source.normal(0, 9, (count, 1, 1, 1))
    pixels = grey + source.normal(0, 25, (count, 4, 4, 1))
    return Split(pixels.clip(0, 255).astype(np.uint8), labels)


@pytest.mark.slow
def test_self_training_takes_its_confident_guesses_for_labels() -> None:
    training, test = blobs(800, seed=1), blobs(400, seed=2)
    draws = training.draws(3, 8, seed=0)
    trained = partial(
        self_training, training, test, draws=draws, unlabelled=600, components=2, seed=0
    )
    found = trained(confident=0.75)
    assert found.hits.shape == (8, 400)
    assert found.hits.mean() > 0.9
    assert not np.array_equal(found.hits, found.hits_without)
    alone = trained(confident=1 - 1e-12)  # no guess is that certain
    np.testing.assert_array_equal(alone.hits, alone.hits_without)
    np.testing.assert_array_equal(alone.hits, found.hits_without)


@pytest.mark.slow
def test_refuses_classes_that_have_no_training_images(
    folders: dict[str, Path], make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    images, labels = stripes(8, seed=1)
    other = make_dataset(images, name="w", **{"class": labels + 2})
    for slot in ("validation", "test"):
        with pytest.raises(SpecError, match=rf"svhn\.{slot}: classes \[4, 5\] do not occur"):
            measure(Inputs(folders | {f"svhn.{slot}": other}), OPTIONS, 3, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("grid", [(1e-4, 1e-3), (1e-6, 1e-3, 1e-2, 1e2)])
def test_what_rests_on_a_C_at_the_edge_of_its_grid_says_so(  # noqa: N802  (C is the SVM's)
    folders: dict[str, Path], tmp_path: Path, grid: tuple[float, ...]
) -> None:
    """Of two values the best is at an edge; the four hold the best between them."""
    few = {"grid": grid, "draws": 2, "random_draws": 2, "random_seeds": 1, "trials": 1}
    found = {
        m.name: m for m in measure(Inputs(folders), OPTIONS.model_copy(update=few), 3, tmp_path)
    }
    edges = {name for name in ("dcgan", "random") if found[f"error_{name}"].at_edge}
    inside = [found[f"chosen_C_{name}"].value in grid[1:-1] for name in ("dcgan", "random")]
    assert len(edges) == (2 if len(grid) == 2 else inside.count(False))
    assert not found["error_knn"].at_edge
    assert not found["self_training_minus_labels_alone"].at_edge
    for name in ("minus_knn", "minus_cnn", "minus_cnn_validation"):
        assert {row for row in ("dcgan", "random") if found[f"{row}_{name}"].at_edge} == edges
    assert bool(found["dcgan_minus_random"].at_edge) == bool(edges)
