"""Groups of near-duplicates as one page for the browser, on which to tick what goes.

Where in the flow: `repro.dedup.folder` writes groups.html (or pairs.html) next to groups.csv. The
page is one file that loads nothing from the network (repro/figures/offline_page.py). Each group
appears under its number in groups.csv: first the image that is kept, then the others, with sizes,
dates and Hamming distances. The most doubtful groups come first: the most distant codes, then the
largest groups, then the order of groups.csv. What would go is ticked; buttons copy or save the
names of what is ticked, in the form of the delete list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from repro.dedup.delete_list import Going, has_line_break
from repro.dedup.files_once import legible
from repro.dedup.removal import Removal
from repro.dedup.stored_images import StoredImages
from repro.dedup.thumbnails import larger_pictures
from repro.figures.offline_page import jpeg_uri, page_id, write_page

TEMPLATE = Path(__file__).parent / "groups_page.html"
SIDE = 192  # pixels of the longer side of a picture
MOST_MEMBERS = 50  # images shown of one group
WHY_NOT = {
    "linked": "a link leads to it or from it: no list names it",
    "animated": "an animation, burst or pages, of which the first was compared: no list names it",
    "line_break": "its name has a line break: only a list with --null can name it",
    "not_text": "its name is no text: only the list of --delete-list can name it",
}


@dataclass(frozen=True)
class Group:
    """One group: its number in groups.csv and the rows of its members, the kept one first."""

    number: int
    members: np.ndarray

    @property
    def shown(self) -> list[int]:
        rows: list[int] = self.members[:MOST_MEMBERS].tolist()
        return rows


def groups_by_doubt(removal: Removal) -> list[Group]:
    """All groups of two or more: by largest distance, then by size, then by number."""
    members = removal.grouped_rows()
    firsts, starts = np.unique(removal.first[members], return_index=True)
    if len(firsts) == 0:
        return []
    distance = np.maximum.reduceat(removal.distance[members], starts).astype(np.int64)
    groups = np.split(members, starts[1:])
    size = np.array([len(group) for group in groups])
    order = np.lexsort((firsts, -size, -distance)).tolist()
    return [Group(number, groups[number]) for number in order]


def write_groups_page(
    path: Path,
    *,
    sources: Sequence[tuple[Path, int]],
    keys: Sequence[str],
    stored: StoredImages,
    removal: Removal,
    going: Going,
    most: int,
) -> int:
    """Write the page of up to `most` groups; returns their number.

    sources: (folder or LMDB, number of its rows) of the rows in order; only images of the first can
    go. Images lost since they were read have no picture.
    """
    found = groups_by_doubt(removal)
    groups = found[:most]
    rows = [row for group in groups for row in group.shown]
    pictures = _pictures(sources, keys, rows)

    def member(row: int) -> dict[str, Any]:
        theirs = row >= sources[0][1]
        known = _member(row, theirs=theirs, keys=keys, stored=stored, removal=removal, going=going)
        return known | {"picture": pictures.get(row, "")}

    shown: list[dict[str, Any]] = [
        {
            "number": group.number,
            "left_out": len(group.members) - len(group.shown),
            "members": [member(row) for row in group.shown],
        }
        for group in groups
    ]
    content = {
        "id": page_id([[m["name"] for m in group["members"]] for group in shown]),
        "banner": "",
        "from": legible(str(sources[0][0])),
        "against": legible(str(sources[1][0])) if len(sources) > 1 else "",
        "files": going.root is not None,
        "found": len(found),
        "groups": shown,
    }
    write_page(path, template=TEMPLATE, content=content)
    return len(groups)


def _pictures(
    sources: Sequence[tuple[Path, int]], keys: Sequence[str], rows: Sequence[int]
) -> dict[int, str]:
    """Row -> its picture as a data URI, read again from the place that the row belongs to."""
    pictures: dict[int, str] = {}
    start = 0
    for place, count in sources:
        own = {keys[row]: row for row in rows if start <= row < start + count}
        if own:
            read = larger_pictures(place, own, side=SIDE)
            pictures |= {own[key]: jpeg_uri(picture) for key, picture in read.items()}
        start += count
    return pictures


def _member(
    row: int,
    *,
    theirs: bool,
    keys: Sequence[str],
    stored: StoredImages,
    removal: Removal,
    going: Going,
) -> dict[str, Any]:
    """What the page says of an image; theirs: of the other collection, which is never ticked."""
    entry = going.entry(keys[row])
    twin = keys[removal.first[row]]
    why = "" if theirs else going.why_not(keys[row], twin) or _unlistable(entry)
    return {
        "name": legible(keys[row]),
        "width": int(stored.width[row]),
        "height": int(stored.height[row]),
        "bytes": int(stored.bytes[row]),
        "date": stored.date(row),
        "distance": int(removal.distance[row]),
        "theirs": theirs,
        "goes": not (theirs or why or removal.keep[row]),
        "entry": "" if theirs or why else entry,
        "note": WHY_NOT.get(why, ""),
    }


def _unlistable(entry: str) -> str:
    """Why a text file of one name per line cannot hold the name, or ""."""
    if has_line_break(entry):
        return "line_break"
    try:
        entry.encode("utf-8")
    except UnicodeEncodeError:
        return "not_text"
    return ""
