"""Pairs of codes within a Hamming radius, and groups built from them: beyond the paper (§4.1.1).

Where in the flow: `repro.duplicates` asks here when a radius above 0 is wanted; equal codes are the
business of `repro.codes`. (Multi-index hashing, Norouzi et al. 2012.) It has nothing to run alone.
"""

import numpy as np

from repro.codes import first_with_same_code


def hamming(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Differing bits between rows of codes (N, B) uint8 and (N, B) uint8: (N,) uint8."""
    return np.bitwise_count(a ^ b).sum(axis=1, dtype=np.uint8)


def pairs_within(codes: np.ndarray, *, radius: int) -> np.ndarray:
    """Rows i < j of codes (N, B) uint8 with at most `radius` differing bits: (P, 2) int64."""
    bits = np.unpackbits(codes, axis=1).astype(np.float32)
    found = []
    for start in range(0, len(codes), 1024):
        part = bits[start : start + 1024]
        distance = part.sum(1)[:, None] + bits.sum(1)[None] - 2 * part @ bits.T
        i, j = np.nonzero(distance <= radius)
        i += start
        found.append(np.stack([i, j], axis=1)[i < j])
    return np.concatenate(found)


def first_within(codes: np.ndarray, *, radius: int) -> np.ndarray:
    """For each row of codes (N, B) uint8 the earliest kept row within `radius`: (N,) int64.

    Rows are taken in order: a row near to one that is kept is left out for the earliest such row,
    any other is kept. So no chain of small steps joins images that differ by more than the radius.
    """
    exact = first_with_same_code(codes)
    distinct = np.flatnonzero(exact == np.arange(len(codes)))
    leader = distinct.copy()
    place = {int(row): n for n, row in enumerate(distinct)}
    del place
    pairs = pairs_within(codes[distinct], radius=radius)
    kept = np.ones(len(distinct), bool)
    for i, j in pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))].tolist():
        if kept[j] and kept[i]:
            kept[j] = False
            leader[j] = distinct[i]
    first = np.arange(len(codes))
    first[distinct] = leader
    return first[exact]
