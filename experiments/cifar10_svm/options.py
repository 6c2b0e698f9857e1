"""Options of the CIFAR-10 table (Table 1), as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from typing import Literal

from pydantic import Field

from repro.classification.svm_grid import HeldOut, SvmOptions

ALL = 0  # means all labels, where labels are counted per class


class Options(SvmOptions, HeldOut):
    """Sizes of the protocol; the defaults are the paper's, or the authors' where it is silent."""

    per_class: int = Field(400, ge=1, description="labels per class in the second column (Table 1)")
    draws: int = Field(10, ge=1, description="balanced draws of that many labels")
    selection_draws: int = Field(
        10, ge=1, description="other draws of them, to choose C (authors' SVHN script: 10)"
    )
    label_counts: tuple[int, ...] = Field(
        (10, 25, 50, 100, 200),
        description="more numbers of labels per class, for the curve of accuracy against labels; "
        "they are drawn `curve_draws` times",
    )
    curve_draws: int = Field(5, ge=1, description="balanced draws of each of label_counts")
    random_seeds: int = Field(3, ge=1, description="networks with random weights")
    centroids: int = Field(
        4_800, ge=0, description="of the K-means row (Table 1: 4,800 units); 0 leaves it out"
    )
    fewer_centroids: int = Field(
        0, ge=0, description="of a second K-means row; 0 leaves it out (Coates, Ng and Lee: 1,600)"
    )
    patches: int = Field(
        400_000, ge=1, description="random patches of training images that K-means is fitted to"
    )
    statistics: Literal["target", "source"] = Field(
        "target",
        description="images that freeze the batch statistics of trained discriminators: target = "
        "unlabelled CIFAR-10 training images, source = those it was trained on",
    )
    scaled_both_ways: bool = Field(
        False,
        description="further rows of D's features brought to mean 0, deviation 1, and of K-means' "
        "as they are, so that both are treated alike (paper: neither is mentioned)",
    )
