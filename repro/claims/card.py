"""The card of an experiment (`experiment.yaml`): the claims it tests, and the rule for each.

Where in the flow: a card is written before anything is run. `measure.py` leaves
`measurements.json` (repro.claims.measurement); the report sets the two side by side
(repro.claims.verdict).

Alone: `read_card(Path("experiments/latent_walk/experiment.yaml"))`.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from repro.claims.choices import FreeChoices, Value
from repro.claims.measurement import number
from repro.specs.roles import ROLES, SLOTS
from repro.specs.scales import Scales
from repro.specs.validation import Strict, nearest, read_yaml, validated


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
        description="name of the Measurement that gives the same quantity for an untrained "
        "network or hash of the same shape, or for random directions or maps",
    )
    without_control: str = Field(
        "", description="instead of `control`: why no untrained control makes sense"
    )
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
    def lacks_control(self) -> bool:
        """Whether a control is still to be measured."""
        return not (self.control or self.without_control)

    @property
    def rule_text(self) -> str:
        """E.g. "largest step share below 0.5"."""
        words = f"{self.measurement.replace('_', ' ')} {self.rule.words}"
        if self.kind == "value":
            words += "; decided only on the paper's data and scale"
        if self.least_n:
            words += f", from at least {self.least_n:,}"
        return words


class PaperPlace(Strict):
    """Where in the paper an experiment belongs."""

    section: str
    figures: list[str] = Field([], description='e.g. ["Fig 4"]; tables too: ["Table 1"]')


class Lead(Strict):
    """What stands for an experiment in the row of cards at the head of a report."""

    picture: str = Field(description="file of figure.py, with a caption")
    claim: str = Field(description="id of the claim whose verdict is shown")
    words: str = Field(min_length=1, max_length=80, description="that claim in a few words")


class ExperimentCard(Strict):
    """experiments/<name>/experiment.yaml: what is claimed, from what, and where we depart."""

    title: str = Field(min_length=1)
    paper: PaperPlace
    inputs: list[str] = Field(min_length=1, description="<role>.<slot>")
    optional: list[str] = Field([], description="further inputs, used where the run binds them")
    by_role: bool = Field(
        False,
        description="it measures each role by itself: it is run where one of them has all of its "
        "`inputs`, on every role that has",
    )
    on_request: bool = Field(
        False, description="long: run only when it is requested by name, not by `all`"
    )
    scales: Scales = Field(
        Scales(), description="options of runs that are smaller than the paper, by their `scale:`"
    )
    captions: dict[str, str] = Field({}, description="per file of figure.py: what to look for")
    lead: Lead | None = Field(
        None, description="for a figure, table or section of the paper: its card in the report"
    )
    claims: list[Claim] = Field(description="of the paper; [] for numbers that it does not have")
    multiverse: list[FreeChoices] = Field(
        [],
        description="claims that hang on choices the paper leaves open, and the values of these "
        "under which they are measured again",
    )
    ask_for: str = Field(
        "", description="what the user gives after --config for its inputs, e.g. fid_weights=FILE"
    )
    departures: list[str] = Field([], description="where we depart from the paper, and why")

    @field_validator("inputs", "optional")
    @classmethod
    def _role_and_slot(cls, inputs: list[str]) -> list[str]:
        for name in inputs:
            role, _, slot = name.partition(".")
            for word, kind, known in ((role, "role", ROLES), (slot, "slot", SLOTS)):
                if word not in known:
                    raise ValueError(
                        f"'{name}' is not <role>.<slot>: no {kind} '{word}'; {nearest(word, known)}"
                    )
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
        if self.lead and self.lead.claim not in names:
            raise ValueError(
                f"lead.claim: no claim '{self.lead.claim}'; claims: {', '.join(names)}"
            )
        if self.lead and self.lead.picture not in self.captions:
            raise ValueError(f"lead.picture: no caption of '{self.lead.picture}'")
        strangers = sorted({role for claim in self.claims for role in claim.roles} - {*self.roles})
        if strangers:
            raise ValueError(f"claims rest on roles that no input names: {', '.join(strangers)}")
        return self

    @model_validator(mode="after")
    def _choices_are_of_its_claims(self) -> "ExperimentCard":
        names = [claim.id for claim in self.claims]
        given = [name for one in self.multiverse for name in one.claims]
        unknown = [name for name in given if name not in names]
        if unknown:
            raise ValueError(f"multiverse: no claim '{unknown[0]}'; {nearest(unknown[0], names)}")
        twice = sorted({name for name in given if given.count(name) > 1})
        if twice:
            raise ValueError(f"multiverse: claims given twice: {', '.join(twice)}")
        return self

    @property
    def free_choices(self) -> dict[str, dict[str, list[Value]]]:
        """Values by choice by claim, of the claims that hang on free choices."""
        return {name: one.values for one in self.multiverse for name in one.claims}

    @property
    def roles(self) -> list[str]:
        """Roles among the inputs, each once, in order."""
        return list(
            dict.fromkeys(name.partition(".")[0] for name in [*self.inputs, *self.optional])
        )


def read_card(path: Path) -> ExperimentCard:
    """Read an experiment.yaml. Raises SpecError naming file, key, found and allowed."""
    return validated(ExperimentCard, read_yaml(path), where=str(path))
