"""Ablations: a planted difference between two recipes is found, none between equal ones."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from recorded_again import record_again
from untrained_model import write_model

from experiments.ablations.changes import changes_among
from experiments.ablations.figure import figure
from experiments.ablations.measure import measure
from experiments.ablations.options import Options
from experiments.contract import Inputs, run_measure
from repro.claims.card import read_card
from repro.claims.measurement import read_measurements
from repro.figures.drawing import Style
from repro.networks.model_folder import ModelFolder, draw
from repro.specs.validation import SpecError

OPTIONS = Options(samples=150, real=150, shown=4)
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


def test_a_worse_recipe_is_found_and_an_equal_one_is_not(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    found = {m.name: m for m in measure(Inputs(folders), OPTIONS, 7, tmp_path)}
    worse, equal = (found[f"change_in_distance_{name}"] for name in ("beta1_0.9", "l2_0"))
    assert worse.value is not None
    assert worse.low is not None
    assert worse.low > 0
    assert (worse.setting, worse.changed_to) == ("training.beta1", "0.9")
    assert equal.value == pytest.approx(0, abs=1e-12)  # the same weights, the same z
    assert abs(found["distance_base"].value) < 0.05 * worse.value
    assert abs(found["distance_real"].value) < 0.05 * worse.value
    assert worse.value == pytest.approx(
        found["distance_beta1_0.9"].value - found["distance_base"].value
    )
    assert 0.9 < found["diversity_base"].value < 1.1
    assert "change_in_distance_base" not in found


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
    assert {c.measurement for c in card.claims} <= read_measurements(tmp_path / "once").keys()
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
    assert table.loc["training.beta1: 0.5 → 0.9", "low"] > 0
    assert list(table["trouble"]) == [0, 0, 2]
    assert list(table["trainings"]) == [3, 3, 3]
    assert np.isnan(table.loc["the recipe", "change_in_distance"])
    assert table["sd"].max() == pytest.approx(0, abs=1e-12)  # one set of weights for all seeds


def test_a_training_of_another_seed_cannot_be_paired(tmp_path: Path) -> None:
    models = [
        write_training(tmp_path / f"{seed}-{l2}", weights=1, seed=seed, l2=l2)
        for seed, l2 in [(1, 0.1), (2, 0.1), (1, 0.2), (3, 0.2)]
    ]
    with pytest.raises(SpecError, match=r"seeds \[1, 3\], but the recipe .* has \[1, 2\]"):
        changes_among([ModelFolder.open(model) for model in models])
