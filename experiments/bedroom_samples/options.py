"""Options of the bedroom sample sheets (Figs 2, 3), as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from pydantic import Field, model_validator

from repro.specs.validation import Strict


class Options(Strict):
    """How many images to draw and compare."""

    rows: int = Field(5, ge=1, description="rows of Figs 2 and 3 (paper: 5)")
    columns: int = Field(10, ge=1, description="columns of Figs 2 and 3 (paper: 10)")
    images: int = Field(2500, ge=8, description="images of each kind in the distances")
    blocks: int = Field(10, ge=2, description="disjoint blocks they are divided into")

    @model_validator(mode="after")
    def _blocks_have_two_images(self) -> "Options":
        if self.images < 2 * self.blocks:
            raise ValueError(
                f"images is {self.images}, blocks {self.blocks}; expected 2 * blocks <= images"
            )
        return self

    def fewest_images(self) -> dict[str, int]:
        """Two disjoint sets, each with two images per block."""
        return {"bedrooms.data": 4 * self.blocks}
