"""Ablations of a run file: names, seeds, what each changes, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from repro.runs.load import load_run
from repro.runs.run import Run
from repro.specs.differences import changes_of
from repro.specs.validation import SpecError

RECIPE: dict[str, Any] = {"data": "bedrooms", "network": {"ngf": 8}, "training": {"batch": 16}}


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def loader(*changes: dict[str, Any], **more: Any) -> Run:
        content = {
            "title": "A run",
            "seed": 5,
            "worlds": {"rooms": {"generator": "rooms", "options": {"count": 40}}},
            "datasets": {
                "bedrooms": {"source": "lsun", "world": "rooms", "dedup": {}},
                "validation": {"source": "lsun", "world": "rooms"},
            },
            "models": {"own": {"data": "bedrooms"}},
            "roles": {"ablated": {"data": "bedrooms", "validation": "validation"}},
            "ablations": {"model": RECIPE, "trainings": 2, "changes": list(changes)},
        } | more
        Path("small.yaml").write_text(yaml.safe_dump(content))
        return load_run("small.yaml")

    return loader


def test_each_change_is_a_model_for_each_seed_and_differs_in_nothing_else(load: Any) -> None:
    run = load({"network": {"kernel": 4}}, {"training": {"l2": 0, "beta1": 0.9}})
    names = ["base", "kernel_4", "beta1_0.9-l2_0"]
    assert list(run.ablations) == [f"ablation-{n}{s}" for n in names for s in ("", "-2")]
    assert [m.seed for m in run.ablations.values()] == [5, 6] * 3
    base = run.model("ablation-base")
    assert (base.network.ngf, base.training.batch) == (8, 16)  # the recipe's
    assert base.training.schedule == "alternating"  # the preset's
    found = {n: changes_of(base, run.model(f"ablation-{n}")) for n in names}
    assert found == {
        "base": [],
        "kernel_4": [("network.kernel", 5, 4)],
        "beta1_0.9-l2_0": [("training.beta1", 0.5, 0.9), ("training.l2", 1e-5, 0.0)],
    }


def test_further_recipes_have_names_and_datasets_of_their_own(load: Any) -> None:
    small = {"model": {"data": "validation"}, "trainings": 2, "changes": [{"training": {"l2": 0}}]}
    run = load({"training": {"l2": 0}}, more_ablations={"small": small})
    assert list(run.ablations)[4:] == [f"ablation-small-{n}{s}" for n in ("base", "l2_0")
                                       for s in ("", "-2")]  # fmt: skip
    assert list(run.slot_folders("ablated", "ablations")) == [
        f"ablated.ablations.{i}" for i in (1, 2, 3, 4)
    ]


def test_an_error_in_a_further_recipe_names_its_place(load: Any) -> None:
    twice = {"model": RECIPE, "changes": [{"training": {"batch": 16}}]}
    with pytest.raises(SpecError, match=r"'more_ablations.other.changes.0.'.*already in"):
        load({"training": {"l2": 0}}, more_ablations={"other": twice})


def test_they_are_no_models_of_the_run_but_inputs_of_the_experiment_that_asks(load: Any) -> None:
    run = load({"deduplicated": True})
    assert list(run.spec.models) == ["own"]
    experiment = next(e for e in run.experiments if e.name == "ablations")
    models = [p for slot, p in experiment.inputs.items() if ".ablations." in slot]
    assert models == [Path("results/small/models") / name for name in run.ablations]
    assert not experiment.unbound
    assert experiment not in run.reported(requested=[])
    assert experiment in run.reported(requested=["ablations"])


def test_a_preset_may_be_the_change(load: Any) -> None:
    run = load({"preset": "pytorch_tutorial"})
    name = "ablation-preset_pytorch_tutorial"
    changed = [key for key, _, _ in changes_of(run.model("ablation-base"), run.model(
        next(n for n in run.ablations if n.startswith(name))))]  # fmt: skip
    assert {"network.kernel", "training.schedule", "training.l2"} <= set(changed)


def test_image_size_of_the_run_holds_for_them_too(load: Any) -> None:
    run = load({"training": {"l2": 0}}, image_size=32)
    assert run.model("ablation-l2_0").network.image_size == 32


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([{"network": {"ngf": 8}}], r"'ablations.changes\[0\]'.*already in the recipe"),
        ([{"training": {"l2": 0}}, {"training": {"l2": 0.0}}], r"changes\[1\]'.*given twice"),
        ([{"network": {"kernle": 4}}], r"changes\[0\].network.kernle'; did you mean 'kern"),
        ([{"preset": "papr_64"}], r"ablations.changes\[0\].preset': no preset 'papr_64'"),
        ([{"data": "nothing"}], r"data': no such name 'nothing'"),
        ([{"network": {"image_size": 32}}], r"image_size' is 32, but 'datasets.bedrooms.*64"),
        ([], "ablations.changes"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_its_key(
    load: Any, changes: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        load(*changes)


def test_a_model_of_the_same_name_is_refused(load: Any) -> None:
    with pytest.raises(SpecError, match=r"'models.ablation-l2_0' is the name of an ablation"):
        load({"training": {"l2": 0}}, models={"ablation-l2_0": {"data": "bedrooms"}})
