"""Prepared dataset -> which of its images are near-duplicates of an earlier one (paper §4.1.1).

Trains the autoencoder hash (repro/hashing.py) on the dataset, encodes every image, and groups equal
128-bit codes (repro/codes.py). The first image of each group is kept (rows stand in source order,
which for LSUN is the order of keys), the others are marked. No pixel is copied. The folder:

    codes.npy   (N, 16) uint8           keep.npy    (N,) bool
    groups.csv  group,key,kept: every member of every group of two or more
    summary.json                        autoencoder.safetensors

Images are never removed unseen: a group larger than `max_group`, and pictures without contrast,
whose code says nothing, are reported and kept. A code that does not tell images apart is refused.

Runs alone: python -m data_prep.dedup --data DATASET --spec SPEC.json --out OUT
The spec holds {"options": {...}, "seed": 42}, where the options are those that differ.
"""

import argparse
import csv
import json
import math
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data_prep.dedup_options import Options
from repro.codes import CodeHealth, code_health, first_with_same_code, group_sizes
from repro.hashing import HashInputs, encode, train_autoencoder
from repro.provenance import step_folder, write_json
from repro.specs import SpecError, validated
from repro.store import ImageStore, StoreError


class DegenerateCodeError(ValueError):
    """The trained code does not tell images apart; using it would remove unrelated ones."""


def dedup(*, data: Path, out: Path, options: Options, seed: int) -> dict[str, Any]:
    """De-duplicate the prepared dataset `data` into the folder `out`; returns its summary.

    Raises StoreError or ValueError for a dataset that cannot be hashed, DegenerateCodeError for a
    code with fewer effective bits than `options.minimum_bits`.
    """
    spec = options.model_dump(mode="json")
    with step_folder(out, inputs={"data": data}, spec=spec, seed=seed) as folder:
        store = ImageStore.open(data)
        inputs = HashInputs(store.images)
        steps = training_steps(len(store), options)
        network, error = train_autoencoder(
            inputs,
            seed=seed,
            steps=steps,
            batch=options.batch,
            learning_rate=options.learning_rate,
            scaling=options.scaling,
            corruption=options.corruption,
            noise=options.noise,
            code_dropout=options.code_dropout,
        )
        codes, contrast = encode(network, inputs)
        health = code_health(codes)
        _refuse_degenerate(health, options.minimum_bits, data)
        first = first_with_same_code(codes)
        flat = contrast < options.minimum_contrast
        keep = kept(first, flat=flat, max_group=options.max_group)
        summary = _summary(first, keep, flat=flat, keys=store.keys, max_group=options.max_group)
        summary["code_health"] = asdict(health)
        summary["training"] = {"steps": steps, "batch": options.batch, "error": round(error, 6)}
        network.save(folder / "autoencoder.safetensors")
        np.save(folder / "codes.npy", codes, allow_pickle=False)
        np.save(folder / "keep.npy", keep, allow_pickle=False)
        _write_groups(folder / "groups.csv", first, keep, store.keys)
        write_json(folder / "summary.json", summary)
    return summary


def training_steps(images: int, options: Options) -> int:
    """Minibatches shown: as many as make `passes` over the images, or else `presentations`."""
    shown = options.presentations if options.passes is None else options.passes * images
    return max(1, math.ceil(shown / options.batch))


def kept(first: np.ndarray, *, flat: np.ndarray, max_group: int) -> np.ndarray:
    """(N,) bool: the first of each group, and all that must not be removed unseen.

    first (N,): first row with the same code. flat (N,) bool: pictures without contrast.
    """
    is_first = first == np.arange(len(first))
    return is_first | flat | flat[first] | (group_sizes(first) > max_group)


def _refuse_degenerate(health: CodeHealth, minimum: float, data: Path) -> None:
    if health.effective_bits < minimum:
        raise DegenerateCodeError(
            f"{data}: the code tells images apart as poorly as {health.effective_bits:g} coin "
            f"throws (minimum_bits: {minimum:g}); {health.varying_bits} of 128 bits vary, largest "
            f"groups of equal codes: {health.largest_groups[:3]} of {health.count} images. Raise "
            "noise or code_dropout, train longer (presentations), or lower minimum_bits to look"
        )


def _summary(
    first: np.ndarray, keep: np.ndarray, *, flat: np.ndarray, keys: list[str], max_group: int
) -> dict[str, Any]:
    sizes = np.bincount(first, minlength=len(first))  # at the first row of each group
    large = np.flatnonzero(sizes > max_group)
    oversized = [{"first_key": keys[row], "images": int(sizes[row])} for row in large]
    warnings = []
    if oversized:
        inside = int(sizes[large].sum())
        warnings.append(f"{len(oversized)} groups over max_group, {inside} images, kept: look")
    if flat.any():
        warnings.append(f"{int(flat.sum())} pictures without contrast, kept: look")
    return {
        "count": len(keep),
        "kept": int(keep.sum()),
        "removed": int((~keep).sum()),
        "removed_fraction": round(float((~keep).mean()), 6),
        "groups": int((sizes > 1).sum()),
        "largest_group": int(sizes.max()),
        "oversized_groups": oversized,
        "featureless": [keys[row] for row in np.flatnonzero(flat)[:100]],
        "featureless_count": int(flat.sum()),
        "warnings": warnings,
    }


def _write_groups(path: Path, first: np.ndarray, keep: np.ndarray, keys: list[str]) -> None:
    """Groups of two and more in the order of their first members, members in row order."""
    members = np.flatnonzero(group_sizes(first) > 1)
    members = members[np.lexsort((members, first[members]))]
    numbers = np.unique(first[members], return_inverse=True)[1]
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("group", "key", "kept"))
        for number, row in zip(numbers, members, strict=True):
            writer.writerow((int(number), keys[row], int(keep[row])))


def _described() -> list[str]:
    fields = Options.model_fields.items()
    return [f"  {name} = {field.default!r}\n      {field.description}" for name, field in fields]


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Find near-duplicates in a prepared dataset by the paper's autoencoder hash.",
        epilog="options (in the spec):\n" + "\n".join(_described()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="prepared dataset")
    parser.add_argument("--spec", type=Path, help="JSON with options and seed (default: defaults)")
    parser.add_argument("--seed", type=int, help="instead of the spec's (default 42)")
    parser.add_argument(
        "--threads", type=int, default=1, help="CPU threads; rounding depends on it"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    try:
        spec = json.loads(given.spec.read_text()) if given.spec else {}
        values = spec.get("options", {})
        options = validated(Options, values, where=str(given.spec), key="options")
        seed = spec.get("seed", 42) if given.seed is None else given.seed
        summary = dedup(data=given.data, out=given.out, options=options, seed=seed)
    except (SpecError, StoreError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    health = summary["code_health"]
    print(
        f"{given.out}: removed {summary['removed']} of {summary['count']} images in "
        f"{summary['groups']} groups; code of {health['effective_bits']:g} effective bits"
    )
    for warning in summary["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)


if __name__ == "__main__":
    main()
