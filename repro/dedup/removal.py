"""Decide from the codes which images are near-duplicates of a kept one, and which are kept.

Where in the flow: `data_prep.dedup` (the pipeline's step, paper §4.1.1) and the tool `repro.dedup`
decide here. One image of a group is kept, the others are marked: the first where all have one size
(rows are in source order, which for LSUN is the order of keys), and of stored pictures the one that
repro/dedup/stored_images.py puts first. Images are never removed unseen: groups larger than
`max_group`, and pictures without contrast, whose code is meaningless, are reported and kept. A code
that does not tell images apart is refused.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from repro.dedup.binary_codes import (
    CodeHealth,
    code_health,
    first_with_same_code,
    group_sizes,
)
from repro.dedup.hamming_search import first_within, hamming
from repro.errors import ExpectedError, UnusableError

TOLERATED = 0.01  # chance pairs per image removed; the paper's "fewer than one in a hundred"
LISTED = 100  # keys of featureless pictures listed in a summary


class DegenerateCodeError(ExpectedError, ValueError):
    """The trained code does not tell images apart; using it would remove unrelated ones."""


@dataclass(frozen=True)
class Removal:
    """Which images are near-duplicates of which, row by row.

    first (N,) int64: the row kept in place of each row, itself where it stands for itself; first in
    the order of preference.
    keep (N,) bool: False where the image is to be removed. distance (N,) uint16: Hamming distance
    between the codes of each row and of first[row]. flat (N,) bool: without contrast.
    """

    first: np.ndarray
    keep: np.ndarray
    distance: np.ndarray
    flat: np.ndarray
    max_group: int

    def summary(self, keys: list[str], *, health: CodeHealth | None = None) -> dict[str, Any]:
        """Counts, the groups and pictures to look at, warnings; plain values for JSON.

        health: of the codes, where they allow an estimate of chance pairs.
        """
        sizes = np.bincount(self.first, minlength=len(self.first))  # at each group's first row
        large = np.flatnonzero(sizes > self.max_group)
        oversized = [{"first_key": keys[row], "images": int(sizes[row])} for row in large]
        featureless = np.flatnonzero(self.flat)
        warnings = []
        if oversized:
            inside = int(sizes[large].sum())
            warnings.append(
                f"{len(oversized)} groups over max_group, {inside} images, kept; please check them"
            )
        if len(featureless):
            warnings.append(
                f"{len(featureless)} pictures without contrast, kept; please check them"
            )
        removed = int((~self.keep).sum())
        if health is not None and health.chance_pairs > max(1.0, TOLERATED * removed):
            warnings.append(
                f"up to {health.chance_pairs:g} pairs of unrelated images resemble each other by "
                f"chance, against {removed} images removed; check them, or choose a more selective "
                "code"
            )
        return {
            "count": len(self.keep),
            "kept": int(self.keep.sum()),
            "removed": removed,
            "removed_fraction": round(float((~self.keep).mean()), 6),
            "groups": int((sizes > 1).sum()),
            "largest_group": int(sizes.max()),
            "oversized_groups": oversized,
            "featureless": [keys[row] for row in featureless[:LISTED]],
            "featureless_count": len(featureless),
            "warnings": warnings,
            **({} if health is None else {"code_health": asdict(health)}),
        }

    def grouped_rows(self) -> np.ndarray:
        """Rows (M,) of every member of every group of two or more, group by group.

        Groups are in the order of the rows kept; these come first, the others in row order.
        """
        members = np.flatnonzero(group_sizes(self.first) > 1)
        first = self.first[members]
        return members[np.lexsort((members, first != members, first))]


def find_removal(
    codes: np.ndarray,
    *,
    flat: np.ndarray,
    max_group: int,
    radius: int = 0,
    order: np.ndarray | None = None,
) -> Removal:
    """Which of the images with `codes` (N, B) uint8 repeat one that is kept.

    radius: Hamming distance up to which codes count as equal; 0 is the paper's rule. flat (N,)
    bool: pictures without contrast. max_group: images; larger groups are kept. order (N,): all
    rows, those to be kept rather than others first; None: row order. B is a multiple of 8.
    Raises ValueError for codes of another shape or type, or an empty dataset.
    """
    if len(codes) == 0:
        raise UnusableError("no codes to group: the dataset is empty")
    order = np.arange(len(codes)) if order is None else order
    order = order[~flat[order]]  # flat pictures are in no group: their equal codes mean nothing
    ordered = codes[order]
    found = first_with_same_code(ordered) if radius == 0 else first_within(ordered, radius=radius)
    own = np.arange(len(codes))
    first = own.copy()
    first[order] = order[found]
    keep = (first == own) | (group_sizes(first) > max_group)
    return Removal(first, keep, hamming(codes, codes[first]), flat, max_group)


def health_of_compared(codes: np.ndarray, flat: np.ndarray, *, radius: int) -> CodeHealth | None:
    """code_health of the images that are compared, codes (N, B) without the flat ones, (N,) bool.

    None where all are flat: there is nothing to judge.
    """
    compared = codes[~flat]
    return code_health(compared, radius=radius) if len(compared) else None


def refuse_degenerate(health: CodeHealth, *, minimum: float, where: str) -> None:
    """Raise DegenerateCodeError for a code of fewer than `minimum` effective bits."""
    if health.effective_bits < minimum:
        raise DegenerateCodeError(
            f"{where}: the code tells images apart as poorly as {health.effective_bits:g} coin "
            f"throws (minimum_bits: {minimum:g}); {health.varying_bits} of {health.bits} bits "
            f"vary, largest groups of equal codes: {health.largest_groups[:3]} of {health.count} "
            "images. Raise noise or code_dropout, train longer (presentations), or lower "
            "minimum_bits to look"
        )
