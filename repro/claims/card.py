"""The card of an experiment (`experiment.yaml`): the claims it tests, and the rule for each.

Where in the flow: a card is written before anything is run. `measure.py` leaves
`measurements.json` (repro.claims.measurement); the report sets the two side by side
(repro.claims.verdict).

Alone: `read_card(Path("experiments/latent_walk/experiment.yaml"))`.
"""

from pathlib import Path

from pydantic import Field, field_validator, model_validator

from repro.claims.choices import FreeChoices, Value
from repro.claims.claim import Claim
from repro.specs.roles import ROLES, SLOTS
from repro.specs.scales import Scales
from repro.specs.validation import Strict, nearest, read_yaml, validated


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
