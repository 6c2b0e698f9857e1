"""How much the class of the image determines a channel's response, on ranks, channel by channel.

Part of measure.py. Bedrooms have no classes, labelled pictures of objects do. Alone: `class_share`
and `class_auc` accept any responses (N, C) with labels (N,).
"""

from typing import NamedTuple

import numpy as np
from scipy import stats


class ClassRanks(NamedTuple):
    """Ranks of the images by each channel's response, and their means class by class."""

    ranks: np.ndarray  # (N, C) float64, 1 for the weakest response, ties shared
    means: np.ndarray  # (classes, C)
    counts: np.ndarray  # (classes,)


def class_ranks(value: np.ndarray, labels: np.ndarray) -> ClassRanks:
    """Responses (N, C) ranked channel by channel. Raises ValueError for fewer than 2 classes."""
    classes = np.unique(labels)
    if len(classes) < 2:
        raise ValueError(f"class_ranks: {len(classes)} class among {len(labels)} labels; want 2")
    ranks = stats.rankdata(value, axis=0)
    means = np.stack([ranks[labels == one].mean(axis=0) for one in classes])
    return ClassRanks(ranks, means, np.array([(labels == one).sum() for one in classes]))


def class_share(value: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Share of the ranks' variance that is between classes, (N, C) -> (C,); NaN if all are tied.

    Eta squared of the ranks, the Kruskal-Wallis H over N - 1: invariant under any increasing
    function of the response. Uninformative labels give (classes - 1) / (N - 1) on average.
    """
    ranks, means, counts = class_ranks(value, labels)
    middle = (len(ranks) + 1) / 2
    between = (counts[:, None] * np.square(means - middle)).sum(axis=0)
    total = np.square(ranks - middle).sum(axis=0)
    return np.divide(between, total, out=np.full(len(total), np.nan), where=total > 0)


def class_auc(value: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Area under the curve of the class that a channel tells best from the rest: (N, C) -> (C,).

    It is the chance that, of two images, only one of which is of that class, this one has the
    stronger response; ties count half. As the largest over the classes, it is above 0.5 even for
    uninformative labels.
    """
    ranks, means, counts = class_ranks(value, labels)
    areas = (means - (counts[:, None] + 1) / 2) / (len(ranks) - counts[:, None])
    return areas.max(axis=0)
