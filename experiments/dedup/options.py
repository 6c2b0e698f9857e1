"""Options of the de-duplication measures (paper §4.1.1), as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from typing import Annotated

from pydantic import Field, NonNegativeFloat

from repro.specs.validation import GivenPath, Strict

PAPER_COPY_SHARE = 275_000 / 3_033_042  # the share that the paper removed


class HashChoices(Strict):
    """Other choices under which the copies of the truth file are searched again."""

    radius: list[Annotated[int, Field(ge=0, le=127)]] = Field(
        description="bits in which equal codes may differ"
    )
    threshold: list[NonNegativeFloat] = Field(
        description="above which a unit is active, in the unit of `thresholds`"
    )


class Multiverse(Strict):
    """The claims that are measured again, and the values of their choices (from the card)."""

    semantic: HashChoices | None = None
    recall: HashChoices | None = None
    recall_by_training: HashChoices | None = None


class Options(Strict):
    """Where the truth is, how much to compare, what to show."""

    truth: str = Field("duplicates.csv", description="truth file, relative to the raw folder")
    same: list[tuple[str, str]] = Field(
        [],
        description="pairs of keys that show one picture though the truth file says otherwise "
        "(natural duplicates, found by eye); their groups count as one",
    )
    compared: int = Field(20_000, ge=2, description="images compared by all methods, first rows")
    copy_share: float = Field(
        PAPER_COPY_SHARE,
        gt=0,
        lt=1,
        description="near-duplicates per image in the mixture that precision is stated for",
    )
    thresholds: list[float] = Field(
        [0, 0.05, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2],
        min_length=1,
        description="above which a unit counts as active, in standard deviations of all units "
        "before the ReLU; the paper's reading is 0",
    )
    radii: list[int] = Field(
        [0, 2, 4, 6, 8, 12, 16, 20, 24], min_length=1, description="Hamming radii, bits of 128"
    )
    multiverse: Multiverse = Field(
        Multiverse(), description="claims to measure again under other choices, from the card"
    )
    groups: int = Field(24, ge=1, description="groups shown, drawn at random")
    members: int = Field(4, ge=2, description="images shown of a group, the one kept first")
    collisions: int = Field(
        400,
        ge=1,
        description="removed images drawn for labelling by eye; with no error among them at least "
        "381 are needed for an interval below 1 in 100",
    )
    labels: list[GivenPath] = Field(
        [],
        description="CSV files that the label page made, one per person; paths from the folder in "
        "which the run is started",
        json_schema_extra={"files": True},
    )
