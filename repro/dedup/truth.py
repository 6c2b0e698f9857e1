"""Compare the duplicates found with the truth: recall of planted copies, precision of removals.

Where in the flow: a generated world (or a test set) comes with a CSV `key,group,kind`: rows of one
group show one original; kind is "original" or the perturbation of the copy (blur, crop, ...); a
negative group is "not judged" (damaged records, odd formats). `experiments/dedup` scores hashes
with it; it is never a training signal. Counting is linear in the number of images.

Alone: `read_truth(Path("truth.csv"), keys)`.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.claims.intervals import wilson
from repro.errors import ExpectedError

COLUMNS = ("key", "group", "kind")
ORIGINAL = "original"
NOT_JUDGED = -1


class TruthError(ExpectedError, ValueError):
    """An unusable truth file; the message names file, line and what was expected."""


@dataclass(frozen=True)
class Truth:
    """The truth of N images, row by row."""

    group: np.ndarray  # (N,) int64; NOT_JUDGED where the file says so or lacks the key
    kind: np.ndarray  # (N,) str; "" where not judged
    original: np.ndarray  # (N,) int64: row of the original; -1 for originals and where it is absent

    @property
    def copies(self) -> np.ndarray:
        """Rows of the planted copies whose original is in the dataset, (M,) int64."""
        return np.flatnonzero(self.original >= 0)


@dataclass(frozen=True)
class Share:
    """successes of n with its 95 % Wilson interval."""

    successes: int
    n: int

    @property
    def value(self) -> float:
        return self.successes / self.n

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(successes=self.successes, n=self.n)


@dataclass(frozen=True)
class PairCounts:
    """Numbers of pairs of images with equal labels, both images judged."""

    found: int
    true: int  # found pairs of the same group
    planted: int  # existing pairs of the same group

    @property
    def false(self) -> int:
        return self.found - self.true


def read_truth(path: Path, keys: list[str]) -> Truth:
    """Truth of the images with these keys (row order). Raises TruthError naming file and line."""
    rows = _rows(path)
    group = np.array([rows[k][0] if k in rows else NOT_JUDGED for k in keys], np.int64)
    group[group < 0] = NOT_JUDGED
    judged = group >= 0
    kind = np.array([rows[k][1] if ok else "" for k, ok in zip(keys, judged, strict=True)], str)
    if not judged.any():
        raise TruthError(f"{path}: names none of the {len(keys)} images; is it their truth file?")
    original: dict[int, int] = {}
    for row in np.flatnonzero(kind == ORIGINAL):
        if original.setdefault(int(group[row]), int(row)) != row:
            raise TruthError(f"{path}: group {group[row]} has two originals; expected one")
    of_copy = [
        original.get(int(g), -1) if ok and k != ORIGINAL else -1
        for g, k, ok in zip(group, kind, judged, strict=True)
    ]
    return Truth(group=group, kind=kind, original=np.array(of_copy, np.int64))


def joined(truth: Truth, keys: list[str], same: Iterable[tuple[str, str]]) -> Truth:
    """The truth with the groups of each pair of keys in `same` merged: natural duplicates.

    keys: of the images, in row order. A copy keeps the original from which it was made. Raises
    TruthError for a key that is not among the images or not judged.
    """
    pairs = [tuple(pair) for pair in same]
    wanted = {key for pair in pairs for key in pair}
    row = {key: n for n, key in enumerate(keys) if key in wanted}
    group = truth.group.copy()
    for pair in pairs:
        for key in pair:
            if key not in row or group[row[key]] < 0:
                raise TruthError(f"'{key}' cannot be joined with another: no judged image has it")
        one, other = (group[row[key]] for key in pair)
        group[group == other] = one
    return Truth(group=group, kind=truth.kind, original=truth.original)


def _rows(path: Path) -> dict[str, tuple[int, str]]:
    """key -> (group, kind)."""
    rows: dict[str, tuple[int, str]] = {}
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise TruthError(f"{path}: columns {reader.fieldnames}, expected {', '.join(COLUMNS)}")
        for line, row in enumerate(reader, start=2):
            key, group, kind = (row[column] for column in COLUMNS)
            if key in rows:
                raise TruthError(f"{path}, line {line}: key '{key}' is given twice")
            try:
                rows[key] = int(group), str(kind)
            except (TypeError, ValueError):
                raise TruthError(
                    f"{path}, line {line}: group {group!r}, expected a whole number"
                ) from None
    return rows


def count_pairs(labels: np.ndarray, truth: Truth) -> PairCounts:
    """Pairs found by `labels` (N,), equal label = found, among judged images."""
    judged = truth.group >= 0
    labels, group = labels[judged], truth.group[judged]
    return PairCounts(
        found=_pairs(labels[:, None]),
        true=_pairs(np.stack([labels, group], axis=1)),
        planted=_pairs(group[:, None]),
    )


def _pairs(rows: np.ndarray) -> int:
    """Number of unordered pairs of equal rows (N, K)."""
    if len(rows) == 0:
        return 0
    sizes = np.unique(rows, axis=0, return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())


def copies_found(labels: np.ndarray, truth: Truth) -> np.ndarray:
    """Whether each of truth.copies has the label of its original: (M,) bool."""
    return labels[truth.copies] == labels[truth.original[truth.copies]]


def recall(labels: np.ndarray, truth: Truth, *, kind: str | None = None) -> Share:
    """Share of planted copies, of one kind or of all, that have their original's label."""
    found = copies_found(labels, truth)
    if kind is not None:
        found = found[truth.kind[truth.copies] == kind]
    return Share(successes=int(found.sum()), n=len(found))


def kinds(truth: Truth) -> list[str]:
    """Kinds of planted copies in the truth, sorted."""
    return sorted(set(truth.kind[truth.copies].tolist()))


def false_removals(keep: np.ndarray, first: np.ndarray, truth: Truth) -> Share:
    """Share of removed images that show another original than the image kept for them.

    keep (N,) bool; first (N,): for each image the row kept in its place. Only pairs count in which
    both are judged. This is the paper's false positive rate, which it estimates by eye.
    """
    removed = np.flatnonzero(~keep)
    removed = removed[(truth.group[removed] >= 0) & (truth.group[first[removed]] >= 0)]
    wrong = truth.group[removed] != truth.group[first[removed]]
    return Share(successes=int(wrong.sum()), n=len(removed))
