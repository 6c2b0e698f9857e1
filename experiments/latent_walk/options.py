"""Options of the latent walk (Fig 4), as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from typing import Literal

from pydantic import Field

from repro.specs.validation import Strict


class Options(Strict):
    """Size of the figure and of the measurement."""

    rows: int = Field(10, ge=1, description="segments of the path shown (paper: 10)")
    steps: int = Field(10, ge=2, multiple_of=2, description="steps per segment (paper: 10)")
    pixel_rows: int = Field(2, ge=0, description="rows of pixel interpolation below (authors: 2)")
    segments: int = Field(200, ge=2, description="independent segments measured")
    jump: float = Field(
        0.3, gt=0, le=1, description="share of a path above which one step counts as a jump"
    )
    rooms: int = Field(
        1200,
        ge=20,
        description="synthetic rooms on which the segmenter of windows and lamps is trained",
    )
    test_rooms: int = Field(300, ge=10, description="further rooms on which it is tested")
    epochs: int = Field(8, ge=1, description="its passes over the training rooms")
    interpolation: Literal["linear", "spherical"] = Field(
        "linear", description="linear or spherical in z"
    )

    def fewest_images(self) -> dict[str, int]:
        """At least the number of training images that repro.quality.training_images requires."""
        return {"bedrooms.data": 3}
