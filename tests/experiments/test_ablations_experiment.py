"""Ablations: a planted difference between two recipes is found, none between equal ones."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from recorded_again import record_again
from scipy import stats
from untrained_model import write_model

from experiments.ablations import charts
from experiments.ablations.changes import Change, changes_among
from experiments.ablations.figure import figure
from experiments.ablations.judging import WindowRooms
from experiments.ablations.measure import measure
from experiments.ablations.options import Options
from experiments.ablations.results import (
    LEAST,
    ComparedChange,
    log_multiple,
    quantity_numbers,
    resolution_numbers,
)
from experiments.contract import Inputs, run_measure
from repro.claims.card import read_card
from repro.claims.intervals import student
from repro.claims.measurement import read_measurements
from repro.figures.style import Style
from repro.networks.build import build_discriminator
from repro.networks.discriminator_inputs import freeze_on
from repro.networks.model_folder import ModelFolder, draw
from repro.specs.network import NetworkSpec
from repro.specs.validation import SpecError

OPTIONS = Options(samples=150, real=150, shown=4, rooms=60)
SEEDS = (1, 2, 3)


def write_training(folder: Path, *, weights: int, seed: int, trouble: bool = False, **training):
    """An untrained model that says it was trained from `seed` with these settings."""
    write_model(folder, seed=weights)
    description = json.loads((folder / "spec.json").read_text())
    description |= {"seed": seed, "steps_d": 10}
    description["spec"]["training"] |= training
    (folder / "spec.json").write_text(json.dumps(description))
    found = [{"trouble": "collapse", "step": 3}] if trouble else []
    (folder / "health.json").write_text(json.dumps({"findings": found}))
    record_again(folder)
    return folder


@pytest.fixture
def folders(tmp_path: Path, make_dataset) -> dict[str, Path]:
    """The recipe drew the real images; l2 = 0 is as good, beta1 = 0.9 draws other ones."""
    kinds = [{}, {"l2": 0.0}, {"beta1": 0.9}]
    models = [
        write_training(
            tmp_path / f"model{kind}-{seed}",
            weights=50 if "beta1" in own else 1,
            seed=seed,
            trouble="beta1" in own and seed > 1,
            **own,
        )
        for kind, own in enumerate(kinds)
        for seed in SEEDS
    ]
    true = ModelFolder.open(models[0])
    real = [draw(true.generator(), true.latents(200, seed=s, purpose="real")) for s in (8, 9)]
    named = {f"ablated.ablations.{i}": path for i, path in enumerate(models, start=1)}
    return {
        **named,
        "ablated.data": make_dataset(real[0], name="data"),
        "ablated.validation": make_dataset(real[1], name="validation"),
    }


@pytest.mark.slow
def test_a_worse_recipe_is_found_and_an_equal_one_is_not(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    found = {m.name: m for m in measure(Inputs(folders), OPTIONS, 7, tmp_path)}
    worse, equal = (found[f"times_distance_{name}"] for name in ("beta1_0.9", "l2_0"))
    assert worse.low is not None
    assert worse.low > 1
    assert (worse.setting, worse.changed_to) == ("training.beta1", "0.9")
    assert worse.corrected_over == 2
    assert "Holm over 2 effects" in worse.spread
    assert equal.value == pytest.approx(1, abs=1e-12)  # the same weights, the same z
    far = found["distance_beta1_0.9"].value
    assert abs(found["distance_base"].value) < 0.05 * far
    assert abs(found["distance_real"].value) < 0.05 * far
    near = max(found["distance_base"].value, LEAST)
    assert worse.value == pytest.approx(far / near)
    assert 0.9 < found["diversity_base"].value < 1.1
    assert "times_distance_base" not in found
    assert found["troubled_beta1_0.9"].value == pytest.approx(2 / 3)
    assert "collapse in 2" in found["troubled_beta1_0.9"].protocol
    assert found["troubled_base"].value == 0
    assert "change_in_restlessness_l2_0" not in found  # no generators were kept


def test_a_seventyfold_distance_in_three_of_three_is_found_on_the_logarithmic_axis() -> None:
    base = np.array([0.16, 0.22, 0.32])
    made = {
        m.name: m for m in quantity_numbers(of_distances(base, base * [40, 70, 110]), "distance")
    }
    found = made["times_distance_l2_0"]
    assert found.value == pytest.approx((40 * 70 * 110) ** (1 / 3))
    assert found.low > 1
    plain = base * [40, 70, 110] - base
    assert student(plain)[0] < 0  # what the difference itself cannot tell
    noise = {m.name: m for m in quantity_numbers(of_distances(base, base[::-1]), "distance")}
    assert noise["times_distance_l2_0"].low < 1 < noise["times_distance_l2_0"].high


def test_distances_of_noise_count_as_the_least() -> None:
    assert log_multiple(np.array([-0.003]), np.array([0.002])).tolist() == [0]
    assert log_multiple(np.array([1.0]), np.array([-0.5])).tolist() == [2]


def test_the_chart_marks_geometric_means_of_distances_and_leaves_noise_at_the_least() -> None:
    assert charts.LEAST == LEAST
    assert charts.geometric_mean(np.array([1.0, 10.0, 100.0])) == pytest.approx(10)
    assert charts.geometric_mean(np.array([-0.3, 1.0])) == pytest.approx(LEAST**0.5)
    values = np.array([[0.2, 0.8], [1.0, 100.0]])
    arrays = {
        "names": np.array(["base", "l2_0"]),
        "words": np.array(["the recipe", "training.l2: 1e-05 → 0, training.epochs: 8 → 4"]),
        "distance": values, "diversity": values, "real_distance": np.array(0.0),
    }  # fmt: skip
    panels = charts.trainings_chart(arrays).axes
    bars = [
        [float(line.get_xdata()[0]) for line in one.get_lines() if line.get_marker() == "|"]
        for one in panels
    ]
    assert bars == [[pytest.approx(0.4), pytest.approx(10)], [0.5, 50.5]]
    assert panels[0].get_xlim()[0] < 0  # room for the line at 0
    first, second = panels[0].get_yticks()
    assert second - first > 1  # the second row has two lines


def test_what_matters_more_at_the_larger_size_is_told_from_what_matters_alike() -> None:
    small = of_distances(np.array([0.1, 0.2, 0.15]), np.array([0.2, 0.4, 0.3]))
    alike = of_distances(np.array([0.3, 0.5, 0.4]), np.array([0.61, 0.99, 0.8]))
    more = of_distances(np.array([0.3, 0.5, 0.4]), np.array([1.7, 3.1, 2.4]))
    (found,) = resolution_numbers(more, small, (32, 16))
    assert found.value == pytest.approx(3, rel=0.05)
    assert found.low > 1
    (found,) = resolution_numbers(alike, small, (32, 16))
    assert found.low < 1 < found.high


def test_intervals_of_distances_contain_the_error_over_untrained_networks() -> None:
    """Against the formula: the two standard errors add in quadrature."""
    source = np.random.default_rng(2)
    base, changed = source.uniform(0.3, 0.5, (2, 5))
    recipe, other = of_distances(base, changed)
    without = [np.repeat(values[:, None], 5, axis=1) for values in (base, changed)]
    alike = [replace(one, without=w) for one, w in zip((recipe, other), without, strict=True)]
    without[1] = without[1] * 10 ** source.normal(0, 0.05, 5)  # a factor for each network
    unlike = [replace(one, without=w) for one, w in zip((recipe, other), without, strict=True)]
    plain, same, wider = (
        {m.name: m for m in quantity_numbers(pair, "distance")}["times_distance_l2_0"]
        for pair in ([recipe, other], alike, unlike)
    )
    assert (same.value, same.low, same.high) == pytest.approx((plain.value, plain.low, plain.high))
    effect = np.log10(changed / base)
    means = np.log10(without[1] / without[0]).mean(axis=0)
    error = np.hypot(stats.sem(effect), np.sqrt(0.8 * np.square(means - means.mean()).sum()))
    ends = effect.mean() + np.array([-1, 1]) * stats.t.ppf(0.975, 4) * error
    assert (wider.low, wider.high) == pytest.approx(tuple(10**ends))
    assert wider.value == pytest.approx(plain.value)
    assert "untrained networks" in wider.spread


def of_distances(base: np.ndarray, changed: np.ndarray) -> list[ComparedChange]:
    """A recipe and l2 = 0 with these distances of their trainings."""
    shown = np.zeros((1, 4, 4, 3), np.uint8)
    changes = [Change([], []), Change([], [("training.l2", 1e-5, 0.0)])]
    return [
        ComparedChange(change, {"distance": values}, shown)
        for change, values in zip(changes, (base, changed), strict=True)
    ]


def test_features_that_know_windows_are_told_from_those_that_do_not() -> None:
    """Rooms in which a window is all there is; with labels that have nothing to do with it."""
    source = np.random.default_rng(0)
    has = np.arange(80) % 3 == 0
    pictures = source.integers(90, 110, (80, 16, 16, 3)).astype(np.uint8)
    pictures[has, 2:9, 4:12] = 250
    order = source.permutation(80)
    rooms = WindowRooms(pictures[order], has[order])
    D = build_discriminator(NetworkSpec(image_size=16, ndf=4), seed=0).requires_grad_(False)
    assert rooms.accuracy(freeze_on(D, pictures)) > 90
    shuffled = WindowRooms(pictures[order], has[source.permutation(80)])
    assert 25 < shuffled.accuracy(freeze_on(D, pictures)) < 75


@pytest.mark.slow
def test_drawn_rooms_with_and_without_a_window() -> None:
    rooms = WindowRooms.drawn(40, size=16, seed=1)
    assert rooms.pictures.shape == (40, 16, 16, 3)
    assert 0.2 < rooms.has_window.mean() < 1


@pytest.mark.slow
def test_files_are_those_of_the_card_and_the_same_twice(
    folders: dict[str, Path], tmp_path: Path, repository: Path
) -> None:
    for name in ("once", "again"):
        run_measure(measure, OPTIONS, folders=folders, seed=7, out=tmp_path / name)
    records = [
        json.loads((tmp_path / n / "provenance.json").read_text()) for n in ("once", "again")
    ]
    assert records[0]["outputs"] == records[1]["outputs"]
    card = read_card(repository / "experiments/ablations/experiment.yaml")
    assert "times_distance_beta1_0.9" in {c.measurement for c in card.claims}
    (tmp_path / "figures").mkdir()
    figure(tmp_path / "once", tmp_path / "figures", Style())
    assert {p.name for p in (tmp_path / "figures").iterdir()} == set(card.captions)
    table = pd.read_csv(tmp_path / "figures/ablations.csv").set_index("change")
    assert list(table.index) == [
        "the recipe",
        "training.l2: 1e-05 → 0",
        "training.beta1: 0.5 → 0.9",
    ]
    by_name = read_measurements(tmp_path / "once")
    for words, name in zip(table.index, ["base", "l2_0", "beta1_0.9"], strict=True):
        assert table.loc[words, "distance"] == pytest.approx(
            by_name[f"distance_{name}"].value, rel=1e-5
        )
    assert table.loc["training.beta1: 0.5 → 0.9", "low"] > 1
    assert list(table["collapsed"]) == [0, 0, 2]
    assert list(table["trainings"]) == [3, 3, 3]
    assert np.isnan(table.loc["the recipe", "times_the_recipes"])
    assert table["sd"].max() == pytest.approx(0, abs=1e-12)  # one set of weights for all seeds


def test_a_training_of_another_seed_cannot_be_paired(tmp_path: Path) -> None:
    models = [
        write_training(tmp_path / f"{seed}-{l2}", weights=1, seed=seed, l2=l2)
        for seed, l2 in [(1, 0.1), (2, 0.1), (1, 0.2), (3, 0.2)]
    ]
    with pytest.raises(SpecError, match=r"seeds \[1, 3\], but the recipe .* has \[1, 2\]"):
        changes_among([ModelFolder.open(model) for model in models])
