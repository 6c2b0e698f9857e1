"""A claim of the paper (or ours), the measurement that answers it, and the rule that decides it.

Where in the flow: the claims of an experiment stand in its card (repro.claims.card); the report
sets each next to its measurement (repro.claims.verdict). Apart from the card, so that a measuring
step that judges does not depend on the list of roles.

Alone: `Claim(id="sharp", section="4", statement="Samples are sharp.", paper="stated, no number",
measurement="sharpness", kind="direction", rule={"above": 0.5}, source="paper")`.
"""

from typing import Literal

from pydantic import Field, model_validator

from repro.claims.measurement import number
from repro.specs.validation import Strict


class Rule(Strict):
    """The region in which a measurement supports the claim; exactly one of the three is given."""

    below: float | None = None
    above: float | None = None
    within: tuple[float, float] | None = Field(None, description="both ends belong to it")

    @model_validator(mode="after")
    def _exactly_one(self) -> "Rule":
        given = [name for name in ("below", "above", "within") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of below, above, within; found {given or 'none'}")
        if self.within is not None and self.within[0] > self.within[1]:
            raise ValueError(f"within: the first end {self.within[0]:g} is above the second")
        return self

    def holds(self, x: float) -> bool:
        """Whether x lies in the region; `below` and `above` leave their own limit out."""
        return self.meets(x, x)

    def meets(self, low: float, high: float) -> bool:
        """Whether any x between low and high lies in the region."""
        if self.below is not None:
            return low < self.below
        if self.above is not None:
            return high > self.above
        assert self.within is not None
        return low <= self.within[1] and high >= self.within[0]

    @property
    def words(self) -> str:
        if self.below is not None:
            return f"below {number(self.below)}"
        if self.above is not None:
            return f"above {number(self.above)}"
        assert self.within is not None
        return f"between {number(self.within[0])} and {number(self.within[1])}"

    @property
    def short(self) -> str:
        """E.g. ">0", or "81.8–83.8"."""
        if self.within is not None:
            return "–".join(map(number, self.within))
        return self.words.replace("below ", "<").replace("above ", ">")


class Claim(Strict):
    """One claim of the paper, the measurement that answers it and the rule that decides it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="unique within its card")
    section: str = Field(description="of the paper")
    statement: str = Field(min_length=1, description="the claim in our words")
    paper: str = Field(description="the paper's value as text, or 'stated, no number'")
    measurement: str = Field(description="name of a Measurement of the experiment")
    kind: Literal["direction", "value"]
    rule: Rule
    needs: Literal["training", "data"] = Field(
        "training",
        description="what must be the paper's for it to be decided there; data: no model that the "
        "run trains has a part in it",
    )
    roles: list[str] = Field(
        [], description="roles whose data it rests on; [] = all among the experiment's inputs"
    )
    source: Literal["paper", "authors_code", "ours"] = Field(
        description="who states it: the paper, its authors' repository alone, or only we; "
        "counted separately"
    )
    control: str = Field(
        "",
        description="name of the Measurement that gives the same quantity where the rule has to "
        "fail: for an untrained network or hash of the same shape, random directions or maps, or, "
        "of a claim that something is absent, where it was planted",
    )
    without_control: str = Field("", description="instead of `control`: why no control makes sense")
    written_knowing: str = Field(
        "", description="what of its result was known when the rule was written, where anything was"
    )
    least_n: int = Field(
        0,
        ge=0,
        description="independent observations below which it is not decided unless the whole "
        "interval contradicts it: 381 where even no error in them must lie below 1 %",
    )

    @model_validator(mode="after")
    def _one_control(self) -> "Claim":
        if self.control and self.without_control:
            raise ValueError("give either `control:` or `without_control:`, not both")
        if self.control == self.measurement:
            raise ValueError(f"control: '{self.control}' is the measurement itself")
        return self

    @property
    def rule_text(self) -> str:
        """E.g. "largest step share below 0.5"."""
        words = f"{self.measurement.replace('_', ' ')} {self.rule.words}"
        if self.kind == "value":
            words += "; decided only on the paper's data and scale"
        if self.least_n:
            words += f", from at least {self.least_n:,}"
        return words
