"""Near-duplicates in any folder of images or LMDB, by the hash of paper §4.1.1 or a simpler one.

    python -m repro dedup ~/photos --out found --delete-list found/list.txt
    python -m repro dedup test_images --against training_images --out found

This tool is independent of the pipeline's step data_prep/dedup.py and uses the same library. It
writes a folder (repro/dedup/folder.py) that appears whole or not at all:

    groups.html              the groups, the most doubtful first: sizes, dates, boxes to tick
    groups.csv groups.json   every member of every group: kept or not, distance, size, date
    skipped.csv              key,reason of everything that was not read
    summary.json             counts, health of the code, settings
    autoencoder.safetensors  with --method dae: may be passed to --autoencoder for other folders
    provenance.json          command, versions, seconds, peak memory

With --against they are pairs.html, pairs.csv and pairs.json, and skipped_against.csv in addition.
Same images and same seed give the same bytes, except in provenance.json. It changes no image,
unless --move-to is given: what may be deleted goes into a list (repro/dedup/delete_list.py).
`--help` lists the options (repro/dedup/command_options.py).
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

from repro.artefacts.provenance import SIDECAR
from repro.command_line import run_main
from repro.dedup.command_options import new_command_parser, options_of, refuse_outputs
from repro.dedup.delete_list import how_to_delete, write_delete_list
from repro.dedup.files_once import legible
from repro.dedup.folder import FoundDuplicates, deduplicate
from repro.dedup.set_aside import link_kept, move_copies
from repro.specs.validation import SpecError

__all__ = ["deduplicate", "main"]

WHY_NOT = {
    "linked": "links lead to or from them",
    "animated": "they hold several pictures, of which only the first was compared",
}


def main(argv: list[str] | None = None) -> None:
    parser = new_command_parser()
    given = parser.parse_args(argv)
    torch.set_num_threads(1)  # so that no rounding depends on the number of cores
    try:
        options = options_of(given)
    except SpecError as error:
        parser.error(str(error))
    refuse_outputs(given)
    try:
        found = deduplicate(
            given.path,
            given.out,
            method=given.method,
            options=options,
            against=given.against,
            keep=given.keep,
            seed=given.seed,
            model=given.autoencoder,
            workers=given.workers,
            page_groups=given.page_groups,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped: {given.out} is unchanged") from None
    print("\n".join(_summary_lines(found.summary, given)))
    if given.delete_list is not None:
        print("\n".join(_write_list(found, given)))
    if given.link is not None:
        count = link_kept(given.path, found.kept, given.link)
        print(f"{legible(str(given.link))} has links to the {count} images that stay")
    for warning in found.summary["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    if given.move_to is not None:
        print(_moved(found, given.move_to))


def _summary_lines(summary: dict[str, Any], given: argparse.Namespace) -> list[str]:
    """The result in plain words."""
    made = json.loads((given.out / SIDECAR).read_text(encoding="utf-8"))
    place, count, removed = legible(str(given.out)), summary["count"], summary["removed"]
    skipped = ", ".join(f"{n} {reason}" for reason, n in summary["skipped"].items())
    lines = [
        f"{count} images in {made['seconds']:.0f} s, {made['peak_memory_mb']} MB of memory; "
        f"not read: {skipped or 'none'}",
    ]
    if several := summary["several_pictures"]:
        lines.append(
            f"of {several} that hold several pictures (animations, bursts, pages) only the first "
            "was compared"
        )
    if given.against is None:
        largest = f", the largest of {summary['largest_group']}" if summary["groups"] else ""
        lines.append(
            f"{removed} are near-duplicates of one that is kept ({removed / count:.1%}); "
            f"groups: {summary['groups']}{largest}"
        )
    else:
        lines.append(
            f"{summary['copies']} of them ({summary['copies'] / count:.1%}) are also among the "
            f"{summary['compared_with']} images of {legible(str(given.against))}"
        )
    if summary["groups_shown"]:
        name, shown = "groups" if given.against is None else "pairs", summary["groups_shown"]
        lines.append(
            f"look at {place}/{name}.html (groups shown: {shown}, the most doubtful first); "
            f"{place}/{name}.csv lists all"
        )
    return lines


def _write_list(found: FoundDuplicates, given: argparse.Namespace) -> list[str]:
    """Write the delete list; returns lines on its content and its use."""
    listed = write_delete_list(given.delete_list, found.going, null=given.null)
    name = legible(str(given.delete_list))
    lines = [f"{name} names {listed.named} of them; no image was touched"]
    lines += [f"  {n} more are not in it: {WHY_NOT[why]}" for why, n in listed.left_out.items()]
    if listed.line_breaks:
        lines.append(f"  {listed.line_breaks} more have line breaks in their names: use --null")
    if listed.named and found.going.root is not None:
        lines.append(f"  to delete what it names: {how_to_delete(name, null=given.null)}")
    return lines


def _moved(found: FoundDuplicates, target: Path) -> str:
    moved = move_copies(found.going, target)
    more = "".join(f"; {n} more stay: {WHY_NOT[why]}" for why, n in moved.left_out.items())
    return (
        f"{moved.moved} images were moved to {legible(str(target))}, under the same names{more}. "
        "Moving them back undoes it"
    )


if __name__ == "__main__":
    run_main(main)
