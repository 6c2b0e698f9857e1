"""Scores against the truth file of a dataset, where it has one (paper §4.1.1).

Part of measure.py. The file (repro/dedup/truth.py) says which images of the dataset itself show one
original: what was removed wrongly, and what each method finds at distance 0, is counted with it.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from experiments.dedup.copies import DISTANCES, FURTHEST, METHODS, CodesByMethod
from experiments.dedup.options import Options
from experiments.dedup.recall_study import RecallStudy
from experiments.dedup.removal import Removed
from repro.claims.constructors import counted_share_over, mean_over, single_number
from repro.claims.measurement import Measurement
from repro.data.store import ImageStore
from repro.dedup.hamming_search import hamming
from repro.dedup.truth import (
    Truth,
    copies_found,
    count_pairs,
    false_removals,
    joined,
    kinds,
    read_truth,
    recall,
)
from repro.specs.validation import SpecError


def read_truth_of(raw: Path, store: ImageStore, options: Options) -> Truth | None:
    """The truth of all images, or None where there is no file of the usual name."""
    path = raw / options.truth
    if path.is_file():
        return joined(read_truth(path, store.keys), store.keys, options.same)
    if options.truth != Options.model_fields["truth"].default:
        raise SpecError(f"experiments.dedup.truth: no such file {path}; it is relative to {raw}")
    if options.same:
        raise SpecError(f"experiments.dedup.same: there is no truth file {path} to amend")
    return None


def first_rows(truth: Truth, n: int) -> Truth:
    """The truth of the first n images; originals behind them count as absent."""
    original = truth.original[:n].copy()
    original[original >= n] = -1
    return Truth(truth.group[:n], truth.kind[:n], original)


def compared_measurements(found: dict[str, np.ndarray], *, seed: int) -> list[Measurement]:
    """What each method would remove, and how much more than pixel equality the autoencoder does.

    found: for each of n images the first row it is held equal to, (n,) int64, per method.
    """
    removed = {name: labels != np.arange(len(labels)) for name, labels in found.items()}
    n = len(removed["pixels"])
    text = f"share of the first {n} images that equal an earlier one at distance 0"
    shares = [
        counted_share_over(
            f"removed_share_{name}", int(gone.sum()), n, over="images", protocol=text
        )
        for name, gone in removed.items()
    ]
    more = removed["autoencoder"].astype(float) - removed["pixels"]
    difference = "removed by the autoencoder minus by equality of pixels, same images"
    return [*shares, _paired("removed_beyond_pixels", more, seed=seed, protocol=difference)]


def precision_measurements(removed: Removed, truth: Truth) -> list[Measurement]:
    """Errors among what was removed; nothing where nothing judged was removed."""
    pairs = count_pairs(removed.standing_for, truth)
    wrong = false_removals(removed.keep, removed.first, truth)
    rate = "images removed that show another original than the one kept, by the truth file"
    pair = "pairs of images in one group that show one original, by the truth file"
    measured = []
    if wrong.n:
        measured.append(
            counted_share_over(
                "false_positive_rate", wrong.successes, wrong.n, over="images", protocol=rate
            )
        )
    if pairs.found:
        measured.append(
            counted_share_over(
                "pair_precision", pairs.true, pairs.found, over="pairs", protocol=pair
            )
        )
    return measured


def truth_recalls(found: dict[str, np.ndarray], truth: Truth, *, seed: int) -> list[Measurement]:
    """Recall of the truth file's copies and errors per method; nothing where there is no copy."""
    if len(truth.copies) == 0:
        return []
    text = "copies of the truth file that the method holds equal to their original, distance 0"
    measurements = []
    for method, labels in found.items():
        shares = {"": recall(labels, truth)}
        shares |= {f"_{kind}": recall(labels, truth, kind=kind) for kind in kinds(truth)}
        for suffix, share in shares.items():
            name = f"recall_{method}{suffix}"
            measurements.append(
                counted_share_over(name, share.successes, share.n, over="copies", protocol=text)
            )
        pairs = count_pairs(labels, truth)
        measurements.append(
            single_number(
                f"false_pairs_{method}",
                pairs.false,
                n=pairs.found,
                why="a single number",
                unit="pairs",
                protocol="pairs held equal that show different originals",
            )
        )
    gain = copies_found(found["autoencoder"], truth).astype(float)
    gain -= copies_found(found["pixels"], truth)
    difference = "recall of the autoencoder minus that of equality of pixels, same copies"
    paired = _paired("recall_gain_over_pixels", gain, seed=seed, protocol=difference)
    return [*measurements, paired]


def truth_recalls_allowed(
    study: RecallStudy, arrays: Mapping[str, np.ndarray]
) -> list[Measurement]:
    """Recall of the truth file's copies at the distance allowed, per method.

    arrays: what `truth_arrays` returns.
    """
    n = int(arrays["copies"].sum())
    measured = []
    for row, method in enumerate(METHODS):
        distance = study.distance_allowed_by_truth(method)
        if n == 0 or distance is None:
            continue
        wrong = int(study.false_pairs[row, distance])
        pairs = wrong + int(study.true_pairs[row, distance])
        text = (
            f"copies of the truth file within {distance} bits of their original, the largest "
            f"distance up to {FURTHEST[method]} with at most 1 false pair in 100 ({wrong} of "
            f"{pairs}), chosen on these pairs"
        )
        name, found = f"recall_{method}_allowed", int(arrays["found"][row, :, distance].sum())
        measured.append(counted_share_over(name, found, n, over="copies", protocol=text))
    return measured


def truth_arrays(codes: CodesByMethod, truth: Truth) -> dict[str, np.ndarray]:
    """Of K methods, the truth file's copies found by kind (T) and distance (D), for the figures.

    names (T,) str; copies (T,); found (K, T, D) int64, -1 at distances that are not looked at.
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


def _paired(name: str, values: np.ndarray, *, seed: int, protocol: str) -> Measurement:
    return mean_over(
        name,
        values,
        seed=seed,
        purpose=f"dedup, {name}",
        over="images (paired)",
        protocol=protocol,
    )
