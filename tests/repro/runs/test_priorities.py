"""In which order Snakemake trains models, measures experiments and prepares what both read."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from repro.runs.load import load_run
from repro.runs.step_inputs import StepInputs

DATA = {"source": "folder", "raw": "photos"}
RUN: dict[str, Any] = {
    "title": "Four trainings",
    "datasets": {"bedrooms": {**DATA, "dedup": {}}, "validation": DATA, "copies": DATA},
    "models": {
        "late": {"data": "bedrooms", "trainings": 2},
        "early": {"data": "bedrooms"},
        "bound_to_nothing": {"data": "bedrooms"},
    },
    "roles": {
        "bedrooms": {
            "data": "bedrooms",
            "validation": "validation",
            "copies": "copies",
            "model": "early",
            "baseline": "late",
        },
        "faces": {"data": "bedrooms", "model": "early"},
        "ablated": {"data": "bedrooms", "validation": "validation"},
    },
    "ablations": {"model": {"data": "bedrooms"}, "changes": [{"training": {"beta1": 0.9}}]},
}


@pytest.fixture
def inputs_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def made(**more: Any) -> StepInputs:
        Path("small.yaml").write_text(yaml.safe_dump({**RUN, **more}, sort_keys=False))
        return StepInputs(load_run("small.yaml"), requested=lambda: ["all"])

    return made


def of_trainings(inputs: StepInputs) -> dict[str, int]:
    return {name: inputs.training_priority({"name": name}) for name in inputs.run.trained}


def of_experiments(inputs: StepInputs) -> dict[str, int]:
    return {one.name: inputs.measuring_priority(one) for one in inputs.run.runnable}


def of_datasets(inputs: StepInputs) -> dict[str, int]:
    return {name: inputs.data_priority({"name": name}) for name in inputs.run.spec.datasets}


def test_trainings_come_in_the_run_files_order_and_then_the_rest(inputs_of: Any) -> None:
    inputs = inputs_of()
    listed = {"late": 4, "late-2": 3, "early": 2, "bound_to_nothing": 1}
    assert of_trainings(inputs) == listed | dict.fromkeys(inputs.run.ablations, 0)
    assert set(of_experiments(inputs).values()) == {0}
    assert of_datasets(inputs) == {"bedrooms": 4, "validation": 0, "copies": 0}


def test_measured_early_an_experiment_comes_before_models_below_its_own(inputs_of: Any) -> None:
    inputs = inputs_of(measure_early=True)
    found = of_experiments(inputs)
    assert found["playable"] == 2  # reads `early`
    assert found["memorisation"] == 2  # reads `late` as well, which is listed above
    assert (found["ablations"], found["dedup"]) == (0, 0)  # models on request only; none
    # memorisation reads the validation images; only dedup reads the copies
    assert of_datasets(inputs) == {"bedrooms": 4, "validation": 2, "copies": 0}
