"""CelebA, aligned and cropped: the public replacement for the authors' faces (paper §4.2).

Reads the official folder img_align_celeba/ (202,599 JPEG files of 178 x 218 pixels; the official
PNGs serve as well) and list_attr_celeba.txt: the number of pictures, the names of the attributes,
then one line per picture, "000001.jpg -1 1 ...". Every attribute is a label under its own name, 1
present, 0 absent (-1 in the file). The authors never released their faces; dcgan.torch uses CelebA
instead, cut at x = 30, y = 40 to 138 x 138 pixels (its data/crop_celebA.lua), which is the default
here. Its random 64-pixel crop out of 96 and its flips are left out: the paper has no augmentation.

Alone: `for record in records(RAW, Options()): ...`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, field_validator

from data_prep.source import Crop, Record, Requirement
from data_prep.table_names import refuse_unknown_files
from repro.data.raw_images import SourceError, files_below
from repro.progress import REPORTER
from repro.specs.validation import Strict, nearest

SPLITS = {"0": "train", "1": "valid", "2": "test"}
VALUES = {"-1": 0, "1": 1}
AGAIN = "get it again from the CelebA site"
PICTURE = (218, 178)  # height and width, pixels
PUBLISHED = {"all": 202_599, "train": 162_770, "valid": 19_867, "test": 19_962}  # official splits


class Options(Strict):
    images: str = Field("img_align_celeba", description="folder of the pictures, below raw")
    attributes: str = Field(
        "list_attr_celeba.txt", description="table of the attributes (official: in Anno/)"
    )
    partition: str = Field(
        "list_eval_partition.txt",
        description="table of the splits (official: in Eval/); read where split is not all",
    )
    split: Literal["all", "train", "valid", "test"] = Field(
        "all", description="the official split; all: the paper splits no faces"
    )
    columns: list[str] = Field([], description="attributes to take as labels; [] = all 40")
    crop: Crop | None = Field(
        (30, 40, 138, 138),
        description="left, top, width, height in pixels (default: dcgan.torch); null = the largest "
        "square in the middle",
    )

    @field_validator("columns")
    @classmethod
    def _named_once(cls, columns: list[str]) -> list[str]:
        if len(set(columns)) != len(columns):
            raise ValueError("names an attribute twice")
        return columns


class Table(NamedTuple):
    """names: the selected attributes, in order. rows: file -> one byte (0 or 1) for each."""

    names: list[str]
    rows: dict[str, bytes]


def requirements(raw: Path, options: Options) -> list[Requirement]:
    how = (
        "download img_align_celeba.zip, list_attr_celeba.txt and list_eval_partition.txt from the "
        "CelebA site (terms: research only), unpack the first, and put them below the raw folder"
    )
    wanted = [
        (options.images, "CelebA's folder of aligned pictures"),
        (options.attributes, "CelebA's table of attributes"),
    ]
    if options.split != "all":
        wanted.append((options.partition, "CelebA's table of splits"))
    return [
        Requirement(
            path=raw / name,
            what=what,
            how_to_get=how,
            kind="folder" if name == options.images else "file",
        )
        for name, what in wanted
    ]


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    """Every attribute is 0 or 1 (u1). Raises SourceError for one that is not in the table."""
    return dict.fromkeys(_attributes(raw / options.attributes, options.columns).names, "u1")


def class_names(raw: Path, options: Options) -> list[str] | None:
    return None


def published(options: Options) -> int | None:
    return PUBLISHED[options.split]


def count(raw: Path, options: Options) -> int:
    files, _, split_of = _read(raw, options)
    return sum(split_of(row) in (None, options.split) for row in files)


def records(raw: Path, options: Options) -> Iterator[Record]:
    """Pictures of the split, sorted by path.

    Skipped: files without a row in a requested table (not_in_table). Pictures of other splits are
    no records, nor are rows without a file, of which the log tells the number. Raises SourceError
    for damaged tables, and for two files of one row.
    """
    folder = raw / options.images
    files, table, split_of = _read(raw, options)
    missing = len(table.rows.keys() - files.keys())
    if missing:
        REPORTER.say(f"{missing:,} rows of {raw / options.attributes} have no file in {folder}")
    for row, key in files.items():
        split = split_of(row)
        if split is None or (split == options.split and row not in table.rows):
            yield Record(key=key, skip="not_in_table")
        elif split == options.split:
            labels: dict[str, float | int] = dict(zip(table.names, table.rows[row], strict=True))
            yield Record(key=key, payload=folder / key, labels=labels, crop=options.crop)


def _read(raw: Path, options: Options) -> tuple[dict[str, str], Table, Callable[[str], str | None]]:
    """The files by their rows' names, the table, and the split of a row (None: unknown)."""
    folder = raw / options.images
    table = _attributes(raw / options.attributes, options.columns)
    files: dict[str, str] = {}
    for file in files_below(folder):
        other = files.setdefault(_row_of(file), file)
        if other != file:
            raise SourceError(
                f"{folder}: {other} and {file} are one picture in the tables; keep one of them"
            )
    refuse_unknown_files(raw / options.attributes, table.rows, folder=folder, files=[*files])
    if options.split == "all":
        return files, table, lambda _: options.split
    splits = _partition(raw / options.partition)
    refuse_unknown_files(raw / options.partition, splits, folder=folder, files=[*files])
    return files, table, splits.get


