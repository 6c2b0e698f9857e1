"""Options of the sample sheets (Figs 10, 11), as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from repro.specs.validation import Strict

ROLES = ("bedrooms", "faces", "objects")  # whose models are measured, where a run binds them


class DensityChoices(Strict):
    """Other choices under which the density of samples among real images is measured again."""

    neighbours: list[PositiveInt] = Field(description="k of density")
    space: list[Literal["untrained_features", "features", "pixels"]] = Field(
        description="of the distances: features of D's with initial weights, of the model's own D, "
        "or pixels"
    )


class Multiverse(Strict):
    """The claims that are measured again, and the values of their choices (from the card)."""

    bedrooms_realistic: DensityChoices | None = None
    faces_realistic: DensityChoices | None = None
    objects_realistic: DensityChoices | None = None


class Options(Strict):
    """Sizes of the sheets, and how many images are compared."""

    rows: int = Field(14, ge=1, description="rows of Figs 10 and 11 (paper Fig 10: 14)")
    columns: int = Field(14, ge=1, description="columns of Figs 10 and 11 (paper Fig 10: 14)")
    sorted_side: int = Field(
        20,
        ge=1,
        description="rows and columns of the sheet sorted by D's score (authors' code: 20)",
    )
    images: int = Field(1000, ge=10, description="images of each kind that are compared")
    neighbours: int = Field(5, ge=1, description="k of density and coverage (Naeem et al. 2020: 5)")
    patches: int = Field(
        4, ge=2, le=8, description="patches a side of the pictures put together from real ones"
    )
    parts: int = Field(
        5, ge=2, description="disjoint parts of the images, for diversity's interval"
    )
    multiverse: Multiverse = Field(
        Multiverse(), description="claims to measure again under other choices, from the card"
    )

    @model_validator(mode="after")
    def _enough_images(self) -> "Options":
        least = max(self.neighbours + 1, 2 * self.parts)
        if self.images < least:
            raise ValueError(
                f"images is {self.images}, but neighbours {self.neighbours} and parts "
                f"{self.parts} need at least {least}"
            )
        return self

    def fewest_images(self) -> dict[str, int]:
        """Two disjoint sets, each with more images than neighbours and two in each part."""
        least = 2 * max(self.neighbours + 1, 2 * self.parts)
        return {f"{role}.data": least for role in ROLES}
