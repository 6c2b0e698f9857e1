"""Options of the check on the authors' weights, as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from pydantic import Field

from repro.classification.svm_grid import HeldOut, SvmOptions


class Options(SvmOptions, HeldOut):
    """Sizes of the two protocols; the defaults are the paper's, or the authors' script's.

    Only CIFAR-10's holds images out, extends the grid and has statistics_images.
    """

    extensions: int = Field(
        4, ge=0, description="CIFAR-10: values added where the best C is at the edge"
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
