"""A linear SVM from few labels, as the authors did it on SVHN: 100 per class, in repeated draws.

Where in the flow: between features (repro.classification.discriminator_features) and the
experiments on SVHN (paper §5.2, Table 2). The protocol of the authors' svhn_semisup_analysis.py:
for every C of a fixed grid fresh class-balanced draws of the training images, the C of the lowest
mean error on held-out validation images, then fresh draws at that C, with one SVM each. Validation
images are never used for training.

    found = choose_and_test(L2SVC(), X, y, X_validation, y_validation, per_class=100, seed=42, ...)
    errors = 1 - found.hits(X_test, y_test).mean(axis=1)       # the test set, opened afterwards

`choose_on_images` and `hits_on_images` do the same from images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from repro.classification.choose_c import (
    Choice,
    accuracy,
    balanced_draw,
    choose_C,
    require_known_classes,
)
from repro.classification.discriminator_features import Extract
from repro.classification.shared_features import shared_features
from repro.classification.svm import L2SVC
from repro.classification.svm_grid import AUTHORS_GRID
from repro.progress import tracked


@dataclass(frozen=True)
class LabelledImages:
    """Images (N, H, W, C) uint8 and their labels (N,)."""

    images: np.ndarray
    labels: np.ndarray


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
    *,
    per_class: int,
    seed: int,
    purpose: str,
    grid: Sequence[float] = AUTHORS_GRID,
    selection_draws: int = 10,
    draws: int = 100,
    extensions: int = 0,
) -> FewLabels:
    """Choose C by `selection_draws` draws per value, then fit on `draws` others at the chosen C.

    X (N, F) float32 or float64, y (N,): draws take `per_class` rows of every class. Equal labels,
    seed and purpose give equal draws for any features, so rows of a table can be paired by draw.
    extensions: number of values of C that may be added where the best is at the edge of the grid.
    Raises ValueError naming a class that has too few images, SpecError where a class of the
    validation images does not occur in y.
    """
    require_known_classes(y_validation, y, where="validation images")

    def drawn(use: str, index: int) -> np.ndarray:
        return balanced_draw(y, per_class, seed=seed, purpose=f"{purpose}, {use}", index=index)

    def fitted(rows: np.ndarray, C: float) -> L2SVC:
        return clone(svm).set_params(C=C).fit(X[rows], y[rows])

    def held_out_accuracy(C: float, index: int) -> float:
        svm_of_draw = fitted(drawn(f"to choose C = {C:g}", index), C)
        return accuracy(svm_of_draw, X_validation, y_validation)

    def evaluate(Cs: Sequence[float]) -> list[float]:
        draws_of_a_value = range(selection_draws)
        return [
            float(np.mean([held_out_accuracy(C, i) for i in draws_of_a_value]))
            for C in tracked(Cs, "choice of C", unit="values")
        ]

    choice = choose_C(evaluate, grid, extensions=extensions)
    turns = tracked(range(draws), "fits to test", unit="draws of labels")
    svms = [fitted(drawn("to test", index), choice.C) for index in turns]
    return FewLabels(choice, svms, labels=per_class * len(np.unique(y)))


def choose_on_images(
    svm: L2SVC,
    extract: Extract,
    training: LabelledImages,
    validation: LabelledImages,
    *,
    scratch: Path,
    **settings: Any,
) -> FewLabels:
    """`choose_and_test` on features of images, which are stored below `scratch` while in use.

    settings: per_class, seed, purpose and the other arguments of `choose_and_test`.
    """
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
            **settings,
        )


def hits_on_images(
    few: FewLabels, extract: Extract, test: LabelledImages, *, scratch: Path
) -> np.ndarray:
    """(draws, T) bool: test images that every SVM labels correctly."""
    with shared_features(test.images, scratch) as of_test:
        return few.hits(of_test.of(extract), test.labels)
