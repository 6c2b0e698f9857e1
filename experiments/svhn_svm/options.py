"""Options of the SVHN table (Table 2), as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from pydantic import Field

from repro.classification.random_search import TRIALS, SearchSpace
from repro.classification.svm_grid import SvmOptions


class Options(SvmOptions):
    """Sizes of the protocol; the defaults are the paper's, or the authors' where it is silent."""

    per_class: int = Field(100, ge=1, description="labels per class (Table 2: 1,000 in all)")
    extensions: int = Field(
        0, ge=0, description="values added where the best is at the edge (authors' script: 0)"
    )
    selection_draws: int = Field(
        10, ge=1, description="balanced draws for each C, on validation (authors' script: 10)"
    )
    draws: int = Field(
        100, ge=2, description="fresh draws at the C chosen, tested once (authors' script: 100)"
    )
    random_seeds: int = Field(3, ge=1, description="networks with random weights")
    random_draws: int = Field(20, ge=2, description="test draws for each of them, and for pixels")
    neighbours: tuple[int, ...] = Field(
        (1, 3, 5, 9, 15, 25), min_length=1, description="numbers of neighbours tried (KNN row)"
    )
    unlabelled: int = Field(
        10_000, ge=0, description="unlabelled images of the self-training row; 0 leaves it out"
    )
    components: int = Field(
        100, ge=1, description="principal components of the pixels in that row, whitened"
    )
    confident: float = Field(
        0.9, gt=0, lt=1, description="probability above which it takes its own label for true"
    )
    other_draws: int = Field(10, ge=2, description="test draws of the KNN and self-training rows")
    trials: int = Field(
        TRIALS, ge=0, description="of the supervised network's random search (§5.2: 64); 0: none"
    )
    trial_epochs: int = Field(
        100, ge=1, description="passes over the labelled images in a trial (paper silent)"
    )
    evaluate_every: int = Field(5, ge=1, description="passes between validation errors of a trial")
    search: SearchSpace = Field(SearchSpace(), description="what a trial's settings are drawn from")
