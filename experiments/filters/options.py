"""Options of the filter visualisation (Fig 5), as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from typing import Annotated

from pydantic import Field, model_validator

from repro.specs.validation import Strict


class ResponseChoices(Strict):
    """Other choices under which the strongest responses are searched for again."""

    pool: list[Annotated[int, Field(ge=10)]] = Field(
        description="real images searched, those of the pool at most"
    )
    top: list[Annotated[int, Field(ge=2)]] = Field(
        description="strongest images of a channel, fewer than are searched"
    )


class Multiverse(Strict):
    """The claims that are measured again, and the values of their choices (from the card)."""

    trained_is_selective: ResponseChoices | None = None


class Options(Strict):
    """Which responses to find, and how many to show."""

    pool: int = Field(2000, ge=10, description="real images searched for the strongest responses")
    top: int = Field(10, ge=2, description="strongest images kept per channel (authors' pictures)")
    channels: int = Field(6, ge=1, description="channels shown, the first ones (paper: 6)")
    shown: int = Field(
        10, ge=1, description="images shown per channel (paper: 5 of 10), `top` at most"
    )
    compared: int = Field(128, ge=2, description="channels whose gradients are measured, at most")
    labelled: int = Field(2000, ge=20, description="labelled images for the classes, at most")
    rooms: int = Field(
        250,
        ge=10,
        description="new synthetic rooms, whose beds, windows and lamps are known, where the run's "
        "bedrooms are synthetic; `top` at least",
    )
    others: int = Field(
        999, ge=99, description="draws of other rooms for the test whether a channel finds beds"
    )
    controls: int = Field(
        4, ge=1, description="random networks of each control, which share the channels measured"
    )
    multiverse: Multiverse = Field(
        Multiverse(), description="claims to measure again under other choices, from the card"
    )

    @model_validator(mode="after")
    def _as_many_rooms_as_are_kept(self) -> "Options":
        if self.rooms < self.top:
            raise ValueError(f"rooms: {self.rooms}, but the {self.top} strongest of them are kept")
        return self
