"""Roles and slots: a new one is one line, which cards, run files and inputs then know."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from repro.claims.card import ExperimentCard
from repro.runs.load import load_run
from repro.runs.run import Run
from repro.specs.roles import ROLES, SLOTS, RoleSpec, Slot


def small_run(roles: dict[str, Any]) -> Run:
    values = {
        "title": "A run",
        "worlds": {"rooms": {"generator": "rooms"}},
        "datasets": {"rooms": {"source": "lsun", "world": "rooms", "dedup": {}}},
        "models": {"rooms": {"data": "rooms", "trainings": 2}},
        "roles": roles,
    }
    Path("small.yaml").write_text(yaml.safe_dump(values))
    return load_run("small.yaml")


def card(name: str) -> ExperimentCard:
    values = {"title": "t", "paper": {"section": "1"}, "inputs": [name], "claims": []}
    return ExperimentCard.model_validate(values)


def test_every_slot_follows_from_a_key_that_a_role_has() -> None:
    keys = set(RoleSpec.model_fields) - {"as_in_paper"}
    assert {slot.key for slot in SLOTS.values()} == keys | {""}
    assert keys <= set(SLOTS), "each key is a slot by itself"
    assert "as_in_paper" not in SLOTS


def test_a_new_slot_and_a_new_role_are_a_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValidationError, match="no slot 'rivals'"):
        card("bedrooms.rivals")
    monkeypatch.setitem(SLOTS, "rivals", Slot("baseline", "trainings", "all rivals"))
    assert card("bedrooms.rivals").inputs == ["bedrooms.rivals"]
    run = small_run({"bedrooms": {"data": "rooms", "baseline": "rooms"}})
    models = Path("results/small/models")
    assert run.slot_folders("bedrooms", "rivals") == {
        "bedrooms.rivals.1": models / "rooms",
        "bedrooms.rivals.2": models / "rooms-2",
    }
    with pytest.raises(ValidationError, match="no role 'kitchens'"):
        card("kitchens.data")
    monkeypatch.setitem(ROLES, "kitchens", "LSUN's kitchens")
    assert card("kitchens.data").roles == ["kitchens"]
    run = small_run({"kitchens": {"data": "rooms"}})
    assert run.slot_folders("kitchens", "data") == {
        "kitchens.data": Path("results/small/data/rooms")
    }


def test_the_module_prints_every_role_and_slot(capsys: pytest.CaptureFixture[str]) -> None:
    from repro.specs.roles import main

    main([])
    printed = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert printed == {"roles", "slots", *ROLES, *SLOTS}
