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
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from repro.codes import code_health
from repro.dedup_options import Options
from repro.duplicates import find_removal, refuse_degenerate
from repro.hashing import HashInputs, encode, train_autoencoder
from repro.provenance import step_folder, write_json
from repro.specs import SpecError, validated
from repro.store import ImageStore, StoreError


def dedup(*, data: Path, out: Path, options: Options, seed: int) -> dict[str, Any]:
    """De-duplicate the prepared dataset `data` into the folder `out`; returns its summary.

    Raises StoreError or ValueError for a dataset that cannot be hashed, DegenerateCodeError for a
    code with fewer effective bits than `options.minimum_bits`.
    """
    spec = options.model_dump(mode="json")
    with step_folder(out, inputs={"data": data}, spec=spec, seed=seed) as folder:
        store = ImageStore.open(data)
        inputs = HashInputs(store.images)
        training = options.training(len(inputs))
        network, error = train_autoencoder(inputs, seed=seed, **training)
        codes, contrast = encode(network, inputs)
        health = code_health(codes)
        refuse_degenerate(health, minimum=options.minimum_bits, where=str(data))
        removal = find_removal(
            codes,
            flat=contrast < options.minimum_contrast,
            max_group=options.max_group,
            radius=options.radius,
        )
        summary = removal.summary(store.keys)
        summary["code_health"] = asdict(health)
        summary["training"] = {**training, "error": round(error, 6)}
        network.save(folder / "autoencoder.safetensors")
        np.save(folder / "codes.npy", codes, allow_pickle=False)
        np.save(folder / "first.npy", removal.first, allow_pickle=False)
        np.save(folder / "keep.npy", removal.keep, allow_pickle=False)
        removal.write_groups(folder / "groups.csv", store.keys)
        write_json(folder / "summary.json", summary)
    return summary


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
