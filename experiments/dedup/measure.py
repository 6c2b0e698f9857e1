"""De-duplication of the bedrooms (paper §4.1.1): how many, how many wrongly, how many missed.

Reads the prepared bedrooms, their de-duplication, and the raw folder, where a truth file of planted
near-duplicates may lie (repro/planted.py). Compares the autoencoder's hash with equality of pixels
and with three perceptual hashes, all at distance 0, on the same images. Without a truth file only
what was removed is counted. Alone: python -m experiments.dedup.measure --spec S.json
    --input bedrooms.data=DIR --input bedrooms.dedup=DIR --input bedrooms.raw=DIR --out DIR
"""

import json
from pathlib import Path

import numpy as np

from experiments.contract import Inputs, Measurement, mean_measurement, measure_command
from experiments.dedup.options import Options
from repro.codes import first_with_same_code
from repro.perceptual import BASELINES, first_equal
from repro.planted import (
    Share,
    Truth,
    copies_found,
    count_pairs,
    false_removals,
    kinds,
    read_truth,
    recall,
)
from repro.random import generator
from repro.specs import SpecError
from repro.store import ImageStore, StoreError, save_arrays


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Count what was removed, score all methods where there is a truth, draw groups to look at."""
    store = inputs.dataset("bedrooms.data")
    folder = inputs.folder("bedrooms.dedup")
    first, keep = _removal(folder, len(store))
    compared = min(options.compared, len(store))
    found = _found_by_method(store.images[:compared], first, keep, side=options.hash_side)
    measurements = [*_removed(folder, keep), *_compared(found, seed=seed)]
    truth = _truth(inputs.folder("bedrooms.raw"), store, options)
    if truth is not None:
        part = Truth(truth.group[:compared], truth.kind[:compared], truth.original[:compared])
        part.original[part.original >= compared] = -1
        measurements += [*_precision(first, keep, truth), *_recalls(found, part, seed=seed)]
    save_arrays(out / "arrays.npz", **_groups(store, first, keep, truth, options, seed))
    return measurements


def _removal(folder: Path, images: int) -> tuple[np.ndarray, np.ndarray]:
    """First row with the same code (N,), and keep (N,) bool, from the de-duplication's folder."""
    codes, keep = (np.load(folder / name, allow_pickle=False) for name in ("codes.npy", "keep.npy"))
    if len(codes) != images or len(keep) != images:
        raise StoreError(
            f"{folder}: {len(codes)} codes and {len(keep)} marks for {images} images; it belongs "
            "to another dataset: de-duplicate this one again"
        )
    return first_with_same_code(codes), keep


def _truth(raw: Path, store: ImageStore, options: Options) -> Truth | None:
    """The truth of all images, or None where there is no file of the usual name."""
    path = raw / options.truth
    if path.is_file():
        return read_truth(path, store.keys)
    if options.truth != Options.model_fields["truth"].default:
        raise SpecError(f"experiments.dedup.truth: no such file {path}; it is relative to {raw}")
    return None


def _found_by_method(
    images: np.ndarray, first: np.ndarray, keep: np.ndarray, *, side: int
) -> dict[str, np.ndarray]:
    """Per method, for each of images (n, H, W, C) the first row it is held equal to: (n,) int64.

    The autoencoder's is what was removed: images kept for other reasons stand for themselves.
    """
    rows = np.arange(len(images))
    found = {"autoencoder": np.where(keep[rows], rows, first[rows])}
    return found | {name: first_equal(images, name, side=side) for name in BASELINES}


def _removed(folder: Path, keep: np.ndarray) -> list[Measurement]:
    summary = json.loads((folder / "summary.json").read_text())
    exact = "none: a count of the whole dataset"
    groups = "images with the 128-bit code of an earlier image"
    bits = "fair independent bits that would be as selective as the code (repro/codes.py)"
    removed = float((~keep).sum())
    values = {
        "images_removed": (removed, "images", groups),
        "removed_share": (removed / len(keep), "", groups),
        "effective_bits": (float(summary["code_health"]["effective_bits"]), "bits", bits),
        "kept_for_review": (
            float(
                sum(group["images"] for group in summary["oversized_groups"])
                + summary["featureless_count"]
            ),
            "images",
            "in oversized groups or without contrast: reported, never removed",
        ),
    }
    return [
        Measurement(name=name, value=value, n=len(keep), spread=exact, unit=unit, protocol=protocol)
        for name, (value, unit, protocol) in values.items()
    ]


