"""The truth file of a dataset, where it has one, and what each method finds of it (paper §4.1.1).

Part of measure.py. The file (repro/dedup/truth.py) says which images of the dataset itself show one
original. results.py uses it to count wrong removals and the copies that each method finds. Alone:
`read_truth_of(raw, store, file="duplicates.csv", required=False, same=[])`.
"""

from pathlib import Path

import numpy as np

from experiments.dedup.copies import DISTANCES, FURTHEST, METHODS, CodesByMethod
from repro.data.store import ImageStore
from repro.dedup.hamming_search import hamming
from repro.dedup.truth import Truth, joined, kinds, read_truth
from repro.specs.validation import SpecError


def read_truth_of(
    raw: Path, store: ImageStore, *, file: str, required: bool, same: list[tuple[str, str]]
) -> Truth | None:
    """The truth of all images, or None where there is no file and none is required.

    file: relative to the raw folder; same: pairs of keys that show one picture whatever the file
    says. Raises SpecError where a file is missing that is required or that `same` amends.
    """
    path = raw / file
    if path.is_file():
        return joined(read_truth(path, store.keys), store.keys, same)
    if required:
        raise SpecError(f"experiments.dedup.truth: no such file {path}; it is relative to {raw}")
    if same:
        raise SpecError(f"experiments.dedup.same: there is no truth file {path} to amend")
    return None


def first_rows(truth: Truth, n: int) -> Truth:
    """The truth of the first n images; originals in later rows count as absent."""
    original = truth.original[:n].copy()
    original[original >= n] = -1
    return Truth(truth.group[:n], truth.kind[:n], original)


def truth_arrays(codes: CodesByMethod, truth: Truth) -> dict[str, np.ndarray]:
    """Copies of the truth file found by K methods, by kind (T) and distance (D), for the figures.

    names (T,) str; copies (T,); found (K, T, D) int64, -1 at distances that are not counted.
    """
    names = kinds(truth)
    of_kind = [truth.copies[truth.kind[truth.copies] == name] for name in names]
    found = np.full((len(METHODS), len(names), DISTANCES), -1, np.int64)
    for row, method in enumerate(METHODS):
        hashed, furthest = codes.images[method], FURTHEST[method]
        for column, copies in enumerate(of_kind):
            distance = hamming(hashed[copies], hashed[truth.original[copies]])
            counts = np.bincount(distance[distance <= furthest], minlength=furthest + 1)
            found[row, column, : furthest + 1] = np.cumsum(counts)
    return {
        "names": np.array(names, str),
        "copies": np.array([len(copies) for copies in of_kind], np.int64),
        "found": found,
    }
