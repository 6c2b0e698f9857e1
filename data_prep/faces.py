"""Faces cut from photos of people: one picture per detection, like the paper's (§4.2).

Reads a folder of photos and the boxes.csv of data_prep/face_detection/; boxes of another detector
serve as well (columns file, face, left, top, width, height, photo_width, photo_height, in pixels of
the upright photo). A record is a detection, its key "<file>#<face>"; a photo without a face is one
skipped record.

The cascade's box ends at the forehead and at the chin, while the authors' faces (Fig 10) show hair
and chin. So the crop adds 0.3 of the box above, 0.15 below, and at the sides enough to make it
square. Compared by eye on 36 detections in press photos: 0.2 and 0.1 cut hair and some chins, 0.5
and 0.3 show shoulders and much background. A crop that would leave the photo is moved inside, and
made smaller where the photo is smaller; it is never stretched.

Alone: `for record in records(RAW, Options()): ...`.
"""

import csv
import shlex
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from data_prep.source import Record, Requirement
from data_prep.table_names import refuse_unknown_files
from repro.data.cells import name_in
from repro.data.raw_images import SourceError, files_below
from repro.specs.validation import Strict

AGAIN = "write it again with python -m data_prep.face_detection"
NUMBERS = ("face", "left", "top", "width", "height", "photo_width", "photo_height")


class Options(Strict):
    images: str = Field("photos", description="folder below raw that holds the photos; '' = raw")
    boxes: str = Field("boxes.csv", description="table of the detections, a path below raw")
    margin_top: float = Field(
        0.3, ge=0, description="kept above a detection, as a share of its height, for the hair"
    )
    margin_bottom: float = Field(0.15, ge=0, description="kept below it, for the chin")
    minimum_size: int = Field(
        64,
        ge=1,
        description="pixels of the crop's side; smaller faces are left out (too_small). At least "
        "the dataset's image_size, so that no face is enlarged",
    )


class BoxRow(NamedTuple):
    """One line of boxes.csv; without a face, `reason` gives the reason."""

    line: int
    file: str
    face: int
    box: tuple[int, int, int, int]
    photo: tuple[int, int]
    reason: str


def requirements(raw: Path, options: Options) -> list[Requirement]:
    photos, boxes = raw / options.images, raw / options.boxes
    return [
        Requirement(
            path=photos,
            what="folder of photos of people",
            kind="folder",
            how_to_get="put the photos there, or set `raw:` (and `images`) to where they are",
        ),
        Requirement(
            path=boxes,
            what="table of the faces in them",
            kind="file",
            how_to_get="python -m data_prep.face_detection "
            f"{shlex.quote(str(photos))} --out {shlex.quote(str(boxes))}",
        ),
    ]


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    return {}


def class_names(raw: Path, options: Options) -> list[str] | None:
    return None


def count(raw: Path, options: Options) -> int:
    return sum(1 for _ in records(raw, options))


def records(raw: Path, options: Options) -> Iterator[Record]:
    """Faces in the table's order, then the photos that are not in it.

    Skipped: photos without a face, or unreadable, with the table's reason; faces whose crop is
    `too_small`; files of the table that are absent (no_such_file), and photos that are not in it
    (not_in_table). Raises SourceError for a table that is damaged or contradicts itself.
    """
    photos, boxes = raw / options.images, raw / options.boxes
    files = files_below(photos)
    refuse_unknown_files(boxes, {row.file for row in _rows(boxes)}, folder=photos, files=files)
    unnamed = dict.fromkeys(files, True)
    for file, rows in groupby(_rows(boxes), key=lambda row: row.file):
        exists = file in unnamed
        seen: set[int] = set()
        for row in rows:
            if row.face in seen or unnamed.get(file) is False:
                raise SourceError(
                    f"{boxes}, line {row.line}: a second row for face {row.face or 'none'} of "
                    f"'{file}', or its rows are not together; {AGAIN}"
                )
            seen.add(row.face)
            yield _record(row, photos, options) if exists else _without_file(row)
        unnamed[file] = False
    yield from (Record(key=file, skip="not_in_table") for file, left in unnamed.items() if left)


def widened(
    box: tuple[int, int, int, int],
    *,
    photo: tuple[int, int],
    margin_top: float,
    margin_bottom: float,
) -> tuple[int, int, int, int]:
    """The square around a box (left, top, width, height) with its margins, inside the photo.

    photo: (width, height). Margins are parts of the box's longer side. Where the photo is too small
    for the square, both margins shrink alike; where its border is too near, the square is moved.
    """
    left, top, width, height = box
    longer = max(width, height)
    side = min(round(longer * (1 + margin_top + margin_bottom)), *photo)
    both = margin_top + margin_bottom
    above = (side - height) * (margin_top / both if both else 0.5)
    x = round(left - (side - width) / 2)
    y = round(top - above)
    return (min(max(x, 0), photo[0] - side), min(max(y, 0), photo[1] - side), side, side)


def _record(row: BoxRow, photos: Path, options: Options) -> Record:
    if not row.face:
        return Record(key=row.file, skip=row.reason)
    key = f"{row.file}#{row.face}"
    crop = widened(
        row.box,
        photo=row.photo,
        margin_top=options.margin_top,
        margin_bottom=options.margin_bottom,
    )
    if crop[2] < options.minimum_size:
        return Record(key=key, skip="too_small")
    return Record(key=key, payload=photos / row.file, crop=crop)


def _without_file(row: BoxRow) -> Record:
    return Record(key=f"{row.file}#{row.face}" if row.face else row.file, skip="no_such_file")


def _rows(path: Path) -> Iterator[BoxRow]:
    """The lines of boxes.csv, each checked on its own."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        try:
            table = csv.DictReader(stream, restval="")
            header = table.fieldnames or []
            absent = [name for name in ("file", *NUMBERS) if name not in header]
            if absent:
                found = ", ".join(header) or "none"
                raise SourceError(f"{path}: no column {absent}; it has {found}; {AGAIN}")
            for row in table:
                row["file"] = name_in(row["file"])
                yield _checked(row, f"{path}, line {table.line_num}", table.line_num)
        except csv.Error as error:
            raise SourceError(f"{path}: not a readable CSV file: {error}; {AGAIN}") from None


def _checked(row: dict[str, str], where: str, line: int) -> BoxRow:
    if not row["file"]:
        raise SourceError(f"{where}: the column 'file' is empty; {AGAIN}")
    if not any(row[name] for name in NUMBERS[:5]):
        reason = row.get("reason") or "no_face"
        return BoxRow(line, row["file"], 0, (0, 0, 0, 0), (0, 0), reason)
    numbers = {}
    for name in NUMBERS:
        text = row[name]
        if not (text.isascii() and text.isdecimal()):
            raise SourceError(
                f"{where}, column '{name}': found '{text}', expected a whole number; {AGAIN}"
            )
        numbers[name] = int(text)
    face, left, top, width, height, photo_width, photo_height = numbers.values()
    if face < 1 or min(width, height) < 1:
        raise SourceError(
            f"{where}: face {face} of {width}x{height} pixels, expected 1 or more of each; {AGAIN}"
        )
    if left + width > photo_width or top + height > photo_height:
        raise SourceError(
            f"{where}: the box ends at column {left + width} and row {top + height} of a photo of "
            f"{photo_width}x{photo_height} pixels ('{row['file']}'); {AGAIN}"
        )
    box, photo = (left, top, width, height), (photo_width, photo_height)
    return BoxRow(line, row["file"], face, box, photo, "")
