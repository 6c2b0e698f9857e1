"""Options of the forecast for Table 1, as a card's `scales:` or a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from pydantic import Field

from repro.classification.svm_grid import HeldOut, SvmOptions


class Options(SvmOptions, HeldOut):
    """Sizes of the protocol, and the sizes for which accuracy is forecast: the paper's."""

    paper_maps: int = Field(128, ge=1, description="maps of D's first layer (authors' weights)")
    paper_images: int = Field(1_281_167, ge=1, description="training images (ImageNet-1k, §4.3)")
    paper_passes: float = Field(30, gt=0, description="passes over them (authors' file prefix)")
    resamplings: int = Field(1000, ge=100, description="refits of each law, for the interval")
