"""Options of the sharpness of samples, as a card's `scales:` or a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from pydantic import Field

from repro.specs.validation import Strict


class Options(Strict):
    """How many pictures to compare."""

    images: int = Field(2000, ge=2, description="pictures of each kind; training images, at most")

    def fewest_images(self) -> dict[str, int]:
        """At least the number of training images that repro.quality.training_images requires."""
        return {"bedrooms.data": 3}
