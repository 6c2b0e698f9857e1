"""Options of the forecast for Table 1, as a card's `scales:` or a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from typing import Literal

from pydantic import Field

from repro.classification.svm_grid import AUTHORS_GRID
from repro.specs.validation import Strict


class Options(Strict):
    """Sizes of the protocol, and the sizes for which accuracy is forecast: the paper's."""

    paper_maps: int = Field(128, ge=1, description="maps of D's first layer (authors' weights)")
    paper_images: int = Field(1_281_167, ge=1, description="training images (ImageNet-1k, §4.3)")
    paper_passes: float = Field(30, gt=0, description="passes over them (authors' file prefix)")
    validation: int = Field(10_000, ge=1, description="training images held out to choose C (§5.2)")
    validation_share: float = Field(
        0.2, gt=0, lt=1, description="at most this share of the training images is held out"
    )
    grid: tuple[float, ...] = Field(AUTHORS_GRID, min_length=1, description="values of C tried")
    extensions: int = Field(4, ge=0, description="values added where the best is at the edge")
    statistics_images: int | None = Field(
        None, ge=2, description="unlabelled training images that freeze D's statistics; null = all"
    )
    resamplings: int = Field(1000, ge=100, description="refits of each law, for the interval")
    tol: float = Field(1e-4, gt=0, description="relative duality gap at which an SVM is fitted")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto: a GPU if there is one"
    )
