"""A linear SVM from few labels, as the authors did it on SVHN: 100 per class, in repeated draws.

Where in the flow: between features (repro.classification.discriminator_features) and the
experiments on SVHN (paper §5.2, Table 2). The protocol of the authors' svhn_semisup_analysis.py:
for every C of a fixed grid fresh class-balanced draws of the training images, the C of the lowest
mean error on held-out validation images, then fresh draws at that C, with one SVM each. Validation
images are never used for training.

    protocol = FewLabelsProtocol(per_class=100, selection_draws=10, grid=AUTHORS_GRID, ...)
    found = choose_and_test(L2SVC(), X, y, X_validation, y_validation, protocol, draws=100)
    errors = 1 - found.hits(X_test, y_test).mean(axis=1)       # the test set, opened afterwards

`choose_on_images` and `hits_on_images` do the same from images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.base import clone

from repro.classification.choose_c import (
    Choice,
    accuracy,
    balanced_draws,
    choose_C,
    require_known_classes,
)
from repro.classification.discriminator_features import Extract
from repro.classification.shared_features import shared_features
from repro.classification.svm import L2SVC
from repro.progress import tracked


@dataclass(frozen=True)
class LabelledImages:
    """Images (N, H, W, C) uint8 and their labels (N,)."""

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class FewLabelsProtocol:
    """How many labels are drawn, and how C is chosen.

    Equal labels, seed and purpose give equal draws for any features, so that rows of a table can be
    paired by draw.
    """

    per_class: int  # labels drawn of every class
    selection_draws: int  # fresh draws for each value of C; the authors' script: 10
    grid: Sequence[float]  # values of C; the authors': repro.classification.svm_grid
    extensions: int  # values that may be added where the best is at the grid's edge; authors: 0
    seed: int
    purpose: str


@dataclass(frozen=True)
class FewLabels:
    """The choice made on the validation images, and an SVM fitted at that C on each fresh draw."""

    choice: Choice  # accuracies are means over the draws, on the validation images
    svms: list[L2SVC]
    labels: int  # drawn for each SVM

    def hits(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Which images (T) every SVM labels correctly: (draws, T) bool. X (T, F), y (T,)."""
        return np.stack([svm.predict(X) == y for svm in self.svms])


def choose_and_test(
    svm: L2SVC,
    X: np.ndarray,
    y: np.ndarray,
    X_validation: np.ndarray,
    y_validation: np.ndarray,
    protocol: FewLabelsProtocol,
    *,
    draws: int,
) -> FewLabels:
    """Choose C on the validation images, then fit at that C on each of `draws` fresh draws.

    X (N, F) float32 or float64, y (N,): the labels are drawn from these. Raises ValueError naming a
    class that has too few images, SpecError where a class of the validation images does not occur
    in y.
    """
    require_known_classes(y_validation, y, where="validation images")

    def drawn(number: int, use: str) -> list[np.ndarray]:
        purpose = f"{protocol.purpose}, {use}"
        return balanced_draws(y, protocol.per_class, number, seed=protocol.seed, purpose=purpose)

    def fitted(rows: np.ndarray, C: float) -> L2SVC:
        return clone(svm).set_params(C=C).fit(X[rows], y[rows])

    def mean_accuracy(C: float) -> float:
        fresh = drawn(protocol.selection_draws, f"to choose C = {C:g}")
        found = [accuracy(fitted(rows, C), X_validation, y_validation) for rows in fresh]
        return float(np.mean(found))

    def evaluate(Cs: Sequence[float]) -> list[float]:
        return [mean_accuracy(C) for C in tracked(Cs, "choice of C", unit="values")]

    choice = choose_C(evaluate, protocol.grid, extensions=protocol.extensions)
    turns = tracked(drawn(draws, "to test"), "fits to test", unit="draws of labels")
    svms = [fitted(rows, choice.C) for rows in turns]
    return FewLabels(choice, svms, labels=protocol.per_class * len(np.unique(y)))


def choose_on_images(
    svm: L2SVC,
    extract: Extract,
    training: LabelledImages,
    validation: LabelledImages,
    protocol: FewLabelsProtocol,
    *,
    draws: int,
    scratch: Path,
) -> FewLabels:
    """`choose_and_test` on features of images, which are stored below `scratch` while in use."""
    with (
        shared_features(training.images, scratch) as of_training,
        shared_features(validation.images, scratch) as of_validation,
    ):
        return choose_and_test(
            svm,
            of_training.of(extract),
            training.labels,
            of_validation.of(extract),
            validation.labels,
            protocol,
            draws=draws,
        )


def hits_on_images(
    few: FewLabels, extract: Extract, test: LabelledImages, *, scratch: Path
) -> np.ndarray:
    """(draws, T) bool: test images that every SVM labels correctly."""
    with shared_features(test.images, scratch) as of_test:
        return few.hits(of_test.of(extract), test.labels)
