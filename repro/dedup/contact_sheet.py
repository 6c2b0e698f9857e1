"""Groups of near-duplicates as pages of pictures, to be judged by eye before anything is deleted.

Where in the flow: `repro.dedup.folder` writes sheet_001.png, sheet_002.png ... next to groups.csv.
Each group appears under its number in groups.csv: first the image that is kept, then those that
would go, with names and Hamming distances below. The most doubtful groups come first: the most
distant codes, then the largest groups, then the order of groups.csv.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from repro.dedup.files_once import legible
from repro.dedup.removal import Removal
from repro.dedup.thumbnails import larger_pictures
from repro.figures.drawing import INK, MUTED, PALETTE, PAPER, Style, font, save_picture

ACROSS, BANDS = 8, 6  # pictures per row, and rows per page
SIDE = 120  # pixels of a picture
FRAME, GAP, LINE, MARGIN = 3, 10, 14, 12  # pixels
CELL = SIDE + 2 * FRAME + GAP  # width, with the gap after it
BAND = 22 + SIDE + 2 * FRAME + 3 * LINE + 18  # height: head, picture, three lines, space
KEPT, REMOVED, LOST = PALETTE[2], PALETTE[3], "#d8dbdf"


@dataclass(frozen=True)
class Group:
    """One group: its number in groups.csv and the rows of its members, the kept one first."""

    number: int
    members: np.ndarray

    @property
    def drawn(self) -> np.ndarray:
        """The members that are drawn: those that fit into one row."""
        return self.members[:ACROSS]


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


def write_sheets(
    folder: Path, *, path: Path, keys: Sequence[str], removal: Removal, most: int
) -> int:
    """Write pages of up to `most` groups into `folder`; returns the number of groups shown.

    path: from which the images with these keys are read again.
    """
    found = groups_by_doubt(removal)
    groups = found[:most]
    wanted = {keys[row] for group in groups for row in group.drawn.tolist()}
    pictures = larger_pictures(path, wanted, side=SIDE) if groups else {}
    shown = 0
    for number, page in enumerate(_pages(groups), start=1):
        bands = page[-1][1][0] + 1
        size = (2 * MARGIN + ACROSS * CELL - GAP, MARGIN + bands * BAND)
        sheet = Image.new("RGB", size, PAPER)
        for group, (band, cell) in page:
            corner = (MARGIN + cell * CELL, MARGIN + band * BAND)
            _draw_group(sheet, group, corner, keys=keys, removal=removal, pictures=pictures)
        title = (
            f"{shown + 1} to {shown + len(page)} of {len(found)} groups, the most doubtful first "
            "(distance, then size). Green: kept. Orange: would go."
        )
        shown += len(page)
        name = folder / f"sheet_{number:03d}.png"
        save_picture(name, np.asarray(sheet), style=Style(), title=title, scale=1)
    return shown


def _pages(groups: list[Group]) -> Iterator[list[tuple[Group, tuple[int, int]]]]:
    """Each page's groups with their (band, cell); a group stays on one band."""
    page: list[tuple[Group, tuple[int, int]]] = []
    band = cell = 0
    for group in groups:
        if cell + len(group.drawn) > ACROSS:
            band, cell = band + 1, 0
        if band == BANDS:
            yield page
            page, band = [], 0
        page.append((group, (band, cell)))
        cell += len(group.drawn)
    if page:
        yield page


def _draw_group(
    sheet: Image.Image,
    group: Group,
    corner: tuple[int, int],
    *,
    keys: Sequence[str],
    removal: Removal,
    pictures: dict[str, np.ndarray],
) -> None:
    """Draw a heading with a rule above the group; a frame, name and verdict for each picture."""
    draw, small = ImageDraw.Draw(sheet), font(11)
    left, top = corner
    right = left + len(group.drawn) * CELL - GAP - 1
    draw.line((left, top, right, top), fill=MUTED)
    left_out = len(group.members) - len(group.drawn)
    more = f", {left_out} of them not shown" if left_out else ""
    head = f"group {group.number}: {len(group.members)} images{more}"
    draw.text((left, top + 3), head, font=font(12, bold=True), fill=INK)
    top += 22
    below = top + SIDE + 2 * FRAME + 2
    for place, row in enumerate(group.drawn.tolist()):
        kept, key = bool(removal.keep[row]), keys[row]
        colour = KEPT if kept else REMOVED
        box = (left, top, left + SIDE + 2 * FRAME - 1, top + SIDE + 2 * FRAME - 1)
        draw.rectangle(box, fill=LOST, outline=colour, width=FRAME)
        if key in pictures:
            sheet.paste(Image.fromarray(pictures[key]), (left + FRAME, top + FRAME))
        name = unicodedata.normalize("NFC", legible(key))
        for line, text in enumerate(name_on_two_lines(name, small, width=SIDE + 2 * FRAME)):
            draw.text((left, below + line * LINE), text.strip(), font=small, fill=INK)
        verdict = "kept" if kept else "would go"
        if place:
            verdict += f", distance {removal.distance[row]}"
        draw.text((left, below + 2 * LINE), verdict, font=small, fill=colour)
        left += CELL


def name_on_two_lines(name: str, small: ImageFont.FreeTypeFont, *, width: int) -> list[str]:
    """The end of a name on at most two lines, with … in front where its beginning is cut off.

    Lines break after one of `/_- ` or before a dot where both halves then fit, else anywhere.
    """
    if small.getlength(name) <= width:
        return [name]
    for cut in range(len(name) - 1, 0, -1):
        halves = [name[:cut], name[cut:]]
        between_words = name[cut - 1] in "/_- " or name[cut] == "."
        if between_words and all(small.getlength(half) <= width for half in halves):
            return halves
    second = _ending(name, small, width=width)
    rest = name[: len(name) - len(second)]
    if small.getlength(rest) <= width:
        return [rest, second]
    return ["…" + _ending(rest, small, width=width - small.getlength("…")), second]


def _ending(name: str, small: ImageFont.FreeTypeFont, *, width: float) -> str:
    return next(name[n:] for n in range(len(name)) if small.getlength(name[n:]) <= width)
