"""Any folder of pictures, flat or nested; labels from the file names or from a CSV file.

For your own photos, and for face sets (paper §4.2: the authors' faces were never released). Files
are read in order of their relative path; hidden ones are ignored; other files than pictures are
skipped with a reason.

Alone: `count(RAW, Options())` is the number of files.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from data_prep.label_number import number_in
from data_prep.source import Crop, Record, Requirement
from data_prep.table_names import refuse_unknown_files
from repro.data.raw_images import SourceError, files_below
from repro.specs.validation import Strict

Labels = dict[str, float | int]


class Options(Strict):
    images: str = Field("", description="folder below raw that holds the pictures; '' = raw")
    labels_from_name: str | None = Field(
        None,
        description="regular expression for the whole file name without its last suffix; its "
        "named groups are numeric labels, e.g. (?P<age>\\d+)_(?P<woman>[01])_.*",
    )
    labels_csv: str | None = Field(
        None,
        description="CSV file below raw: column `file` (path below `images` or below raw) and "
        "numeric columns, each a label",
    )
    columns: list[str] = Field([], description="columns of labels_csv to take; [] = all")
    crop: Crop | None = Field(
        None,
        description="left, top, width, height in pixels, cut out of every picture before scaling "
        "(CelebA aligned: [30, 40, 138, 138], dcgan.torch)",
    )

    @field_validator("labels_from_name")
    @classmethod
    def _named_groups(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern).groupindex if pattern is not None else {"": 0}
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        if not groups:
            raise ValueError("has no named group such as (?P<age>\\d+)")
        return pattern

    @model_validator(mode="after")
    def _one_kind_of_labels(self) -> "Options":
        if self.labels_from_name and self.labels_csv:
            raise ValueError("give labels_from_name or labels_csv, not both")
        return self


def requirements(raw: Path, options: Options) -> list[Requirement]:
    pictures = Requirement(
        path=raw / options.images,
        what="folder of pictures",
        kind="folder",
        how_to_get="put the pictures there, or name the folder where they are",
    )
    if options.labels_csv is None:
        return [pictures]
    table = Requirement(
        path=raw / options.labels_csv,
        what="table of labels",
        kind="file",
        how_to_get="a CSV file with a column `file` and one numeric column per label",
    )
    return [pictures, table]


def refusal(raw: Path, options: Options, *, least: dict[str, int], results: Path) -> str | None:
    """Why the folder cannot be used, as far as its file names tell; None where it may be.

    least: who requires images, in words -> how many. results: folder that the run writes, which
    must not be among the pictures. Called before any step of a run.
    """
    folder = raw / options.images
    if results.resolve().is_relative_to(folder.resolve()):
        return (
            f"a folder of its own: {folder} is read with all its sub-folders, and this run would "
            f"write into it ({results}); put the pictures into a folder without results/"
        )
    try:
        found = count(raw, options)
        label_fields(raw, options)
    except SourceError as error:
        return f"a folder of pictures: {error}"
    short = [who for who, images in least.items() if found < images]
    if short:
        return (
            f"more pictures: {folder} holds {found} files, but {', '.join(short)}; add pictures, "
            "or lower the settings that need more"
        )
    return None


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    """Type of every label: i4 (or i8) where all values are whole, else f4."""
    rows = [labels for _, labels in _labelled(raw, options) if labels is not None]
    names = list(rows[0]) if rows else []
    return {name: _field_type([row[name] for row in rows]) for name in names}


def class_names(raw: Path, options: Options) -> list[str] | None:
    return None


def count(raw: Path, options: Options) -> int:
    """Files below the folder. Raises SourceError where there is none, or no folder."""
    return len(_files(raw, options))


def records(raw: Path, options: Options) -> Iterator[Record]:
    """Files sorted by path. If labels are required, a file without labels is skipped.

    Raises SourceError for values that are not numbers, for a table without column `file`, and like
    `count`.
    """
    reason = "name_does_not_match" if options.labels_from_name else "not_in_labels_csv"
    for key, labels in _labelled(raw, options):
        if labels is None:
            yield Record(key=key, skip=reason)
        else:
            path = raw / options.images / key
            yield Record(key=key, payload=path, labels=labels, crop=options.crop)


def _files(raw: Path, options: Options) -> list[str]:
    folder = raw / options.images
    files = files_below(folder)
    if not files:
        raise SourceError(
            f"{folder} is empty (hidden files and folders, .NAME, are not read); is it the right "
            "folder?"
        )
    return files


def _labelled(raw: Path, options: Options) -> Iterator[tuple[str, Labels | None]]:
    """Key and labels of every file; None where required labels are missing."""
    keys = _files(raw, options)
    if options.labels_from_name:
        pattern = re.compile(options.labels_from_name)
        yield from ((key, _labels_in_name(key, pattern)) for key in keys)
    elif options.labels_csv:
        table = _table(raw / options.labels_csv, options.columns)
        below_raw = f"{Path(options.images).as_posix()}/"
        rows = [(key, table.get(key, table.get(below_raw + key))) for key in keys]
        if all(labels is None for _, labels in rows):
            file = raw / options.labels_csv
            refuse_unknown_files(file, table, folder=raw / options.images, files=keys)
        yield from rows
    else:
        yield from ((key, {}) for key in keys)


def _labels_in_name(key: str, pattern: re.Pattern[str]) -> Labels | None:
    match = pattern.fullmatch(Path(key).stem)
    if match is None or None in match.groupdict().values():
        return None
    return {
        name: _number(text, f"{key}, group '{name}'") for name, text in match.groupdict().items()
    }


def _table(path: Path, columns: list[str]) -> dict[str, Labels]:
    """File -> labels of a CSV file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            header, rows = list(reader.fieldnames or []), list(reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: not a readable CSV file: {error}") from None
    names = columns or [name for name in header if name != "file"]
    absent = [name for name in ("file", *names) if name not in header]
    if absent:
        raise SourceError(f"{path}: no column {absent}; it has {', '.join(header) or 'none'}")
    table: dict[str, Labels] = {}
    for row in rows:
        file = row["file"]
        if file in table:
            raise SourceError(f"{path}: '{file}' has more than one row")
        where = f"{path}, '{file}', column"
        table[file] = {name: _number(row[name], f"{where} '{name}'") for name in names}
    return table


def _number(text: str, where: str) -> float | int:
    number = number_in(text)
    if number is not None:
        return number
    raise SourceError(
        f"{where}: found '{text}', expected a number; name the numeric columns in `columns`, or "
        "leave the group without a name"
    )


def _field_type(values: list[float | int]) -> str:
    if any(isinstance(value, float) for value in values):
        return "f4"
    return "i4" if all(-(2**31) <= value < 2**31 for value in values) else "i8"
