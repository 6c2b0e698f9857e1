"""Rows of Table 2 on pixels that the paper cites: nearest neighbours, and self-training for TSVM.

Part of measure.py. Each gets the same draws of labels as the SVMs. A transductive SVM that scales
to these images is in no well-kept library; self-training has the same idea, to take confident
guesses about unlabelled images for labels (scikit-learn's SelfTrainingClassifier).
"""

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.semi_supervised import SelfTrainingClassifier

from experiments.svhn_svm.data import Split
from experiments.svhn_svm.options import Options
from repro.classification.discriminator_features import pixel_features

UNLABELLED = -1  # scikit-learn's mark
ROUNDS = 5  # of guessing and fitting again


@dataclass(frozen=True)
class Neighbours:
    """The number of neighbours chosen on validation images: {tried: mean validation error}."""

    tried: dict[int, float]

    @property
    def chosen(self) -> int:
        """The one with the lowest error; of equals the smallest."""
        return min(self.tried, key=lambda k: (self.tried[k], k))


def choose_neighbours(
    training: Split, validation: Split, options: Options, seed: int
) -> Neighbours:
    """Mean error of each number of neighbours over draws of labels for this use."""
    held_out = pixel_features(validation.images)
    errors = []
    for index in range(options.selection_draws):
        rows = training.drawn(options, seed, index, use="to choose k")
        X, y = pixel_features(training.images[rows]), training.labels[rows]
        votes = neighbour_votes(X, y, held_out, options.neighbours)
        errors.append([(guess != validation.labels).mean() for guess in votes])
    return Neighbours(dict(zip(options.neighbours, np.mean(errors, axis=0).tolist(), strict=True)))


def neighbours_right(
    chosen: Neighbours, training: Split, test: Split, options: Options, seed: int
) -> np.ndarray:
    """(draws, T) bool: test images that k-nearest neighbours on pixels label rightly."""
    queries = pixel_features(test.images)
    right = []
    for index in range(options.other_draws):
        rows = training.drawn(options, seed, index)
        X, y = pixel_features(training.images[rows]), training.labels[rows]
        votes = neighbour_votes(X, y, queries, (chosen.chosen,))
        right.append(votes[0] == test.labels)
    return np.stack(right)


def neighbour_votes(
    X: np.ndarray, y: np.ndarray, queries: np.ndarray, numbers: tuple[int, ...]
) -> list[np.ndarray]:
    """For each number of neighbours the label most frequent among them; ties: the lowest label."""
    search = NearestNeighbors(n_neighbors=min(max(numbers), len(X)), algorithm="brute").fit(X)
    labels = y[search.kneighbors(queries, return_distance=False)]  # nearest first
    classes = np.unique(y)
    counts = labels[:, :, None] == classes  # (Q, k, classes)
    return [classes[counts[:, :number].sum(axis=1).argmax(axis=1)] for number in numbers]


@dataclass(frozen=True)
class SelfTraining:
    """(draws, T) bool each: right with unlabelled images, and with the labelled ones alone."""

    right: np.ndarray
    right_without: np.ndarray


def self_training(training: Split, test: Split, options: Options, seed: int) -> SelfTraining:
    """Logistic regression on whitened principal components of the pixels, then on its own guesses.

    The components are those of the unlabelled images. Nothing is chosen here.
    """
    more = training.some(options.unlabelled, seed=seed, purpose="unlabelled images")
    unlabelled = pixel_features(training.images[more])
    components = min(options.components, *unlabelled.shape)
    pca = PCA(components, whiten=True, svd_solver="randomized", random_state=seed).fit(unlabelled)
    Z, queries = pca.transform(unlabelled), pca.transform(pixel_features(test.images))
    right, without = [], []
    for index in range(options.other_draws):
        rows = training.drawn(options, seed, index)
        few, y = pca.transform(pixel_features(training.images[rows])), training.labels[rows]
        plain = LogisticRegression(max_iter=500)
        without.append(plain.fit(few, y).predict(queries) == test.labels)
        machine = SelfTrainingClassifier(plain, threshold=options.confident, max_iter=ROUNDS)
        machine.fit(np.concatenate([few, Z]), np.concatenate([y, np.full(len(Z), UNLABELLED)]))
        right.append(machine.predict(queries) == test.labels)
    return SelfTraining(np.stack(right), np.stack(without))
