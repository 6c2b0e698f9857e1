"""An experiment that measures role by role runs on those roles that have all of its inputs."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from repro.runs.load import load_run
from repro.runs.run import Experiment


@pytest.fixture
def samples_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def loaded(**roles: Any) -> Experiment:
        content = {
            "title": "A run",
            "worlds": {"rooms": {"generator": "rooms", "options": {"count": 40}}},
            "datasets": {"rooms": {"source": "lsun", "world": "rooms"}},
            "models": {"own": {"data": "rooms", "training": {"batch": 16}}},
            "roles": roles,
        }
        Path("small.yaml").write_text(yaml.safe_dump(content))
        return next(e for e in load_run("small.yaml").experiments if e.name == "samples")

    return loaded


def test_it_runs_on_the_roles_that_are_whole(samples_of: Any) -> None:
    whole = {"data": "rooms", "model": "own"}
    experiment = samples_of(faces=whole, bedrooms={"data": "rooms"})
    assert not experiment.unbound
    assert set(experiment.inputs) == {"faces.model", "faces.data"}
    assert set(samples_of(faces=whole, objects=whole).inputs) == {
        f"{role}.{slot}" for role in ("faces", "objects") for slot in ("model", "data")
    }


def test_it_does_not_run_without_any(samples_of: Any) -> None:
    assert "faces.model" in samples_of(bedrooms={"data": "rooms"}).unbound
