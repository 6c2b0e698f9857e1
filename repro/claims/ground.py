"""On what a claim is decided: the paper's data at its scale, other or synthetic images, or nothing.

Where in the flow: `repro.runs.paper_scale` says of each role of a run what its images are and
whether data and training are the paper's; the report and the plan ask `ground_of` for each claim,
and `repro.claims.verdict` chooses the words by it.

Alone: `ground_of(claim, card, {"bedrooms": BoundRole(kind="generated", data="rooms")})`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from repro.claims.claim import Claim


class Ground(StrEnum):
    """What the images and the scale of a run let its claims be decided on."""

    PAPER = "the paper's data and scale"
    OTHER = "other data or another scale"
    SYNTHETIC = "synthetic images"
    TOO_SMALL = "a run too small to decide anything"


class BoundRole(BaseModel):
    """A role as a run binds it, as specs/report.json of the run has it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    data: str | None = None
    model: str | None = None
    released: str | None = None
    as_in_paper: bool | Literal["data"] = False
    not_as_in_paper: list[str] = []  # why not, where the run file says that they are
    expected_images: dict[str, int] = {}  # dataset -> images that the paper's has
    kind: Literal["generated", "real"] = "real"

    @property
    def synthetic(self) -> bool:
        """Whether programs made its images; weights alone have none."""
        return self.kind == "generated" and self.data is not None

    @property
    def of_authors(self) -> bool:
        """Whether it is nothing but weights that the paper's authors released."""
        return self.released is not None and self.data is None and self.model is None


class NamesInputs(Protocol):
    """What counts here of an experiment's card."""

    @property
    def inputs(self) -> list[str]: ...

    @property
    def roles(self) -> list[str]: ...


@dataclass(frozen=True)
class Grounds:
    """On what a claim is decided, and why not on the paper's data and scale ("" where it is)."""

    ground: Ground
    because: str = ""


def ground_of(claim: Claim, card: NamesInputs, roles: Mapping[str, BoundRole]) -> Grounds:
    """The ground of a claim, from the roles that it rests on and that the run binds.

    One synthetic role makes all of it synthetic. It is as in the paper only where each of its roles
    is; the authors' own weights always are.
    """
    needed = {name.partition(".")[0] for name in card.inputs}
    names = claim.roles or [name for name in card.roles if name in needed or name in roles]
    played = {name: roles.get(name, BoundRole()) for name in names}
    drawn = [name for name, role in played.items() if role.synthetic]
    enough = (True, "data") if claim.needs == "data" else (True,)
    lacking = [
        name
        for name, role in played.items()
        if role.as_in_paper not in enough and not role.of_authors
    ]
    words = dict.fromkeys(drawn, "synthetic data")
    words |= {
        name: "; ".join(played[name].not_as_in_paper) or "data or scale differ"
        for name in lacking
        if name not in words
    }
    because = "; ".join(f"{name}: {words[name]}" for name in played if name in words)
    if drawn:
        return Grounds(Ground.SYNTHETIC, because)
    return Grounds(Ground.OTHER if lacking else Ground.PAPER, because)
