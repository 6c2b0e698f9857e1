"""Options of the search for copied training images, as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from typing import Literal

from pydantic import Field

from repro.specs.validation import Strict


class DistanceChoices(Strict):
    """Other choices under which samples and real images are compared again."""

    space: list[Literal["features", "untrained_features", "pixels"]] = Field(
        description="of the distances: features of the model's D, of D's with initial weights, or "
        "pixels"
    )
    blur_matched: list[bool] = Field(description="whether real images are blurred like samples")
    with_partners: list[bool] = Field(
        description="whether real images with a near-identical partner count"
    )


class Multiverse(Strict):
    """The claims that are measured again, and the values of their choices (from the card)."""

    not_nearer_than_real: DistanceChoices | None = None


class Options(Strict):
    """What to draw, compare and show; none of it is the paper's, which searches nothing."""

    samples: int = Field(512, ge=2, description="samples measured")
    shown: int = Field(64, ge=1, description="how many of them are shown")
    real: int = Field(2000, ge=2, description="training images compared with the others, at most")
    quantile: float = Field(
        0.01, gt=0, lt=1, description="nearer than this share of real images counts as suspicious"
    )
    near_identical: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="a training image has a near-identical partner where another is nearer than "
        "this share of the median distance to the nearest other",
    )
    feature_width: int = Field(
        4096, ge=1, description="more features than this are projected at random to this many"
    )
    multiverse: Multiverse = Field(
        Multiverse(), description="claims to measure again under other choices, from the card"
    )

    def fewest_images(self) -> dict[str, int]:
        """At least the number of training images that repro.quality.training_images requires."""
        return {"bedrooms.data": 3}
