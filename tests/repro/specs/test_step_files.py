"""The JSON files of steps (--spec): unknown keys and odd seeds are refused, with file and key."""

from typing import Any

import pytest

from repro.specs.validation import OptionsAndSeed, SpecError, validated
from repro.train.__main__ import TrainStep


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"option": {}}, "option"),
        ({"seed": "x"}, "seed"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": None}, "seed"),
        ({"options": []}, "options"),
    ],
)
def test_options_and_seed(values: dict[str, Any], key: str) -> None:
    with pytest.raises(SpecError, match=rf"step\.json: .*'{key}'"):
        validated(OptionsAndSeed, values, where="step.json")


@pytest.mark.parametrize(
    "change", [{"seed": -3}, {"seed": "x"}, {"banner": 7}, {"modell": {}}, {"model": None}]
)
def test_a_training(change: dict[str, Any]) -> None:
    right = {"model": {"data": "rooms"}, "seed": 1, "banner": ""}
    assert validated(TrainStep, right, where="step.json").seed == 1
    with pytest.raises(SpecError, match=rf"step\.json: .*'{next(iter(change))}'"):
        validated(TrainStep, right | change, where="step.json")
