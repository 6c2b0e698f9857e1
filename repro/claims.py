"""The paper's claims and what a run says of each: experiment cards, measurements, verdicts.

Where in the flow: an experiment's card (`experiment.yaml`, written before anything is run) states
its claims and the rule that decides each; `measure.py` leaves `measurements.json`; the report calls
`judge` on the two. A number from other data or another scale is never set against the paper's
number: such a claim (`kind: value`) is "not comparable", while claims of direction are decided.

Alone: `python -m repro.claims experiments/latent_walk/experiment.yaml` checks a card and prints
its claims with their rules in words.
"""

import argparse
import json
import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from repro.specs import SpecError, Strict, read_yaml, validated

SLOTS = (
    "data", "validation", "test", "copies", "dedup", "raw",
    "model", "models", "baseline", "baselines", "ablations", "released", "weights",
)  # fmt: skip


class Verdict(StrEnum):
    """What a run says of a claim, from best to least known."""

    REPRODUCED = "reproduced"
    PARTLY = "partly"
    NOT = "not"
    NOT_COMPARABLE = "not comparable"
    NOT_RUN = "not run"


class Measurement(Strict):
    """A number with its interval, its n and how it was measured."""

    name: str = Field(min_length=1, description="what a claim refers to")
    value: float | None = Field(description="null or NaN: nothing could be measured")
    low: float | None = Field(None, description="lower end of the interval, in `unit`")
    high: float | None = Field(None, description="upper end of the interval, in `unit`")
    n: int = Field(ge=0, description="number of independent observations")
    spread: str = Field(
        "none: a single number", description="what the interval is, e.g. 95 % bootstrap over images"
    )
    unit: str = Field("", description='"%", "images", ... or "" for a pure number')
    protocol: str = Field("", description="how it was measured, in words")
    no_value_because: str = Field("", description="why nothing could be stated")
    setting: str = Field(
        "", description='key of the setting whose change it is the effect of: "network.kernel"'
    )
    changed_to: str = Field("", description="what that setting was changed to")

    @model_validator(mode="after")
    def _ends_in_order(self) -> "Measurement":
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"{self.name}: low {self.low:g} is above high {self.high:g}")
        return self

    @property
    def hull(self) -> tuple[float, float] | None:
        """Smallest interval holding the value and both ends; None when there is no value."""
        if self.value is None or math.isnan(self.value):
            return None
        ends = [x for x in (self.low, self.value, self.high) if x is not None and not math.isnan(x)]
        return min(ends), max(ends)


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
        if self.below is not None:
            return x < self.below
        if self.above is not None:
            return x > self.above
        assert self.within is not None
        return self.within[0] <= x <= self.within[1]

    @property
    def words(self) -> str:
        if self.below is not None:
            return f"below {number(self.below)}"
        if self.above is not None:
            return f"above {number(self.above)}"
        assert self.within is not None
        return f"between {number(self.within[0])} and {number(self.within[1])}"


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
        description="of a value: what must be the paper's for it to be decided; data: no model "
        "of the run has a part in it",
    )
    roles: list[str] = Field(
        [], description="of a value: roles it rests on; [] = all among the experiment's inputs"
    )

    @property
    def rule_in_words(self) -> str:
        """E.g. "largest step share below 0.5"."""
        words = f"{self.measurement.replace('_', ' ')} {self.rule.words}"
        if self.kind == "value":
            words += "; decided only on the paper's data and scale"
        return words


class PaperPlace(Strict):
    """Where in the paper an experiment belongs."""

    section: str
    figures: list[str] = Field([], description='e.g. ["Fig 4"]; tables too: ["Table 1"]')


class ExperimentCard(Strict):
    """experiments/<name>/experiment.yaml: what is claimed, from what, and where we depart."""

    title: str = Field(min_length=1)
    paper: PaperPlace
    inputs: list[str] = Field(min_length=1, description="<role>.<slot>")
    optional: list[str] = Field([], description="further inputs, used where the run binds them")
    on_request: bool = Field(
        False, description="long: run when it is asked for by name, and not by `all`"
    )
    captions: dict[str, str] = Field({}, description="per file of figure.py: what to look for")
    claims: list[Claim] = Field(description="of the paper; [] for numbers that it does not have")
    ask_for: str = Field(
        "", description="what the user gives behind --config for its inputs, e.g. fid_weights=FILE"
    )
    departures: list[str] = Field([], description="where we depart from the paper, and why")

    @field_validator("inputs", "optional")
    @classmethod
    def _role_and_slot(cls, inputs: list[str]) -> list[str]:
        for name in inputs:
            role, _, slot = name.partition(".")
            if not role or slot not in SLOTS:
                raise ValueError(f"'{name}' is not <role>.<slot> with a slot of {', '.join(SLOTS)}")
        return inputs

    @model_validator(mode="after")
    def _names_are_unique_and_usable(self) -> "ExperimentCard":
        names = [claim.id for claim in self.claims]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"claim ids given twice: {', '.join(twice)}")
        odd = [name for name in self.captions if not name.endswith((".png", ".csv"))]
        if odd:
            raise ValueError(f"captions are for .png and .csv files; found {', '.join(odd)}")
        strangers = sorted({role for claim in self.claims for role in claim.roles} - {*self.roles})
        if strangers:
            raise ValueError(f"claims rest on roles that no input names: {', '.join(strangers)}")
        return self

    @property
    def roles(self) -> list[str]:
        """Roles among the inputs, each once, in order."""
        return list(
            dict.fromkeys(name.partition(".")[0] for name in [*self.inputs, *self.optional])
        )


