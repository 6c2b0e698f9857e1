"""Recall of the planted copies and precision on pairs, per method and Hamming distance (§4.1.1).

Part of measure.py. Recall is the share of copies within d bits of their original. An interval over
all kinds is taken over originals, since the copies of one picture are found or missed together; an
interval of one kind at one strength is Wilson's, since each original then has one copy. Precision
is that of the pairs found in a stated mixture: `copy_share * n` of n judged images are copies, all
kinds and strengths in equal parts, and all pairs of different originals among them are counted.
Without a truth file every image counts as another original, so precision is a lower bound.

Alone: `recall_study(codes, copies, truth, copy_share=0.09)`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.dedup.copies import DISTANCES, FURTHEST, METHODS, CodesByMethod, Copies
from experiments.dedup.pair_counts import pairs_by_distance
from repro.claims.intervals import bootstrap_means_of_columns
from repro.dedup.truth import Truth
from repro.progress import tracked

AT_MOST_WRONG = 0.01  # share of the pairs found: the paper's own estimate
ABSENT = -1  # in counts: not counted at this distance


@dataclass(frozen=True)
class RecallStudy:
    """K methods, Q perturbations, D distances; ABSENT or NaN at distances that are not counted."""

    found: np.ndarray  # (K, Q, D) int64, copies found
    copies: np.ndarray  # (Q,) int64, copies in total
    by_original: np.ndarray  # (K, O, D) float64, recall among the copies of each original
    false_pairs: np.ndarray  # (K, D) int64, pairs found that show different originals
    pairs: int  # pairs of different originals in total
    true_pairs: np.ndarray  # (K, D) int64, pairs of the truth file found
    precision: np.ndarray  # (K, D)
    images: int
    judged: bool  # whether a truth file tells which images are duplicates by nature

    @property
    def recall(self) -> np.ndarray:
        """(K, D): mean over originals."""
        return self.by_original.mean(axis=1)

    def distance_allowed(self, method: str) -> int | None:
        """Largest distance up to which precision in the mixture is 0.99 or more, if any.

        None, too, without a truth file: near pairs may then be duplicates by nature, not errors.
        """
        if not self.judged:
            return None
        return largest_allowed(self.precision[METHODS.index(method), : FURTHEST[method] + 1])

    def distance_allowed_by_truth(self, method: str) -> int | None:
        """The same for pairs found among the images themselves, according to the truth file."""
        row, there = METHODS.index(method), slice(FURTHEST[method] + 1)
        found = self.true_pairs[row, there] + self.false_pairs[row, there]
        return largest_allowed(
            np.divide(self.true_pairs[row, there], found, out=np.ones(len(found)), where=found > 0)
        )


def largest_allowed(precision: np.ndarray) -> int | None:
    """Last of the distances 0, 1, ... (D,) before precision first falls below 0.99, or None.

    NaN, where nothing is found, does not count as a fall.
    """
    wrong = precision < 1 - AT_MOST_WRONG
    allowed = int(np.argmax(wrong)) if wrong.any() else len(wrong)
    return allowed - 1 if allowed else None


def recall_study(
    codes: CodesByMethod, copies: Copies, truth: Truth | None, *, copy_share: float
) -> RecallStudy:
    """Count copies and pairs found. truth: of the images, in row order; None: all are originals."""
    n = len(codes.images["autoencoder"])
    group = np.arange(n) if truth is None else truth.group
    originals = np.unique(copies.original, return_inverse=True)[1].reshape(-1)
    perturbations = len(copies.kinds)
    shape = (len(METHODS), DISTANCES)
    found = np.full((shape[0], perturbations, shape[1]), ABSENT, np.int64)
    by_original = np.full((shape[0], originals.max() + 1, shape[1]), np.nan)
    false_pairs, true_pairs = (np.full(shape, ABSENT, np.int64) for _ in range(2))
    distances = codes.distances()
    per_original = np.bincount(originals)
    for row, method in enumerate(tracked(METHODS, "pairs by distance", unit="hashes")):
        for d in range(FURTHEST[method] + 1):
            near = distances[method] <= d
            found[row, :, d] = np.bincount(copies.perturbation[near], minlength=perturbations)
            counted = np.bincount(originals[near], minlength=len(per_original))
            by_original[row, :, d] = counted / per_original
        pairs = pairs_by_distance(codes.images[method], group, furthest=FURTHEST[method])
        false_pairs[row, : FURTHEST[method] + 1] = pairs.different_found
        true_pairs[row, : FURTHEST[method] + 1] = pairs.same_found
    judged = int((group >= 0).sum())  # false pairs are counted among these alone
    hits = copy_share * judged * by_original.mean(axis=1)  # (K, D) pairs
    everything = hits + np.where(false_pairs == ABSENT, np.nan, false_pairs)
    return RecallStudy(
        found=found,
        copies=np.bincount(copies.perturbation, minlength=perturbations),
        by_original=by_original,
        false_pairs=false_pairs,
        pairs=pairs.different,
        true_pairs=true_pairs,
        precision=np.divide(
            hits, everything, out=np.full(shape, np.nan), where=np.nan_to_num(everything) > 0
        ),
        images=n,
        judged=truth is not None,
    )


def study_arrays(study: RecallStudy, copies: Copies, *, seed: int) -> dict[str, Any]:
    """The arrays from which the figures are drawn."""
    low, high = over_originals(study.by_original, seed=seed)
    return {
        "methods": np.array(METHODS),
        "kinds": np.array(copies.kinds),
        "strengths": np.array(copies.strengths),
        "copies": study.copies,
        "originals": study.by_original.shape[1],
        "found": study.found,
        "recall": study.recall,
        "recall_low": low,
        "recall_high": high,
        "false_pairs": study.false_pairs,
        "true_pairs": study.true_pairs,
        "pairs": study.pairs,
        "precision": study.precision,
        "images": study.images,
        "allowed": np.array(
            [ABSENT if (d := study.distance_allowed(m)) is None else d for m in METHODS]
        ),
    }


def over_originals(values: np.ndarray, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ends of 95 % bootstrap intervals of the mean over originals: (K, O, D) -> (K, D), (K, D)."""
    methods, n, distances = values.shape
    columns = values.transpose(1, 0, 2).reshape(n, methods * distances)
    low, high = bootstrap_means_of_columns(
        columns, seed=seed, purpose="dedup, recall over originals"
    )
    return low.reshape(methods, distances), high.reshape(methods, distances)
