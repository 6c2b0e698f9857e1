"""Sums of concepts, A - B + C = D, as a run's options state them (paper §6.3.2).

Part of options.py and measure.py. A concept is a mapping attribute -> 1 (present) or 0 (absent);
attributes that it does not name may have any value. It is best to name attributes that a sum should
not change as well: comparing smiles among faces without glasses is fairer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from repro.internals.hand_picks import SUM
from repro.specs.validation import Strict

Concept = dict[str, Literal[0, 1]]
Columns = dict[int, int]  # a concept by column of the attribute table


@dataclass(frozen=True)
class Sum:
    """A triple whose attributes are columns of the attribute table."""

    names: tuple[str, ...]  # of A, B, C and D
    concepts: tuple[Columns, ...]  # A, B and C
    wanted: Columns  # D


class Triple(Strict):
    """One sum of concepts."""

    name: str = Field(description='"A - B + C = D", names of the four concepts for the figure')
    a: Concept
    b: Concept
    c: Concept

    @model_validator(mode="after")
    def _has_a_result(self) -> "Triple":
        if SUM.fullmatch(self.name) is None:
            raise ValueError(f"name {self.name!r} does not read 'A - B + C = D'")
        if not self.a or not self.a.keys() == self.b.keys() == self.c.keys():
            raise ValueError(f"{self.name}: a, b and c must name the same attributes")
        odd = [name for name, value in self.wanted.items() if value not in (0, 1)]
        if odd:
            raise ValueError(f"{self.name}: a - b + c is neither 0 nor 1 for {', '.join(odd)}")
        return self

    @property
    def wanted(self) -> dict[str, int]:
        """Attributes the result should have: a - b + c."""
        return {name: self.a[name] - self.b[name] + self.c[name] for name in self.a}

    @property
    def concepts(self) -> tuple[str, ...]:
        """The four names A, B, C, D."""
        match = SUM.fullmatch(self.name)
        assert match is not None  # validated
        return match.groups()

    def by_column(self, attributes: Iterable[str]) -> Sum:
        """attributes: the names of the table's columns, in order."""
        column = {name: place for place, name in enumerate(attributes)}
        parts = [
            {column[name]: int(value) for name, value in concept.items()}
            for concept in (self.a, self.b, self.c, self.wanted)
        ]
        return Sum(self.concepts, tuple(parts[:3]), parts[3])


# The paper's two sums.
SMILE = Triple(
    name="smiling woman - neutral woman + neutral man = smiling man",
    a={"man": 0, "smiling": 1, "glasses": 0},
    b={"man": 0, "smiling": 0, "glasses": 0},
    c={"man": 1, "smiling": 0, "glasses": 0},
)
GLASSES = Triple(
    name="man with glasses - man without + woman without = woman with glasses",
    a={"man": 1, "glasses": 1},
    b={"man": 1, "glasses": 0},
    c={"man": 0, "glasses": 0},
)
