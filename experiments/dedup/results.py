"""The numbers of §4.1.1, from the weakest assumption to the strongest: counts, copies, truth.

Part of measure.py. Counts of removals need no truth, recall of planted copies needs the copies. The
truth file decides which removals were wrong; numbers by eye are in labels.py. Alone:
`removed_measurements(read_removed(folder, images=n))`.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np

from experiments.dedup.copies import FURTHEST, METHODS, UNTRAINED, Copies
from experiments.dedup.recall_study import RecallStudy
from experiments.dedup.removal import Removed
from repro.claims.constructors import counted_share_over, mean_over, single_number
from repro.claims.measurement import Measurement
from repro.claims.withheld import no_value, without_value
from repro.dedup.truth import Truth, copies_found, count_pairs, false_removals, kinds, recall

PAIRED = "images (paired)"
NAMES = {
    "autoencoder": "the autoencoder",
    "pixels": "equality of pixels",
    UNTRAINED: "the same hash before training",
}
AT_ZERO = "distance 0"
UNJUDGED = (
    "no truth file tells which of these images are duplicates by nature, so pairs beyond the "
    "planted copies may be right, and no distance is known to be allowed"
)


def equal_codes(*, radius: int, threshold: float = 0.0) -> str:
    """When codes count as equal, in words; radius in bits, threshold in deviations of all units."""
    words = f"distance at most {radius}" if radius else AT_ZERO
    return f"{words}, units active above {threshold:g} standard deviations" if threshold else words


def removed_measurements(removed: Removed, *, equal: str = AT_ZERO) -> list[Measurement]:
    """How many were removed, how selective the code is, and how many were kept for review.

    equal: when codes count as equal, in words.
    """
    groups = f"images whose 128-bit code counts as equal to that of an earlier image, {equal}"
    bits = (
        "fair independent bits that would be as selective as the code (repro/dedup/binary_codes.py)"
    )
    n = len(removed.keep)
    gone, summary = float((~removed.keep).sum()), removed.summary
    in_large = sum(group["images"] for group in summary["oversized_groups"])
    values = {
        "images_removed": (gone, "images", groups),
        "removed_share": (gone / n, "", groups),
        "effective_bits": (float(summary["code_health"]["effective_bits"]), "bits", bits),
        "kept_for_review": (
            float(in_large + summary["featureless_count"]),
            "images",
            "in oversized groups or without contrast: reported, never removed",
        ),
    }
    return [
        single_number(
            name,
            value,
            n=n,
            why="a count of the whole dataset",
            protocol=protocol,
            unit=unit,
        )
        for name, (value, unit, protocol) in values.items()
    ]


def removed_share_untrained(removed: Removed, *, equal: str = AT_ZERO) -> Measurement:
    """The share that the untrained hash would remove: the control of removed_share."""
    text = "images whose 128-bit code by the hash before training counts as equal to that of an "
    return single_number(
        "removed_share_of_all_untrained",
        float((~removed.keep).mean()),
        n=len(removed.keep),
        why="a count of the whole dataset",
        protocol=f"{text}earlier image, {equal}",
    )


def compared_measurements(
    found: dict[str, np.ndarray], *, seed: int, equal: str = AT_ZERO
) -> list[Measurement]:
    """What each method would remove, and how much more the autoencoder removes than the others.

    found: for each of n images the first row equal to it, (n,) int64, per method. equal: when codes
    of the hash, trained or not, count as equal; those of other methods do at distance 0. Where
    neither of two methods removes an image, their difference is no evidence and has no value.
    """
    removed = {name: labels != np.arange(len(labels)) for name, labels in found.items()}
    n = len(removed["pixels"])
    text = f"share of the first {n} images that the method treats as equal to an earlier one"
    shares = [
        counted_share_over(
            f"removed_share_{name}",
            int(gone.sum()),
            n,
            over="images",
            protocol=f"{text}, {_equal_by(name, equal)}",
        )
        for name, gone in removed.items()
    ]
    pairs = {
        "removed_beyond_pixels": ("autoencoder", "pixels"),
        "removed_beyond_pixels_untrained": (UNTRAINED, "pixels"),
    }
    more = []
    for name, (one, other) in pairs.items():
        text = f"removed by {NAMES[one]} minus by {NAMES[other]}, same images, {equal}"
        gain = removed[one].astype(float) - removed[other]
        more.append(_mean(name, gain, over=PAIRED, seed=seed, protocol=text))
        if not (removed[one].any() or removed[other].any()):
            more[-1] = without_value(more[-1], because="neither removes an image")
    return [*shares, *more]


def _equal_by(method: str, equal: str) -> str:
    return equal if method in ("autoencoder", UNTRAINED) else AT_ZERO


def copies_measurements(study: RecallStudy, copies: Copies, *, seed: int) -> list[Measurement]:
    """Recall of each method with equal codes and at the distance allowed, and paired gains."""
    about = f"{len(copies.kinds)} copies of an original, kinds and strengths in equal parts"
    if copies.without_original:
        about += f"; {copies.without_original} copies without original in the dataset left out"
    mean = partial(_mean, over="originals", seed=seed)
    measured, allowed = [], {}
    for row, method in enumerate(METHODS):
        equal = study.by_original[row, :, 0]
        text = f"planted copies with the code of their original; {about}"
        measured.append(mean(f"copies_recall_{method}", equal, protocol=text))
        distance = study.distance_allowed(method)
        if distance is None:
            continue
        allowed[method] = study.by_original[row, :, distance]
        text = (
            f"planted copies within {distance} bits of their original, the largest distance up to "
            f"{FURTHEST[method]} with at most 1 false pair in 100, chosen on these pairs; {about}"
        )
        measured.append(mean(f"copies_recall_{method}_allowed", allowed[method], protocol=text))
    recalls = {method: study.by_original[row, :, 0] for row, method in enumerate(METHODS)}
    pairs = [("autoencoder", other, "") for other in METHODS[1:]]
    pairs += [(UNTRAINED, other, f"_{UNTRAINED}") for other in ("pixels", "phash")]
    for one, other, suffix in pairs:
        what = f"recall of {NAMES[one]} minus that of {NAMES.get(other, other)}"
        text = f"{what}, equal codes, same copies"
        name = f"copies_gain_over_{other}"
        measured.append(mean(f"{name}{suffix}", recalls[one] - recalls[other], protocol=text))
        if not study.judged:
            measured.append(no_value(f"{name}_allowed{suffix}", because=UNJUDGED))
        if {one, other} <= allowed.keys():
            gain = allowed[one] - allowed[other]
            text = f"{what}, same copies, "
            text += "each at the largest distance with at most 1 false pair in 100"
            measured.append(mean(f"{name}_allowed{suffix}", gain, protocol=text))
    return measured


def precision_measurements(
    removed: Removed, truth: Truth, *, of: str = "", equal: str = AT_ZERO
) -> list[Measurement]:
    """Errors among the removed images; nothing where none of them is judged.

    of: suffix of the names, where another hash than the trained one removed them. equal: when codes
    count as equal, in words.
    """
    pairs = count_pairs(removed.standing_for, truth)
    wrong = false_removals(removed.keep, removed.first, truth)
    rate = (
        "images removed that show another original than the one kept, according to the truth file, "
        f"{equal}"
    )
    pair = (
        f"pairs of images in one group that show one original, according to the truth file, {equal}"
    )
    measured = []
    if wrong.n:
        measured.append(
            counted_share_over(
                f"false_positive_rate{of}", wrong.successes, wrong.n, over="images", protocol=rate
            )
        )
    if pairs.found:
        measured.append(
            counted_share_over(
                f"pair_precision{of}", pairs.true, pairs.found, over="pairs", protocol=pair
            )
        )
    return measured


def truth_measurements(
    found: dict[str, np.ndarray], truth: Truth, *, seed: int, equal: str = AT_ZERO
) -> list[Measurement]:
    """Recall of the truth file's copies, and false pairs, per method; nothing without a copy.

    found, equal: as for `compared_measurements`.
    """
    if len(truth.copies) == 0:
        return []
    measurements = []
    for method, labels in found.items():
        text = "copies of the truth file that the method treats as equal to their original, "
        text += _equal_by(method, equal)
        shares = {"": recall(labels, truth)}
        shares |= {f"_{kind}": recall(labels, truth, kind=kind) for kind in kinds(truth)}
        for suffix, share in shares.items():
            name = f"recall_{method}{suffix}"
            measurements.append(
                counted_share_over(name, share.successes, share.n, over="copies", protocol=text)
            )
        pairs_found = count_pairs(labels, truth)
        measurements.append(
            single_number(
                f"false_pairs_{method}",
                pairs_found.false,
                n=pairs_found.found,
                why="a count of all pairs treated as equal",
                unit="pairs",
                protocol="pairs treated as equal that show different originals, "
                f"{_equal_by(method, equal)}",
            )
        )
    pairs = {
        "recall_gain_over_pixels": ("autoencoder", "pixels"),
        "recall_gain_over_pixels_untrained": (UNTRAINED, "pixels"),
        "recall_gain_over_untrained": ("autoencoder", UNTRAINED),
    }
    hits = {method: copies_found(found[method], truth).astype(float) for method in NAMES}
    for name, (one, other) in pairs.items():
        text = f"recall of {NAMES[one]} minus that of {NAMES[other]}, same copies, {equal}"
        gain = hits[one] - hits[other]
        measurements.append(_mean(name, gain, over=PAIRED, seed=seed, protocol=text))
    return measurements


def truth_measurements_allowed(
    study: RecallStudy, arrays: Mapping[str, np.ndarray]
) -> list[Measurement]:
    """Recall of the truth file's copies at the distance allowed, per method.

    arrays: the result of `truth_arrays`.
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


def _mean(name: str, values: np.ndarray, *, over: str, seed: int, protocol: str) -> Measurement:
    purpose = f"dedup, {name}"
    return mean_over(name, values, seed=seed, purpose=purpose, over=over, protocol=protocol)
