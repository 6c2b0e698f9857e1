"""Copies between two collections: which images of one are in the other, for example in a test set.

Where in the flow: `repro.dedup.folder` calls it where the tool is given --against OTHER. Codes of
both come from one hash. Images of one collection are never compared with each other, and each image
is paired with its nearest counterpart only, since listing all pairs could grow with the product of
the two sizes.

Alone: `nearest_across(codes, other_codes, radius=4)`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.dedup.binary_codes import first_with_same_code, group_sizes
from repro.dedup.hamming_search import hamming, pairs_within
from repro.dedup.removal import Removal


@dataclass(frozen=True)
class NearestOther:
    """For each of N images its nearest counterpart among the others.

    row (N,) int64: its row there, the first of those equally near, -1 where there is none.
    counterparts (N,) int64: how many of the others are within the radius.
    """

    row: np.ndarray
    counterparts: np.ndarray


def nearest_across(codes: np.ndarray, others: np.ndarray, *, radius: int) -> NearestOther:
    """Nearest of `others` (M, B) uint8 within `radius` bits of each of `codes` (N, B) uint8.

    The search is exact. Raises the errors of `repro.dedup.hamming_search.pairs_within`, whose limit
    on pairs counts distinct codes of both collections.
    """
    n = len(codes)
    both = np.concatenate([codes, others])
    exact = first_with_same_code(both)
    distinct = np.flatnonzero(exact == np.arange(len(both)))
    number = np.searchsorted(distinct, exact)  # (N + M,) of each row's code
    held = np.bincount(number[n:], minlength=len(distinct))  # of the others, by code
    first = np.full(len(distinct), len(both), np.int64)
    np.minimum.at(first, number[n:], np.arange(len(others)))
    i, j = pairs_within(both[distinct], radius=radius).T if radius else np.empty((2, 0), np.int64)
    own = np.arange(len(distinct))
    here, there = np.concatenate([i, j, own]), np.concatenate([j, i, own])
    here, there = here[held[there] > 0], there[held[there] > 0]
    distance = hamming(both[distinct[here]], both[distinct[there]])
    order = np.lexsort((first[there], distance, here))
    here, there = here[order], there[order]
    row = np.full(len(distinct), -1, np.int64)
    nearest = np.ones(len(here), bool)
    nearest[1:] = here[1:] != here[:-1]
    row[here[nearest]] = first[there[nearest]]
    counterparts = np.bincount(here, weights=held[there], minlength=len(distinct)).astype(np.int64)
    return NearestOther(row[number[:n]], counterparts[number[:n]])


def find_copies(
    codes: np.ndarray, others: np.ndarray, *, flat: np.ndarray, max_group: int, radius: int
) -> tuple[Removal, np.ndarray]:
    """Which of N images repeat one of M others, as a Removal of N + M rows, the others last.

    Each group is one of the others with the images that are nearest to it. flat (N + M,) bool:
    pictures without contrast, which are not compared. Images of groups over `max_group` are listed
    and kept. Also returns how many counterparts each image has, (N + M,) int64.
    """
    n, total = len(codes), len(codes) + len(others)
    here, there = np.flatnonzero(~flat[:n]), np.flatnonzero(~flat[n:])
    found = nearest_across(codes[here], others[there], radius=radius)
    has_one = found.row >= 0
    first = np.arange(total)
    first[here[has_one]] = n + there[found.row[has_one]]
    counterparts = np.zeros(total, np.int64)
    counterparts[here] = found.counterparts
    both = np.concatenate([codes, others])
    keep = (first == np.arange(total)) | (group_sizes(first) - 1 > max_group)
    return Removal(first, keep, hamming(both, both[first]), flat, max_group), counterparts


def summary_across(removal: Removal, keys: list[str], *, images: int) -> dict[str, Any]:
    """Counts of a removal by `find_copies`; images: N. Plain values for JSON."""
    copies = removal.first[:images] != np.arange(images)
    large = copies & removal.keep[:images]
    warnings = []
    if large.any():
        warnings.append(
            f"{int(large.sum())} images resemble an image of the other collection that over "
            f"max_group = {removal.max_group} images resemble, kept; please check them"
        )
    flat = int(removal.flat.sum())
    if flat:
        warnings.append(f"{flat} pictures without contrast, not compared")
    return {
        "count": images,
        "compared_with": len(keys) - images,
        "copies": int(copies.sum()),
        "removed": int((~removal.keep).sum()),
        "kept": int(removal.keep[:images].sum()),
        "groups": len(np.unique(removal.first[:images][copies])),
        "featureless_count": flat,
        "warnings": warnings,
    }