def _compared(found: dict[str, np.ndarray], *, seed: int) -> list[Measurement]:
    """What each method would remove, and how much more than pixel equality the autoencoder does."""
    removed = {name: labels != np.arange(len(labels)) for name, labels in found.items()}
    n = len(removed["pixels"])
    text = f"share of the first {n} images that equal an earlier one at distance 0"
    shares = [
        _share(f"removed_share_{name}", Share(int(gone.sum()), n), over="images", protocol=text)
        for name, gone in removed.items()
    ]
    more = removed["autoencoder"].astype(float) - removed["pixels"]
    difference = "removed by the autoencoder minus by equality of pixels, same images"
    return [*shares, _mean("removed_beyond_pixels", more, seed=seed, protocol=difference)]


def _precision(first: np.ndarray, keep: np.ndarray, truth: Truth) -> list[Measurement]:
    """Errors among what was removed; nothing where nothing judged was removed."""
    labels = np.where(keep, np.arange(len(keep)), first)
    pairs, wrong = count_pairs(labels, truth), false_removals(keep, first, truth)
    rate = "images removed that show another original than the one kept, by the truth file"
    pair = "pairs of images in one group that show one original, by the truth file"
    return [
        *([_share("false_positive_rate", wrong, over="images", protocol=rate)] if wrong.n else []),
        *(
            [_share("pair_precision", Share(pairs.true, pairs.found), over="pairs", protocol=pair)]
            if pairs.found
            else []
        ),
    ]


def _recalls(found: dict[str, np.ndarray], truth: Truth, *, seed: int) -> list[Measurement]:
    """Recall of planted copies and errors per method; nothing where no copy is in the dataset."""
    if len(truth.copies) == 0:
        return []
    text = "planted copies that the method holds equal to their original, distance 0"
    measurements = []
    for method, labels in found.items():
        shares = {"": recall(labels, truth)}
        shares |= {f"_{kind}": recall(labels, truth, kind=kind) for kind in kinds(truth)}
        for suffix, share in shares.items():
            name = f"recall_{method}{suffix}"
            measurements.append(_share(name, share, over="copies", protocol=text))
        pairs = count_pairs(labels, truth)
        measurements.append(
            Measurement(
                name=f"false_pairs_{method}",
                value=pairs.false,
                n=pairs.found,
                unit="pairs",
                protocol="pairs held equal that show different originals",
            )
        )
    gain = copies_found(found["autoencoder"], truth).astype(float)
    gain -= copies_found(found["pixels"], truth)
    difference = "recall of the autoencoder minus that of equality of pixels, same copies"
    return [*measurements, _mean("recall_gain_over_pixels", gain, seed=seed, protocol=difference)]


def _share(name: str, share: Share, *, over: str, protocol: str) -> Measurement:
    low, high = share.interval
    return Measurement(
        name=name,
        value=share.value,
        low=low,
        high=high,
        n=share.n,
        spread=f"95 % Wilson interval over {over}",
        protocol=protocol,
    )


def _mean(name: str, values: np.ndarray, *, seed: int, protocol: str) -> Measurement:
    return mean_measurement(
        name,
        values,
        seed=seed,
        purpose=f"dedup, {name}",
        spread="95 % bootstrap interval over images (paired)",
        protocol=protocol,
    )


def _groups(
    store: ImageStore,
    first: np.ndarray,
    keep: np.ndarray,
    truth: Truth | None,
    options: Options,
    seed: int,
) -> dict[str, np.ndarray]:
    """Random groups: images (G, M, H, W, C) uint8, shown (G, M) bool, wrong (G, M) bool."""
    leaders = np.unique(first[~keep])
    draw = generator(seed, "dedup, groups shown")
    leaders = np.sort(draw.permutation(leaders)[: options.groups])
    images = np.full((len(leaders), options.members, *store.images.shape[1:]), 255, np.uint8)
    shown, wrong = (np.zeros(images.shape[:2], bool) for _ in range(2))
    members = np.flatnonzero(~keep & np.isin(first, leaders))
    for place, leader in enumerate(leaders):
        rows = [leader, *members[first[members] == leader]][: options.members]
        images[place, : len(rows)] = store.images[rows]
        shown[place, : len(rows)] = True
        if truth is not None:
            group = truth.group[rows]
            wrong[place, : len(rows)] = (group != group[0]) & (group >= 0) & (group[0] >= 0)
    return {"images": images, "shown": shown, "wrong": wrong}


if __name__ == "__main__":
    measure_command(measure, Options)
