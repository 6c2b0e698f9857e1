"""Pairs of images within each Hamming distance, of one original and of different originals.

Part of recall_study.py. All pairs are counted block by block, so that memory stays bounded at any
distance; only counts by distance are kept, not pairs. Alone:
`pairs_by_distance(codes, group, furthest=32)`.
"""

from dataclasses import dataclass

import numpy as np

from repro.dedup.hamming_search import hamming

BLOCK = 512  # rows compared with all later ones at a time


@dataclass(frozen=True)
class PairsByDistance:
    """Unordered pairs of judged images; found[d]: pairs with d or fewer differing bits."""

    same: int  # pairs of one original
    different: int  # pairs of different originals
    same_found: np.ndarray  # (D,) int64
    different_found: np.ndarray  # (D,) int64


def pairs_by_distance(codes: np.ndarray, group: np.ndarray, *, furthest: int) -> PairsByDistance:
    """Count the pairs of codes (N, B) uint8 within 0..furthest bits.

    group (N,) int64: equal for images of one original; negative: not judged, left out.
    """
    judged = group >= 0
    codes, group = codes[judged], group[judged]
    n = len(codes)
    every = _histogram(codes, furthest=furthest)
    one, other = _pairs_of_one_group(group)
    distance = hamming(codes[one], codes[other])
    same = np.bincount(distance[distance <= furthest], minlength=furthest + 1)
    return PairsByDistance(
        same=len(one),
        different=n * (n - 1) // 2 - len(one),
        same_found=np.cumsum(same),
        different_found=np.cumsum(every - same),
    )


def _histogram(codes: np.ndarray, *, furthest: int) -> np.ndarray:
    """Number of pairs i < j at each distance 0..furthest: (furthest + 1,) int64."""
    signs = np.unpackbits(codes, axis=1).astype(np.float32) * 2 - 1  # (N, bits), -1 or 1
    bits = signs.shape[1]
    counts = np.zeros(furthest + 1, np.int64)
    for start in range(0, len(signs), BLOCK):
        part = signs[start : start + BLOCK]
        # differing bits = (bits - product) / 2, exact in float32
        distance = (bits - part @ signs[start:].T) / 2
        distance[np.tril_indices(len(part))] = bits + 1  # itself, and pairs already counted
        near = distance[distance <= furthest].astype(np.int64)
        counts += np.bincount(near, minlength=furthest + 1)
    return counts


def _pairs_of_one_group(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows (P,) and (P,) of all pairs with equal group."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    members = [rows for rows in np.split(order, starts[1:]) if len(rows) > 1]
    pairs = [rows[np.stack(np.triu_indices(len(rows), 1))] for rows in members]
    one, other = np.concatenate(pairs, axis=1) if pairs else np.zeros((2, 0), np.int64)
    return one, other
