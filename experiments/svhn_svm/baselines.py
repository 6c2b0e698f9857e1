"""Rows of Table 2 on pixels that the paper cites: nearest neighbours, and self-training for TSVM.

Part of measure.py. Each gets the same draws of labels as the SVMs. No well-kept library has a
transductive SVM that scales to these images; self-training shares the idea of treating confident
guesses about unlabelled images as labels (scikit-learn's SelfTrainingClassifier). Alone:
`neighbour_votes(X, y, queries, (1, 3))`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.semi_supervised import SelfTrainingClassifier

from experiments.svhn_svm.data import Split
from repro.classification.discriminator_features import pixel_features

UNLABELLED = -1  # scikit-learn's marker
ROUNDS = 5  # of guessing and refitting


@dataclass(frozen=True)
class Neighbours:
    """Mean validation error of each number of neighbours tried."""

    tried: dict[int, float]

    @property
    def chosen(self) -> int:
        """The number with the lowest error; the smallest on a tie."""
        return min(self.tried, key=lambda k: (self.tried[k], k))


def choose_neighbours(
    training: Split, validation: Split, numbers: Sequence[int], *, draws: list[np.ndarray]
) -> Neighbours:
    """Mean validation error of each of `numbers` over the draws (row numbers of training)."""
    held_out = pixel_features(validation.images)
    errors = []
    for rows in draws:
        X, y = pixel_features(training.images[rows]), training.labels[rows]
        votes = neighbour_votes(X, y, held_out, numbers)
        errors.append([(guess != validation.labels).mean() for guess in votes])
    return Neighbours(dict(zip(numbers, np.mean(errors, axis=0).tolist(), strict=True)))


def neighbour_hits(
    chosen: Neighbours, training: Split, test: Split, *, draws: list[np.ndarray]
) -> np.ndarray:
    """(draws, T) bool: test images that k-nearest neighbours on pixels label correctly."""
    queries = pixel_features(test.images)
    right = []
    for rows in draws:
        X, y = pixel_features(training.images[rows]), training.labels[rows]
        votes = neighbour_votes(X, y, queries, (chosen.chosen,))
        right.append(votes[0] == test.labels)
    return np.stack(right)


def neighbour_votes(
    X: np.ndarray, y: np.ndarray, queries: np.ndarray, numbers: Sequence[int]
) -> list[np.ndarray]:
    """Labels (Q,) by majority for each number of neighbours; the lowest label on a tie.

    X (N, F), y (N,): the labelled rows; queries (Q, F).
    """
    search = NearestNeighbors(n_neighbors=min(max(numbers), len(X)), algorithm="brute").fit(X)
    labels = y[search.kneighbors(queries, return_distance=False)]  # nearest first
    classes = np.unique(y)
    counts = labels[:, :, None] == classes  # (Q, k, classes)
    return [classes[counts[:, :number].sum(axis=1).argmax(axis=1)] for number in numbers]


@dataclass(frozen=True)
class SelfTraining:
    """Hits (draws, T) bool with the unlabelled images, and with the labelled ones alone."""

    hits: np.ndarray
    hits_without: np.ndarray


def self_training(
    training: Split,
    test: Split,
    *,
    draws: list[np.ndarray],
    unlabelled: int,
    components: int,
    confident: float,
    seed: int,
) -> SelfTraining | None:
    """Logistic regression on whitened principal components of the pixels, then on its own guesses.

    The components are those of `unlabelled` training images, whose guesses above the probability
    `confident` become labels. Nothing is chosen here. None where `unlabelled` is 0.
    """
    if not unlabelled:
        return None
    more = training.some(unlabelled, seed=seed, purpose="unlabelled images")
    pixels = pixel_features(training.images[more])
    pca = PCA(
        min(components, *pixels.shape), whiten=True, svd_solver="randomized", random_state=seed
    ).fit(pixels)
    Z, queries = pca.transform(pixels), pca.transform(pixel_features(test.images))
    right, without = [], []
    for rows in draws:
        few, y = pca.transform(pixel_features(training.images[rows])), training.labels[rows]
        plain = LogisticRegression(max_iter=500)
        without.append(plain.fit(few, y).predict(queries) == test.labels)
        machine = SelfTrainingClassifier(plain, threshold=confident, max_iter=ROUNDS)
        machine.fit(np.concatenate([few, Z]), np.concatenate([y, np.full(len(Z), UNLABELLED)]))
        right.append(machine.predict(queries) == test.labels)
    return SelfTraining(np.stack(right), np.stack(without))
