"""Parquet files with a column of image files, as data sets on hubs have them; needs pyarrow.

The column holds the bytes of a picture's file, plainly or as a struct {bytes, path}. Labels are
columns of numbers; the names of a class label are taken from what the `datasets` library writes
into the file. Rows come in the order of the files' names and of the rows in a file. One row group
at a time is read, and of it one page at a time (most writers put up to 1,024 pictures into a page),
so memory does not grow with the number of rows. Groups without a wanted picture are not read.

Alone: `count(RAW, Options())` is the number of rows.
"""

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field

from data_prep.matching_files import (
    Pattern,
    find_matching,
    refuse_pointer,
    require_files,
    wrong_file_error,
)
from data_prep.source import Record, Requirement
from repro.data.raw_images import SourceError
from repro.specs.validation import SpecError, Strict

INSTALL = 'pip install ".[parquet]" in the checkout'
ROWS_AT_ONCE = 16  # pictures in memory; of a large row group only a part
LABELS_AT_ONCE = 4096
BUFFER = 1 << 20  # bytes read from a file at a time
BYTES = "bytes"  # field of the struct that holds the picture
BINARY = ("binary", "large_binary", "binary_view")
WHOLE_IN_32_BITS = ("bool", "int8", "int16", "int32", "uint8", "uint16")
TYPES = {
    **dict.fromkeys(WHOLE_IN_32_BITS, "i4"),
    **dict.fromkeys(("int64", "uint32", "uint64"), "i8"),
    "float": "f4",
    "halffloat": "f4",
    "double": "f8",
}  # Arrow's name of a type -> numpy's
HUB = b"huggingface"  # key of a file's metadata: its columns as the `datasets` library knows them


class Options(Strict):
    files: Pattern = Field(
        "*.parquet",
        description="files below raw; * and ** as in a shell, e.g. data/train-*.parquet",
    )
    column: str | None = Field(
        None, description="column of the pictures; null = the only one that can hold them"
    )
    labels: dict[str, str] = Field(
        {}, description="label -> its column of numbers, e.g. {class: label}"
    )


def requirements(raw: Path, options: Options) -> list[Requirement]:
    """The files that match. Raises SpecError where pyarrow is not installed."""
    _arrow()
    return require_files(
        raw,
        options.files,
        what="Parquet file of pictures",
        how_to_get="download the data set's .parquet files, and name them by the option `files`",
    )


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    """Types of the labels, which must be the same in all files."""
    first: tuple[str, dict[str, str]] | None = None
    for name in find_matching(raw, options.files):
        with _opened(raw / name) as file:
            found = _types(file, raw / name, options)
        if first is None:
            first = name, found
        elif found != first[1]:
            raise SourceError(f"{raw / name}: labels {found}, but {first[0]} has {first[1]}")
    return first[1] if first else {}


def class_names(raw: Path, options: Options) -> list[str] | None:
    """Names of the label `class`, where the first file has them."""
    files = find_matching(raw, options.files)
    if "class" not in options.labels or not files:
        return None
    with _opened(raw / files[0]) as file:
        about = (file.schema_arrow.metadata or {}).get(HUB, b"{}")
    try:
        names = json.loads(about)["info"]["features"][options.labels["class"]]["names"]
        return [str(name) for name in names]
    except (ValueError, KeyError, TypeError):
        return None


def count(raw: Path, options: Options) -> int:
    """Rows of all files. Raises SourceError, naming the file, for a damaged one."""
    rows = 0
    for name in find_matching(raw, options.files):
        with _opened(raw / name) as file:
            _picture_column(file, raw / name, options)
            rows += file.metadata.num_rows
    return rows


def records(raw: Path, options: Options) -> Iterator[Record]:
    """Rows by file and position; a row in which a label is null or NaN is skipped.

    Raises SourceError, naming the file, where it is damaged.
    """
    for name in find_matching(raw, options.files):
        path = raw / name
        with _opened(path) as file:
            column = _picture_column(file, path, options)
            row = 0
            for group in range(file.num_row_groups):
                pictures = _Pictures(file, group, column, path)
                for place, labels in enumerate(_labels(file, group, path, options)):
                    key = f"{name}/{row}"
                    if any(value is None or value != value for value in labels.values()):
                        yield Record(key=key, skip="no_label")
                    else:
                        yield Record(key, partial(pictures.read, place), labels)
                    row += 1