def _row_of(file: str) -> str:
    """A picture's name in the tables, which say .jpg for the PNGs as well."""
    return f"{file.removesuffix('.png')}.jpg" if file.endswith(".png") else file


def _attributes(path: Path, columns: list[str]) -> Table:
    """The chosen columns of list_attr_celeba.txt, in the order of `columns` (or the file's)."""
    lines = _lines(path)
    announced = lines[0].strip()
    if not announced.isdecimal():
        raise SourceError(
            f"{path}, line 1: found '{announced[:60]}', expected the number of pictures; {AGAIN}"
        )
    names = lines[1].split() if len(lines) > 1 else []
    if not names or len(set(names)) != len(names):
        raise SourceError(
            f"{path}, line 2: found {len(names)} names, {len(set(names))} of them different, "
            f"expected the names of the attributes; {AGAIN}"
        )
    for name in columns:
        if name not in names:
            raise SourceError(f"{path}: no attribute '{name}'; {nearest(name, names)}")
    chosen = [names.index(name) for name in columns or names]
    rows: dict[str, bytes] = {}
    for number, line in enumerate(lines[2:], start=3):
        file, *values = line.split()
        where = f"{path}, line {number}"
        if len(values) != len(names):
            raise SourceError(
                f"{where}: found {len(values)} values for '{file}', expected {len(names)}; {AGAIN}"
            )
        if file in rows:
            raise SourceError(f"{where}: a second row for '{file}'; {AGAIN}")
        rows[file] = bytes(_bit(values[i], f"{where}, attribute '{names[i]}'") for i in chosen)
    if len(rows) != int(announced):
        raise SourceError(
            f"{path}: found {len(rows)} rows, expected {announced} (line 1): cut off; {AGAIN}"
        )
    return Table([names[i] for i in chosen], rows)


def _bit(text: str, where: str) -> int:
    if text not in VALUES:
        raise SourceError(f"{where}: found '{text}', expected 1 or -1; {AGAIN}")
    return VALUES[text]


def _partition(path: Path) -> dict[str, str]:
    """File -> name of its split."""
    splits: dict[str, str] = {}
    for number, line in enumerate(_lines(path), start=1):
        file, *values = line.split()
        if len(values) != 1 or values[0] not in SPLITS:
            raise SourceError(
                f"{path}, line {number}: found '{line.strip()[:60]}', expected a file and 0, 1 or "
                f"2; {AGAIN}"
            )
        if file in splits:
            raise SourceError(f"{path}, line {number}: a second row for '{file}'; {AGAIN}")
        splits[file] = SPLITS[values[0]]
    return splits


def _lines(path: Path) -> list[str]:
    """The lines of a text file, one at least, without blank ones at its end."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not a text file ({error}); {AGAIN}") from None
    if not text.strip():
        raise SourceError(f"{path}: empty, expected a table; {AGAIN}")
    lines = text.rstrip().split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            raise SourceError(f"{path}, line {number}: empty, expected a row; {AGAIN}")
    return lines
