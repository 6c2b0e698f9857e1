"""Prepared dataset -> which of its images are near-duplicates of an earlier one (paper §4.1.1).

Trains the autoencoder hash (repro/dedup/training.py) on the dataset, encodes every image, and
groups equal 128-bit codes (repro/dedup/removal.py). The first image of each group is kept (rows are
in source order, which for LSUN is the order of keys), the others are marked. No pixel is copied.
The folder:

    codes.npy   (N, 16) uint8           keep.npy    (N,) bool
    first.npy   (N,) int64: the row kept instead of each
    groups.csv  group,key,kept,distance: every member of every group of two or more
    summary.json                        autoencoder.safetensors

Runs alone: python -m data_prep.dedup --data DATASET --spec SPEC.json --out OUT
The spec holds {"options": {...}, "seed": 42}, with only the options that differ from the defaults.
On several machines, to the same bytes: --train trains the network, --trained NETWORK --shard 3/8
writes the codes of an eighth of the dataset, --trained NETWORK --parts CODES... the folder above.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from repro.artefacts.checked_inputs import refuse_changed
from repro.artefacts.provenance import read_record, sha256_of_input
from repro.artefacts.recipe import Recipe, is_made
from repro.artefacts.step_folder import step_folder
from repro.artefacts.whole_file import write_json
from repro.command_line import add_threads, natural, new_parser, run_main
from repro.data.shards import Shard, in_order
from repro.data.store import ImageStore
from repro.dedup.autoencoder import Autoencoder, HashInputs, encode
from repro.dedup.group_table import write_groups
from repro.dedup.options import Options
from repro.dedup.removal import Removal, find_removal, health_of_compared, refuse_degenerate
from repro.dedup.training import train_by
from repro.errors import UnusableError
from repro.specs.validation import OptionsAndSeed, read_step, validated

NETWORK, TRAINING, SUMMARY = "autoencoder.safetensors", "training.json", "summary.json"


def dedup(
    *,
    data: Path,
    out: Path,
    options: Options,
    seed: int,
    trained: Path | None = None,
    parts: Sequence[Path] = (),
    recipe: Recipe | None = None,
) -> dict[str, Any]:
    """De-duplicate the prepared dataset `data` into the folder `out`; returns its summary.

    trained: folder of `train`; None: train here. parts: folders of `encode_shard` by that network,
    in any order; none: encode here. The result is the same. Does nothing where `recipe` has already
    made `out`. Raises StoreError or ValueError for a dataset that cannot be hashed, UnusableError
    for parts that are not all its codes, ChangedFileError for changed ones, DegenerateCodeError for
    a code with fewer effective bits than `options.minimum_bits`.
    """
    if is_made(out, recipe, {"data": data}):
        made: dict[str, Any] = json.loads((out / SUMMARY).read_text(encoding="utf-8"))
        return made
    if trained is not None:
        refuse_changed("trained", trained)
    parts = _in_order(parts, _inputs(data, trained))  # only the data are recorded as an input
    with step_folder(
        out, inputs={"data": data}, spec=options.model_dump(), seed=seed, recipe=recipe
    ) as folder:
        store = ImageStore.open(data)
        if trained is None:
            _train(store, folder, options=options, seed=seed)
        else:
            for name in (NETWORK, TRAINING):
                (folder / name).write_bytes((trained / name).read_bytes())
        codes, contrast = _codes(store, Autoencoder.load(folder / NETWORK), parts)
        flat = contrast < options.minimum_contrast
        health = health_of_compared(codes, flat, radius=options.radius)
        if health is not None:
            refuse_degenerate(health, minimum=options.minimum_bits, where=str(data))
        removal = find_removal(
            codes,
            flat=flat,
            max_group=options.max_group,
            radius=options.radius,
        )
        summary = removal.summary(store.keys, health=health)
        summary["training"] = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
        (folder / TRAINING).unlink()
        _write(folder, codes, removal, keys=store.keys, summary=summary)
    return summary


def train(*, data: Path, out: Path, options: Options, seed: int) -> None:
    """Train the autoencoder on the prepared dataset `data` into the folder `out`."""
    with step_folder(out, inputs={"data": data}, spec=options.model_dump(), seed=seed) as folder:
        _train(ImageStore.open(data), folder, options=options, seed=seed)


def encode_shard(*, data: Path, trained: Path, shard: Shard, out: Path) -> None:
    """Codes and contrasts of one shard of the dataset, by the network in `trained`, into `out`."""
    with step_folder(
        out,
        inputs=_inputs(data, trained),
        spec={"shard": str(shard)},
        unread=["data/images.npy"],  # a shard reads its share; the join of the codes compares all
    ) as folder:
        network = Autoencoder.load(trained / NETWORK)
        inputs = HashInputs(ImageStore.open(data).images)
        codes, contrast = encode(network, inputs, shard=shard)
        np.save(folder / "codes.npy", codes, allow_pickle=False)
        np.save(folder / "contrast.npy", contrast, allow_pickle=False)


def _inputs(data: Path, trained: Path | None) -> dict[str, Path]:
    return {"data": data} if trained is None else {"data": data, "trained": trained}


def _in_order(parts: Sequence[Path], inputs: dict[str, Path]) -> list[Path]:
    """The parts sorted by shard. Raises UnusableError where they are not all codes of `inputs`."""
    for number, part in enumerate(parts, start=1):
        refuse_changed(f"part {number}", part)
    return in_order((_shard(part, inputs), part) for part in parts) if parts else []


def _shard(part: Path, inputs: dict[str, Path]) -> Shard:
    """Which part it is. Raises UnusableError where it is none, or made from other inputs."""
    try:
        record = read_record(part)
        shard = Shard.parse(record["spec"]["shard"])
    except (FileNotFoundError, NotADirectoryError, KeyError):
        raise UnusableError(f"{part}: no codes of a shard (--shard)") from None
    for name, path in inputs.items():
        if record["inputs"][name]["sha256"] != sha256_of_input(path):
            raise UnusableError(f"{part}: not made from --{name} {path}; make the part again")
    return shard


def _write(
    folder: Path,
    codes: np.ndarray,
    removal: Removal,
    *,
    keys: Sequence[str],
    summary: dict[str, Any],
) -> None:
    np.save(folder / "codes.npy", codes, allow_pickle=False)
    np.save(folder / "first.npy", removal.first, allow_pickle=False)
    np.save(folder / "keep.npy", removal.keep, allow_pickle=False)
    write_groups(folder / "groups.csv", removal, keys)
    write_json(folder / SUMMARY, summary)


def _train(store: ImageStore, folder: Path, *, options: Options, seed: int) -> None:
    network, training = train_by(options, HashInputs(store.images), seed=seed)
    network.save(folder / NETWORK)
    write_json(folder / TRAINING, training)


def _codes(
    store: ImageStore, network: Autoencoder, parts: Sequence[Path]
) -> tuple[np.ndarray, np.ndarray]:
    """Codes (N, 16) uint8 and contrasts (N,) of all images, from the ordered parts, if any."""
    if not parts:
        return encode(network, HashInputs(store.images))
    codes, contrast = (
        np.concatenate([np.load(part / name, allow_pickle=False) for part in parts])
        for name in ("codes.npy", "contrast.npy")
    )
    return codes, contrast


def _described() -> list[str]:
    fields = Options.model_fields.items()
    return [f"  {name} = {field.default!r}\n      {field.description}" for name, field in fields]


def main(argv: list[str] | None = None) -> None:
    parser = new_parser(
        "dedup-dataset",
        "Find near-duplicates in a prepared dataset by the paper's autoencoder hash.",
        epilog="options (in the spec):\n" + "\n".join(_described()),
    )
    parser.add_argument("--data", type=Path, required=True, help="prepared dataset")
    parser.add_argument("--spec", type=Path, help="JSON with options and seed (default: defaults)")
    parser.add_argument("--seed", type=natural, help="instead of the spec's (default 42)")
    add_threads(parser, default=1)
    network = parser.add_mutually_exclusive_group()
    network.add_argument("--train", action="store_true", help="only train the network into OUT")
    network.add_argument("--trained", type=Path, help="folder of --train: do not train here")
    parser.add_argument("--shard", type=Shard.parse, help="3/8: only the codes of this part")
    parser.add_argument("--parts", type=Path, nargs="+", default=[], help="folders of --shard")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    given = parser.parse_args(argv)
    if (given.shard or given.parts) and not given.trained:
        parser.error("--shard and --parts need --trained: all shards are encoded by one network")
    torch.set_num_threads(given.threads)
    _run(given)


def _run(given: argparse.Namespace) -> None:
    values = read_step(given.spec)
    spec = validated(OptionsAndSeed, values, where=str(given.spec))
    options = validated(Options, spec.options, where=str(given.spec), key="options")
    seed = spec.seed if given.seed is None else given.seed
    if given.train:
        train(data=given.data, out=given.out, options=options, seed=seed)
        return
    if given.shard:
        encode_shard(data=given.data, trained=given.trained, shard=given.shard, out=given.out)
        return
    summary = dedup(
        data=given.data,
        out=given.out,
        options=options,
        seed=seed,
        trained=given.trained,
        parts=given.parts,
        recipe=Recipe.of("data_prep.dedup", settings=values | {"seed": seed}),
    )
    health = summary.get("code_health")  # none of a dataset of flat pictures alone
    bits = f"; code of {health['effective_bits']:g} effective bits" if health else ""
    print(
        f"{given.out}: removed {summary['removed']} of {summary['count']} images in "
        f"{summary['groups']} groups{bits}"
    )
    for warning in summary["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
