"""Options of the check on the authors' weights, as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from typing import Literal

from pydantic import Field

from repro.classification.svm_grid import AUTHORS_GRID
from repro.specs.validation import Strict


class Options(Strict):
    """Sizes of the two protocols; the defaults are the paper's, or the authors' script's."""

    grid: tuple[float, ...] = Field(AUTHORS_GRID, min_length=1, description="values of C tried")
    extensions: int = Field(
        4, ge=0, description="CIFAR-10: values added where the best C is at the edge"
    )
    validation: int = Field(
        10_000, ge=1, description="CIFAR-10: training images held out to choose C (§5.2)"
    )
    validation_share: float = Field(
        0.2, gt=0, lt=1, description="CIFAR-10: at most this share of them is held out"
    )
    statistics_images: int | None = Field(
        None, ge=2, description="CIFAR-10: training images that freeze batch statistics; null = all"
    )
    random_seeds: int = Field(1, ge=1, description="CIFAR-10: networks with random weights")
    centroids: int = Field(4800, ge=1, description="CIFAR-10: of K-means, the paper's row")
    patches: int = Field(400_000, ge=1, description="CIFAR-10: random patches K-means learns from")
    per_class: int = Field(100, ge=1, description="SVHN: labels per class (§5.2: 1000 in all)")
    selection_draws: int = Field(10, ge=1, description="SVHN: draws of labels for each C (authors)")
    draws: int = Field(100, ge=2, description="SVHN: fresh draws at the C chosen (authors)")
    random_draws: int = Field(
        100, ge=2, description="SVHN: the same for the network with random weights, at most `draws`"
    )
    samples: int = Field(100, ge=1, description="pictures drawn by each generator")
    statistics_batches: int = Field(
        50, ge=1, description="batches of 128 z that freeze each generator"
    )
    tol: float = Field(1e-4, gt=0, description="relative duality gap at which an SVM is fitted")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto: a GPU if there is one"
    )
