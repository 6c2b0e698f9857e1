"""Options of FID and KID, as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from typing import Literal

from pydantic import Field

from repro.specs.validation import Device, Strict


class Options(Strict):
    """How many images to compare, and how; none of it is the paper's, which has no FID."""

    samples: int = Field(10_000, ge=4, description="samples of each model")
    real: int = Field(50_000, ge=4, description="real images they are compared with, at most")
    layer: Literal["64", "192", "768", "2048"] = Field(
        "2048",
        description="features of an image; FID and KID proper take 2048, fewer features need fewer "
        "images and compare with no published number",
    )
    kid_subsets: int = Field(100, ge=2, description="random subsets that KID is the mean of")
    kid_subset_size: int = Field(
        1_000, ge=2, description="images in each, at most half of the smaller set"
    )
    roles: tuple[str, ...] = Field((), description="only these roles; none named: all")
    device: Device = "auto"
