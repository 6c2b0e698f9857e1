"""Options of the search for copied training images, as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from pydantic import Field

from repro.specs.validation import Strict


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
    untrained_seed: int = Field(0, ge=0, description="seed of the untrained generator's weights")

    def fewest_images(self) -> dict[str, int]:
        """At least the number of training images that repro.quality.training_images requires."""
        return {"bedrooms.data": 3}
