"""Near-duplicates as tables: groups.csv and groups.json, or pairs.csv and pairs.json.

Where in the flow: `repro.dedup.folder` writes them, data_prep/dedup.py groups.csv without sizes.
The JSON has the same content as the CSV, for programs; bytes of a name that are not UTF-8 are lone
surrogates there, as Python has them in file names.

Alone: `write_groups(Path("groups.csv"), removal, keys)`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from repro.artefacts.whole_file import write_json
from repro.data.cells import write_row
from repro.dedup.removal import Removal
from repro.dedup.stored_images import StoredImages

STORED = ("width", "height", "bytes", "modified", "several")  # columns from StoredImages


def write_groups(
    path: Path, removal: Removal, keys: Sequence[str], stored: StoredImages | None = None
) -> None:
    """CSV group,key,kept,distance and, where known, width,height,bytes,modified,several.

    A line for each of `removal.grouped_rows()`. Keys that a spreadsheet would take for formulas
    have an apostrophe before them.
    """
    _write_csv(path, ("group", *member_names(stored)), _members(removal, keys, stored))


def write_groups_json(
    path: Path, removal: Removal, keys: Sequence[str], stored: StoredImages
) -> None:
    """The same as {"groups": [{"group": 0, "images": [{"key": ..., "kept": true, ...}]}]}."""
    groups: list[dict[str, Any]] = []
    for member in _members(removal, keys, stored):
        number = member.pop("group")
        if not groups or groups[-1]["group"] != number:
            groups.append({"group": number, "images": []})
        groups[-1]["images"].append(member | {"kept": bool(member["kept"])})
    write_json(path, {"groups": groups})


def write_pairs(
    folder: Path,
    removal: Removal,
    keys: Sequence[str],
    stored: StoredImages,
    counterparts: np.ndarray,
) -> None:
    """pairs.csv and pairs.json: each image with the nearest of the other collection.

    removal, counterparts: of `repro.dedup.across.find_copies`.
    """
    pairs = []
    for row in np.flatnonzero(removal.first != np.arange(len(keys))).tolist():
        twin = int(removal.first[row])
        own, twin_stored = (_stored(stored, one) for one in (row, twin))
        pairs.append(
            {
                "key": keys[row],
                "against": keys[twin],
                "distance": int(removal.distance[row]),
                "counterparts": int(counterparts[row]),
                "listed": int(not removal.keep[row]),
                **own,
                **{f"against_{name}": value for name, value in twin_stored.items()},
            }
        )
    names = ("key", "against", "distance", "counterparts", "listed", *STORED)
    columns = (*names, *(f"against_{name}" for name in STORED))
    _write_csv(folder / "pairs.csv", columns, iter(pairs))
    as_json = [pair | {"listed": bool(pair["listed"])} for pair in pairs]
    write_json(folder / "pairs.json", {"pairs": as_json})


def member_names(stored: StoredImages | None) -> tuple[str, ...]:
    """Columns of groups.csv after the first."""
    return ("key", "kept", "distance", *(() if stored is None else STORED))


def _members(
    removal: Removal, keys: Sequence[str], stored: StoredImages | None
) -> Iterator[dict[str, Any]]:
    members = removal.grouped_rows()
    numbers = np.unique(removal.first[members], return_inverse=True)[1]
    for number, row in zip(numbers.tolist(), members.tolist(), strict=True):
        member = {
            "group": number,
            "key": keys[row],
            "kept": int(removal.keep[row]),
            "distance": int(removal.distance[row]),
        }
        yield member | ({} if stored is None else _stored(stored, row))


def _stored(stored: StoredImages, row: int) -> dict[str, Any]:
    known = {name: int(getattr(stored, name)[row]) for name in STORED if name != "modified"}
    return known | {"modified": stored.date(row)}


def _write_csv(path: Path, columns: Sequence[str], rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as stream:
        write_row(stream, columns)
        for row in rows:
            write_row(stream, [row[name] for name in columns])
