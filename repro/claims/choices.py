"""Free choices behind a claim: what the paper leaves open, and every value that one could defend.

Where in the flow: a card registers them under `multiverse:` before anything is run
(repro.claims.card); the run gives the values to the experiment as its option `multiverse`; the
measure step measures the claim's number again under each combination (repro.claims.multiverse).

Alone: `alternatives({"layer": [1, 2]}, default={"layer": 1})`.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from pydantic import Field, field_validator

from repro.specs.validation import Strict

Value = bool | int | float | str
Choices = dict[str, Value]  # one value of each choice, by name


class Choice(Strict):
    """One free choice: its defensible values, and why the paper does not settle it."""

    values: list[Value] = Field(min_length=2, description="the claim's own value among them")
    why: str = Field(min_length=1, description="why it is free, and why these values")

    @field_validator("values")
    @classmethod
    def _each_once(cls, values: list[Value]) -> list[Value]:
        twice = sorted({str(value) for value in values if values.count(value) > 1})
        if twice:
            raise ValueError(f"given twice: {', '.join(twice)}")
        return values


class FreeChoices(Strict):
    """The free choices that some claims of a card share; all combinations are measured."""

    claims: list[str] = Field(min_length=1, description="ids of claims of the same card")
    choices: dict[str, Choice] = Field(min_length=1, description="by name")

    @field_validator("choices")
    @classmethod
    def _plain_names(cls, choices: dict[str, Choice]) -> dict[str, Choice]:
        odd = [name for name in choices if not re.fullmatch(r"[a-z][a-z0-9_]*", name)]
        if odd:
            raise ValueError(f"expected lower case letters, digits and _; found {', '.join(odd)}")
        return choices

    @property
    def values(self) -> dict[str, list[Value]]:
        """The values by choice, as the experiment's option `multiverse` takes them."""
        return {name: choice.values for name, choice in self.choices.items()}


def alternatives(
    values: Mapping[str, Sequence[Value]], *, default: Mapping[str, Value]
) -> list[dict[str, Any]]:
    """All combinations of the values except `default`, the choices that the claim itself made.

    The run's own value of a choice is combined with the others even where it is not among them.
    """
    each = [
        [{name: value} for value in dict.fromkeys([default[name], *values[name]])]
        for name in values
    ]
    own = {name: default[name] for name in values}
    made = [{name: value for one in combined for name, value in one.items()}
            for combined in product(*each)]  # fmt: skip
    return [choices for choices in made if choices != own]