@dataclass(frozen=True)
class Judgement:
    """A claim, what was measured (if anything), and the verdict with its reason in words."""

    claim: Claim
    measurement: Measurement | None
    verdict: Verdict
    reason: str


def judge(
    claim: Claim, measurement: Measurement | None, *, not_comparable_because: str = ""
) -> Judgement:
    """Decide one claim. `not_comparable_because`: why data or scale are not the paper's, or "".

    Nothing measured: not run. A paper's number under other conditions: not comparable. Else the
    interval (or the bare value): wholly inside the rule: reproduced; only the value inside: partly;
    the value outside: not.
    """
    hull = measurement.hull if measurement else None
    if measurement is None or measurement.value is None or hull is None:
        why = measurement.no_value_because if measurement else "not measured"
        reason = why or "measured without a result"
        if claim.kind == "value" and not_comparable_because:
            reason += f" in this run ({not_comparable_because})"
        return Judgement(claim, measurement, Verdict.NOT_RUN, reason)
    if claim.kind == "value" and not_comparable_because:
        return Judgement(claim, measurement, Verdict.NOT_COMPARABLE, not_comparable_because)
    bare = measurement.low is None and measurement.high is None
    if not claim.rule.holds(measurement.value):
        return Judgement(claim, measurement, Verdict.NOT, f"the value is not {claim.rule.words}")
    if claim.rule.holds(hull[0]) and claim.rule.holds(hull[1]):
        what = "the value, which has no interval, is" if bare else "the whole interval is"
        return Judgement(claim, measurement, Verdict.REPRODUCED, f"{what} {claim.rule.words}")
    reason = f"the value is {claim.rule.words}, its interval is not wholly"
    return Judgement(claim, measurement, Verdict.PARTLY, reason)


def number(x: float) -> str:
    """A number for reading: four significant digits, thousands set off, a real minus sign."""
    x = 0.0 if abs(x) < 1e-14 else x  # no minus before zero, no rounding error as a number
    if math.isinf(x):
        text = "∞" if x > 0 else "-∞"
    elif x == round(x) or abs(x) >= 1000:
        text = f"{x:,.0f}" if abs(x) < 1e9 else f"{x:.3e}"
    else:
        text = f"{x:.4g}"
    return text.replace("-", "−")


def in_words(measurement: Measurement) -> str:
    """E.g. "73.8 % [73.1, 74.5], n = 100"."""
    if measurement.hull is None or measurement.value is None:
        return "no value"
    text = f"{number(measurement.value)} {measurement.unit}".strip()
    if measurement.low is not None and measurement.high is not None:
        text += f" [{number(measurement.low)}, {number(measurement.high)}]"
    return f"{text}, n = {measurement.n:,}"


def with_interval(measurement: Measurement, *, digits: int = 2) -> str:
    """For a cell of a table: "73.84 [73.10, 74.52]", or the value alone where it has no interval.

    Raises ValueError for a measurement without a value.
    """
    if measurement.value is None:
        raise ValueError(f"{measurement.name} has no value to write into a table")
    if measurement.low is None or measurement.high is None:
        return f"{measurement.value:.{digits}f}"
    numbers = (measurement.value, measurement.low, measurement.high)
    value, low, high = (f"{one:.{digits}f}" for one in numbers)
    return f"{value} [{low}, {high}]"


def read_card(path: Path) -> ExperimentCard:
    """Read an experiment.yaml. Raises SpecError naming file, key, found and allowed."""
    return validated(ExperimentCard, read_yaml(path), where=str(path))


def read_measurements(folder: Path) -> dict[str, Measurement]:
    """measurements.json of a `measured` folder, by name. Raises SpecError naming file and key."""
    path = folder / "measurements.json"
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError(f"{path}: no such file; run the experiment's measure step") from None
    except ValueError as error:  # no JSON, or no UTF-8
        raise SpecError(f"{path}: not valid JSON: {error}; run its measure step again") from None
    if not isinstance(content, dict):
        raise SpecError(f"{path}: expected measurements by name, found {type(content).__name__}")
    found: dict[str, Measurement] = {}
    for name, values in content.items():
        found[name] = validated(Measurement, values, where=str(path), key=name)
        if found[name].name != name:
            raise SpecError(f"{path}: '{name}.name' is '{found[name].name}'; it must be '{name}'")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="check an experiment card, print its claims")
    parser.add_argument("card", type=Path, help="experiments/<name>/experiment.yaml")
    card = read_card(parser.parse_args().card)
    print(f"{card.title} (paper section {card.paper.section})")
    for claim in card.claims:
        print(f"  {claim.id}: {claim.statement}\n    {claim.kind}: {claim.rule_in_words}")


if __name__ == "__main__":
    main()
