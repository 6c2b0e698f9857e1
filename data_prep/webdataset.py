"""WebDataset: tar files ("shards"); the files of a sample have one name and several endings.

`000/cat.jpg`, `000/cat.cls` and `000/cat.json` are a sample: its picture, its class and its other
labels. The ending begins at the first dot of the file's name. Samples come in the order of the
shards' names and, in a shard, of their first file; the files of a sample need not follow each
other. Nothing is unpacked: a shard's headers are read, then each picture from its place. Folders,
links, devices and hidden files in a shard are ignored; a name is only a name, wherever it leads.

Alone: `count(RAW, Options())` is the number of samples.
"""

import json
import math
import re
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

from pydantic import Field

from data_prep.label_number import number_in
from data_prep.matching_files import (
    Pattern,
    find_matching,
    refuse_pointer,
    require_files,
    wrong_file_error,
)
from data_prep.source import Record, Requirement
from data_prep.tar_entries import tar_entries
from repro.data.raw_images import LARGEST_FILE, SourceError
from repro.specs.validation import Strict

PICTURES = ("jpg", "jpeg", "png", "webp", "avif", "heic", "gif", "bmp", "tif", "tiff", "ppm", "jp2")
CLASS, TABLE = "cls", "json"  # endings of labels
LARGEST_LABELS = 1 << 20  # bytes of a .cls or .json
NAME = re.compile(r"((?:.*/)?[^./][^./]*)\.([^/]*)", re.DOTALL)  # stem, ending
TYPES = {"whole": "i8", "real": "f8"}


class Options(Strict):
    shards: Pattern = Field(
        "*.tar", description="tar files below raw; * and ** as in a shell, e.g. train/*.tar"
    )
    pictures: tuple[str, ...] = Field(
        PICTURES, min_length=1, description="endings of a picture; the first that a sample has"
    )
    classes: bool = Field(
        False, description="label `class`: the whole number in the sample's .cls file"
    )
    labels: dict[str, Literal["whole", "real"]] = Field(
        {}, description="numbers in the sample's .json: name -> whole or real"
    )


class _Place(NamedTuple):
    """Where a file of a sample is in its shard, in bytes."""

    start: int
    size: int


Sample = dict[str, _Place]  # the files of a sample that are of use, by their endings


def requirements(raw: Path, options: Options) -> list[Requirement]:
    return require_files(
        raw,
        options.shards,
        what="WebDataset shard",
        how_to_get="download the data set's .tar files, and name them by the option `shards`",
    )


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    fields = {"class": "i8"} if options.classes else {}
    return fields | {name: TYPES[kind] for name, kind in options.labels.items()}


def class_names(raw: Path, options: Options) -> list[str] | None:
    return None


def count(raw: Path, options: Options) -> int:
    """Samples of all shards, with a picture or without. Raises SourceError naming a damaged one."""
    return sum(len(_samples(raw / name, options)) for name in find_matching(raw, options.shards))


def records(raw: Path, options: Options) -> Iterator[Record]:
    """Samples by shard and first file; one without a picture, or without its labels, is skipped.

    Raises SourceError, naming the shard, where it is damaged.
    """
    for name in find_matching(raw, options.shards):
        samples = _samples(raw / name, options)
        with (raw / name).open("rb") as stream:
            for stem, files in samples.items():
                key = f"{name}/{stem}"
                picture = next((files[e] for e in options.pictures if e in files), None)
                labels = _labels(stream, files, options)
                if picture is None:
                    yield Record(key=key, skip="no_picture")
                elif picture.size > LARGEST_FILE:
                    yield Record(key=key, skip="too_large")
                elif labels is None:
                    yield Record(key=key, skip="no_label")
                else:
                    yield Record(key, partial(_read, stream, picture), labels)


def _samples(path: Path, options: Options) -> dict[str, Sample]:
    """Stem -> files of use, of a whole shard (data_prep/README.md has the memory it takes)."""
    wanted = {*options.pictures, CLASS, TABLE}
    found: dict[str, Sample] = {}
    refuse_pointer(path)
    try:
        with path.open("rb") as stream:
            for _, entry in tar_entries(stream):
                match = NAME.fullmatch(entry.name.removeprefix("./"))
                if match and entry.isreg() and not entry.issparse():
                    stem, ending = match[1], match[2].lower()
                    sample = found.setdefault(stem, {})
                    if ending in wanted:  # of two with one name the later counts, as in tar
                        sample[ending] = _Place(entry.offset_data, entry.size)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise wrong_file_error(path, "TAR archive", error) from None
    return found


def _read(stream: IO[bytes], place: _Place) -> bytes:
    stream.seek(place.start)
    data = stream.read(place.size)
    if len(data) < place.size:
        raise SourceError(f"{stream.name}: cut off while it was read; get it again")
    return data


def _labels(stream: IO[bytes], files: Sample, options: Options) -> dict[str, float | int] | None:
    """The labels of a sample; None where one is missing or no number."""
    found: dict[str, float | int | None] = {}
    if options.classes:
        found["class"] = _number(_text(stream, files, CLASS), "whole")
    if options.labels:
        try:
            table = json.loads(_text(stream, files, TABLE))
        except (ValueError, RecursionError):
            return None
        if not isinstance(table, dict):
            return None
        found |= {name: _number(table.get(name), kind) for name, kind in options.labels.items()}
    numbers = {name: value for name, value in found.items() if value is not None}
    return numbers if len(numbers) == len(found) else None


def _text(stream: IO[bytes], files: Sample, ending: str) -> str:
    """Text of a file of labels; "" where there is none, or one that cannot be it."""
    place = files.get(ending)
    if place is None or place.size > LARGEST_LABELS:
        return ""
    return _read(stream, place).decode("utf-8", "replace").strip()


def _number(value: Any, kind: Literal["whole", "real"]) -> float | int | None:
    """A JSON number, or a text of one, as `kind`; None where it is none or does not fit."""
    if isinstance(value, str):
        written = number_in(value)
        value = None if kind == "whole" and isinstance(written, float) else written
    try:
        number = int(value) if kind == "whole" else float(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if kind == "real":
        return number if math.isfinite(number) else None
    return number if number == value and -(2**63) <= number < 2**63 else None
