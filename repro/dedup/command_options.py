"""The command line of `python -m repro dedup`: its options, its help, what it refuses.

Where in the flow: `repro.dedup.__main__` parses its words here, before anything is read or written.
"""

import argparse
import os
from pathlib import Path
from typing import Any

from repro.command_line import add_seed, add_workers, at_least_one, natural, new_parser
from repro.data.formats import UnreadableImage
from repro.data.raw_images import file_bytes, lmdb_file
from repro.dedup.folder import PAGE_GROUPS
from repro.dedup.methods import ALL_METHODS, DEFAULT, TRAINED, used_options
from repro.dedup.options import Options
from repro.dedup.set_aside import refuse_strangers, refuse_target
from repro.dedup.stored_images import KEEPS
from repro.errors import UnusableError
from repro.specs.validation import SpecError, validated

RADIUS_HELP = """
radius: Hamming distance up to which two codes count as duplicates. Default: phash 8, dhash 4, for
more than 10,000 images 4 and 2; otherwise 0, the paper's rule. Copies found of nine everyday kinds
(re-encoded, scaled, cropped, sharpened, turned, squeezed, brightened, grey, written on) of 2,000
photos of bathrooms, lobbies and offices (python -m repro bench near_copies), without a wrong pair
unless stated:
  phash (64 bits)    45 % at 0, 87 % at 4, 97 % at 8
  dhash (64 bits)    37 % at 0, 90 % at 4, 98 % at 8 (6 wrong pairs)
  dae (128 bits)     28 % at 0, 71 % at 4, 86 % at 8, 92 % at 11 (at most 1 in 100 wrong)
  dae, --option corruption=views: 20 % at 0, 75 % at 4, 92 % at 8, 98 % at 12 (at most 1 in 100)
  ahash, whash (64)  51 %, 60 % at 0; at 4 about a hundred wrong pairs or more
  pixels             equal in every pixel of the whole image, or not: no radius
With images that look alike, or with many, only a smaller radius is safe: of 6,000 aligned faces
phash joins 1,316 pairs within 8, and of 100,000 small photos of objects 166 at 8, most of them
wrong, 15 at 6 and 2 at 4.

options (--option name=value): dae takes all; phash and similar methods take radius, max_group and
minimum_contrast; pixels takes max_group
"""
REST_HELP = """
Compared are the centre squares of the upright images; pixels compares them whole. Kept as well, and
reported: groups over max_group, pictures without contrast. Hidden files are left out, linked
folders followed, a file with several names read under one of them.
--delete-list, --move-to and the page of the groups name nothing that a link leads to or from, and
no animation (only its first frame was compared) unless its twin has the same bytes. The
list holds absolute paths (keys, for an LMDB), one per line. --link makes absolute symbolic links.
With --against nothing is compared within PATH or within OTHER, and only images of PATH can go.
"""


def new_command_parser() -> argparse.ArgumentParser:
    """The parser of the command."""
    fields = Options.model_fields.items()
    described = [f"  {name} = {field.default}: {field.description}" for name, field in fields]
    keeps = "; ".join(f"{name}: {words}" for name, words in KEEPS.items())
    parser = new_parser(
        "dedup",
        "Find near-duplicates among the images of a folder or an LMDB. No image is changed, unless "
        "you\nask for --move-to.",
        epilog=RADIUS_HELP + "\n".join(described) + "\n" + REST_HELP,
    )
    add = parser.add_argument
    add("path", type=Path, metavar="PATH", help="folder of images, LMDB folder, or its data.mdb")
    add(
        "--out", type=Path, required=True, metavar="DIR", help="folder to write; replaced when done"
    )
    add("--against", type=Path, metavar="OTHER", help="find images of PATH that are in OTHER as "
        "well, such as test images in a training set")  # fmt: skip
    add("--method", choices=ALL_METHODS, default=DEFAULT, help=f"default {DEFAULT}; {TRAINED}: the "
        "paper's autoencoder, trained on these images (half a minute to two)")  # fmt: skip
    add("--radius", type=natural, metavar="R", help="see below (default: that of the method)")
    add("--keep", choices=KEEPS, default="largest", help=f"of a group (default largest) - {keeps}")
    add("--delete-list", type=Path, metavar="FILE", help="write the names of images that would go")
    add("--null", action="store_true", help="end each of them in a zero byte, for xargs -0")
    add("--link", type=Path, metavar="DIR", help="make a folder of links to the images that stay")
    add("--move-to", type=Path, metavar="DIR", help="move the images that would go there")
    add("--autoencoder", type=Path, metavar="FILE", help="use this .safetensors: no training")
    add_seed(parser)
    add_workers(parser, "decoding threads", default=min(8, os.cpu_count() or 1))
    add("--page-groups", type=at_least_one, default=PAGE_GROUPS, metavar="N",
        help=f"groups on the page, at most (default {PAGE_GROUPS})")  # fmt: skip
    add("--option", action="append", default=[], metavar="NAME=VALUE", help="see below")
    return parser


def options_of(given: argparse.Namespace) -> Options:
    """Options of the command line. Raises SpecError naming the nearest valid option."""
    values: dict[str, Any] = {}
    for word in given.option:
        name, equals, value = word.partition("=")
        if not equals:
            raise SpecError(f"--option {word}: expected name=value")
        if name in values:
            raise SpecError(f"--option {name}: given twice, {values[name]} and {value}; keep one")
        values[name] = value
    if given.radius is not None:
        if "radius" in values:
            raise SpecError("--radius and --option radius: give one of them")
        values["radius"] = given.radius
    options = validated(Options, values, where="command line")
    unused = sorted(set(values) - used_options(given.method))
    if unused:
        raise SpecError(f"--method {given.method} does not use {', '.join(unused)}")
    if given.autoencoder is not None and given.method != TRAINED:
        raise SpecError(f"--autoencoder is for --method {TRAINED}")
    if given.null and given.delete_list is None:
        raise SpecError("--null is for --delete-list")
    if given.against is not None and given.keep != "largest":
        raise SpecError("--keep is for groups; with --against all images of OTHER stay")
    return options


def refuse_outputs(given: argparse.Namespace) -> None:
    """Raise UnusableError, before any work, for outputs that cannot or must not be written."""
    if given.delete_list is not None:
        _refuse_list(given.delete_list, out=given.out)
    places = [given.path, given.out, *([given.against] if given.against else [])]
    for name, target in (("--link", given.link), ("--move-to", given.move_to)):
        if target is None:
            continue
        if lmdb_file(given.path) is not None:
            raise UnusableError(f"{given.path}: {name} is for folders, and this is an LMDB")
        refuse_target(target, others=places)
        places.append(target)
    if given.link is not None:
        refuse_strangers(given.link, given.path)


def _refuse_list(file: Path, *, out: Path) -> None:
    folder = Path(os.path.abspath(file)).parent
    if not folder.is_dir() and folder != Path(os.path.abspath(out)):
        raise UnusableError(f"{file}: no folder {folder} for the delete list; make it first")
    if file.exists():
        try:
            file_bytes(file)
        except UnreadableImage:
            return
        raise UnusableError(f"{file}: is an image; name another file for the delete list")
