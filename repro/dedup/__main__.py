"""Near-duplicates in any folder of images or LMDB, by the hash of paper §4.1.1 or a simpler one.

    python -m repro dedup ~/photos --out found --delete-list found/list.txt

This tool is independent of the pipeline's step data_prep/dedup.py and uses the same library. It
writes a folder (repro/dedup/folder.py) that appears whole or not at all:

    groups.csv               group,key,kept,distance,width,height,bytes: every member of every group
    sheet_001.png ...        the groups as pictures, the most doubtful first
    skipped.csv              key,reason of everything that was not read
    summary.json             counts, health of the code, settings
    autoencoder.safetensors  with --method dae: may be passed to --autoencoder for other folders
    provenance.json          command, versions, seconds, peak memory

Same images and same seed give the same bytes, except in provenance.json. It changes no image: what
may be deleted goes into a list (repro/dedup/delete_list.py). `--help` lists the options.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch

from repro.artefacts.provenance import SIDECAR
from repro.command_line import add_seed, add_workers, at_least_one, natural, new_parser, run_main
from repro.data.formats import UnreadableImage
from repro.dedup.delete_list import how_to_delete, write_delete_list
from repro.dedup.files_once import file_bytes, legible
from repro.dedup.folder import SHEET_GROUPS, FoundDuplicates, deduplicate
from repro.dedup.methods import ALL_METHODS, TRAINED, used_options
from repro.dedup.options import Options
from repro.errors import UnusableError
from repro.specs.validation import SpecError, validated

__all__ = ["deduplicate", "main"]

RADIUS_HELP = """
radius: Hamming distance up to which two codes count as duplicates (default 0, the paper's rule).
Of 449 copies among 1,353 bedroom photos (re-encoded, scaled, cropped, brightened, blurred):
  dae (128 bits)     57 % at 0 (54 to 60 by seed), 82 % at 2, 89 % at 4, 97 % at 8; no unrelated
                     pair up to 12
  phash (64 bits)    69 % at 0, 93 % at 4, 98 % at 8; no unrelated pair up to 8
  dhash (64 bits)    51 % at 0, 93 % at 4; no unrelated pair up to 4
  ahash, whash (64)  70 %, 74 % at 0; at 4 one in ten removals is wrong
  pixels             equal in every pixel of the whole image, or not: no radius
With images that look alike, or with many images, only a smaller radius is safe: among 6,000 aligned
faces most finds of dae at 6 to 8 were wrong, and none of those inspected up to 4.

options (--option name=value): dae takes all; phash and similar methods take radius, max_group and
minimum_contrast; pixels takes max_group
"""
REST_HELP = """
Compared are the centre squares of the upright images; pixels compares them whole. Of a group we
keep the image with the most pixels, then the largest file, then the first name. Groups over
max_group and pictures without contrast are kept too, and reported. Hidden files are left out,
linked folders followed, and a file with several names is read under one of them.
The delete list holds absolute paths (keys, for an LMDB), one per line, and nothing that a link
leads to or from.
"""


def main(argv: list[str] | None = None) -> None:
    parser = _parser()
    given = parser.parse_args(argv)
    torch.set_num_threads(1)  # so that no rounding depends on the number of cores
    try:
        options = _options(given)
    except SpecError as error:
        parser.error(str(error))
    if given.delete_list is not None:
        _refuse_list(given.delete_list, out=given.out)
    try:
        found = deduplicate(
            given.path,
            given.out,
            method=given.method,
            options=options,
            seed=given.seed,
            model=given.autoencoder,
            workers=given.workers,
            sheet_groups=given.sheet_groups,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped: {given.out} is unchanged") from None
    print("\n".join(_told(found.summary, given.out)))
    if given.delete_list is not None:
        print("\n".join(_listed(found, given)))
    for warning in found.summary["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    fields = Options.model_fields.items()
    described = [f"  {name} = {field.default}: {field.description}" for name, field in fields]
    parser = new_parser(
        "dedup",
        "Find near-duplicates among the images of a folder or an LMDB. No image is changed.",
        epilog=RADIUS_HELP + "\n".join(described) + "\n" + REST_HELP,
    )
    add = parser.add_argument
    add("path", type=Path, metavar="PATH", help="folder of images, LMDB folder, or its data.mdb")
    add(
        "--out", type=Path, required=True, metavar="DIR", help="folder to write; replaced when done"
    )
    add("--method", choices=ALL_METHODS, default=TRAINED, help="dae: the paper's autoencoder, "
        "trained on these images (default); the others need no training")  # fmt: skip
    add("--radius", type=natural, metavar="R", help="see below (default 0)")
    add("--delete-list", type=Path, metavar="FILE", help="write the images that would be deleted")
    add("--null", action="store_true", help="end each of them in a zero byte, for xargs -0")
    add("--autoencoder", type=Path, metavar="FILE", help="use this .safetensors: no training")
    add_seed(parser)
    add_workers(parser, "decoding threads", default=min(8, os.cpu_count() or 1))
    add("--sheet-groups", type=at_least_one, default=SHEET_GROUPS, metavar="N",
        help=f"groups drawn on the contact sheets, at most (default {SHEET_GROUPS})")  # fmt: skip
    add("--option", action="append", default=[], metavar="NAME=VALUE", help="see below")
    return parser


def _options(given: argparse.Namespace) -> Options:
    """Options of the command line. Raises SpecError naming the nearest valid option."""
    values: dict[str, Any] = {}
    for word in given.option:
        name, equals, value = word.partition("=")
        if not equals:
            raise SpecError(f"--option {word}: expected name=value")
        values[name] = value
    if given.radius is not None:
        values["radius"] = given.radius
    options = validated(Options, values, where="command line")
    unused = sorted(set(values) - used_options(given.method))
    if unused:
        raise SpecError(f"--method {given.method} does not use {', '.join(unused)}")
    if given.autoencoder is not None and given.method != TRAINED:
        raise SpecError(f"--autoencoder is for --method {TRAINED}")
    if given.null and given.delete_list is None:
        raise SpecError("--null is for --delete-list")
    return options


def _refuse_list(file: Path, *, out: Path) -> None:
    """Raise UnusableError, before any work, where the delete list cannot or must not be written."""
    folder = Path(os.path.abspath(file)).parent
    if not folder.is_dir() and folder != Path(os.path.abspath(out)):
        raise UnusableError(f"{file}: no folder {folder} for the delete list; make it first")
    if file.exists():
        try:
            file_bytes(file)
        except UnreadableImage:
            return
        raise UnusableError(f"{file}: is an image; name another file for the delete list")


def _told(summary: dict[str, Any], out: Path) -> list[str]:
    """The result in plain words."""
    made, place = json.loads((out / SIDECAR).read_text(encoding="utf-8")), legible(str(out))
    count, removed = summary["count"], summary["removed"]
    skipped = ", ".join(f"{n} {reason}" for reason, n in summary["skipped"].items())
    lines = [
        f"{count} images in {made['seconds']:.0f} s, {made['peak_memory_mb']} MB of memory; "
        f"not read: {skipped or 'none'}",
        f"{removed} are near-duplicates of one that is kept ({removed / count:.1%}); "
        f"groups: {summary['groups']}, the largest of {summary['largest_group']}",
    ]
    if summary["groups_drawn"]:
        drawn = summary["groups_drawn"]
        lines.append(
            f"look at {place}/sheet_001.png ... (groups drawn: {drawn}, the most doubtful first); "
            f"{place}/groups.csv lists all"
        )
    return lines


def _listed(found: FoundDuplicates, given: argparse.Namespace) -> list[str]:
    """Write the delete list; returns lines on its content and its use."""
    file = given.delete_list
    listed = write_delete_list(
        file,
        path=given.path,
        keys=found.keys,
        removal=found.removal,
        names=found.names,
        null=given.null,
    )
    name = legible(str(file))
    lines = [f"{name} names {listed.named} of them; no image was touched"]
    if listed.linked:
        lines.append(f"  {listed.linked} more are not in it: links lead to or from them")
    if listed.line_breaks:
        lines.append(f"  {listed.line_breaks} more have line breaks in their names: use --null")
    if listed.named and found.names is not None:
        lines.append(f"  to delete what it names: {how_to_delete(name, null=given.null)}")
    return lines


if __name__ == "__main__":
    run_main(main)
