"""What a run file may set of an SVM and of the choice of its C; the defaults are the authors'.

Their values of C are from svhn_semisup_analysis.py, which does not extend the grid. The paper gives
none for CIFAR-10, so the experiments there begin with these too.

Where in the flow: the Options of experiments are made of these classes. The module does not import
PyTorch, so that a run file is checked without loading it.
"""

from pydantic import Field

from repro.specs.validation import Device, Strict

AUTHORS_GRID = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2)


class SvmOptions(Strict):
    """An SVM on D's features: the features, the values of C, the precision of a fit."""

    grid: tuple[float, ...] = Field(AUTHORS_GRID, min_length=1, description="values of C tried")
    extensions: int = Field(4, ge=0, description="values added where the best is at the edge")
    statistics_images: int | None = Field(
        None,
        ge=2,
        description="the SVM's training images that freeze D's batch statistics; null = all",
    )
    tol: float = Field(1e-4, gt=0, description="relative duality gap at which an SVM is fitted")
    device: Device = "auto"


class HeldOut(Strict):
    """Training images on which C is chosen."""

    validation: int = Field(10_000, ge=1, description="training images held out to choose C (§5.2)")
    validation_share: float = Field(
        0.2, gt=0, lt=1, description="at most this share of the training images is held out"
    )