class _Pictures:
    """The pictures of one row group, read forwards and only as far as needed."""

    def __init__(self, file: Any, group: int, column: str, path: Path) -> None:
        self._path, self._first, self._batch = path, 0, None
        self._batches = file.iter_batches(
            ROWS_AT_ONCE, row_groups=[group], columns=[column], use_threads=False
        )

    def read(self, place: int) -> bytes:
        """Bytes of the picture at a row of the group, not before the last one read."""
        with _damage_of(self._path):
            while self._batch is None or place >= self._first + len(self._batch):
                self._first += len(self._batch) if self._batch is not None else 0
                batch = next(self._batches, None)
                if batch is None:
                    raise SourceError(f"{self._path}: fewer rows than it announces; get it again")
                self._batch = batch.column(0)
            value = self._batch[place - self._first].as_py()
        if isinstance(value, dict):
            value = value[BYTES]
        return value or b""


def _labels(file: Any, group: int, path: Path, options: Options) -> Iterator[dict[str, Any]]:
    """The labels of every row of a group; None for a null."""
    if not options.labels:
        yield from ({} for _ in range(file.metadata.row_group(group).num_rows))
        return
    with _damage_of(path):
        columns = sorted(set(options.labels.values()))
        for batch in file.iter_batches(
            LABELS_AT_ONCE, row_groups=[group], columns=columns, use_threads=False
        ):
            values = batch.to_pydict()
            for row in range(len(batch)):
                yield {label: values[column][row] for label, column in options.labels.items()}


def _picture_column(file: Any, path: Path, options: Options) -> str:
    """The column to read: its name, or that of the struct's field of bytes."""
    schema = file.schema_arrow
    paths = {field.name: _path_of_bytes(field) for field in schema}
    found = {name: path_of_bytes for name, path_of_bytes in paths.items() if path_of_bytes}
    if options.column in found:
        return found[options.column]
    if options.column is None and len(found) == 1:
        return next(iter(found.values()))
    there = ", ".join(f"{field.name} ({field.type})" for field in schema) or "none"
    wanted = f"no column '{options.column}' of" if options.column else f"{len(found)} columns of"
    raise SourceError(
        f"{path}: {wanted} image files (binary, or a struct with a field `{BYTES}`); its columns: "
        f"{there}; name one by the option `column`"
    )


def _path_of_bytes(field: Any) -> str:
    """The field's name, or that of the bytes in its struct; "" where it holds none."""
    if str(field.type) in BINARY:
        return str(field.name)
    struct = str(field.type).startswith("struct") and field.type.get_field_index(BYTES) >= 0
    return f"{field.name}.{BYTES}" if struct and str(field.type.field(BYTES).type) in BINARY else ""


def _types(file: Any, path: Path, options: Options) -> dict[str, str]:
    schema, found = file.schema_arrow, {}
    for label, column in options.labels.items():
        if schema.get_field_index(column) < 0:
            raise SourceError(
                f"{path}: no column '{column}' for label '{label}'; it has "
                f"{', '.join(schema.names) or 'none'}"
            )
        kind = str(schema.field(column).type)
        if kind not in TYPES:
            raise SourceError(
                f"{path}: column '{column}' is of type {kind}; a label needs whole or real numbers"
            )
        found[label] = TYPES[kind]
    return found


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A pyarrow ParquetFile that reads page by page and checks pages that have a checksum."""
    parquet = _arrow()
    refuse_pointer(path)
    with _damage_of(path):
        file = parquet.ParquetFile(
            path, pre_buffer=False, buffer_size=BUFFER, page_checksum_verification=True
        )
    with file:
        yield file


@contextmanager
def _damage_of(path: Path) -> Iterator[None]:
    """Turn what pyarrow raises on a damaged file into one error that names it."""
    arrow = importlib.import_module("pyarrow")
    try:
        yield
    except SourceError:
        raise
    except (arrow.ArrowException, OSError, ValueError, KeyError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the file system
            raise
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise wrong_file_error(path, "Parquet file", ValueError(message)) from None


def _arrow() -> Any:
    """pyarrow.parquet. Raises SpecError where it is not installed."""
    try:
        return importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise SpecError(
            f"source 'parquet' needs the package pyarrow, which is optional: {INSTALL}"
        ) from None
