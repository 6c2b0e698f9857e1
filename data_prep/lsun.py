"""LSUN: one LMDB of key -> image bytes, as the official download unpacks (paper §4.1: bedrooms).

The order is LMDB's own key order. What a record holds is decided by its first bytes later on:
official records are JPEG, copies of the set found elsewhere also hold WebP, and some are broken.
There are no labels.

Runs alone: python -m data_prep.lsun RAW prints the number of records.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb
from pydantic import Field

from data_prep.source import Record, Requirement, SourceError
from repro.specs import Strict


class Options(Strict):
    lmdb: str = Field(
        "bedroom_train_lmdb",
        description="folder with data.mdb below raw; raw may also be that folder itself",
    )


def requirements(raw: Path, options: Options) -> list[Requirement]:
    return [
        Requirement(
            path=_database(raw, options),
            what=f"LSUN database {options.lmdb}",
            how_to_get=f"get {options.lmdb}.zip from the LSUN site (its download.py, fyu/lsun) "
            f"and unpack it, so that {options.lmdb}/data.mdb lies below the raw folder",
        )
    ]


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    return {}


def class_names(raw: Path, options: Options) -> list[str] | None:
    return None


def count(raw: Path, options: Options) -> int:
    with _opened(_database(raw, options)) as database:
        return int(database.stat()["entries"])


def records(raw: Path, options: Options) -> Iterator[Record]:
    """Records in key order; bytes are read only where the payload is asked for."""
    with (
        _opened(_database(raw, options)) as database,
        database.begin() as transaction,
        transaction.cursor() as cursor,
    ):
        for key in cursor.iternext(keys=True, values=False):
            yield Record(key=key.decode("utf-8", "backslashreplace"), payload=cursor.value)


def _database(raw: Path, options: Options) -> Path:
    """The data.mdb in use: raw itself, in raw, or in the named folder below raw."""
    for candidate in (raw, raw / "data.mdb"):
        if candidate.is_file():
            return candidate
    if raw.name == options.lmdb:  # raw is the named folder, and the file is missing in it
        return raw / "data.mdb"
    return raw / options.lmdb / "data.mdb"


@contextmanager
def _opened(path: Path) -> Iterator[lmdb.Environment]:
    """Open read-only, without a lock file. Raises SourceError for a damaged or cut-off database."""
    try:
        database = lmdb.open(str(path), subdir=False, readonly=True, lock=False, readahead=True)
    except lmdb.Error as error:
        raise SourceError(
            f"{path}: no LMDB database ({error}); unpack the download again"
        ) from None
    try:
        # The file is mapped into memory: reading a page behind its end would kill the process.
        expected = (database.info()["last_pgno"] + 1) * database.stat()["psize"]
        if path.stat().st_size < expected:
            raise SourceError(
                f"{path}: {path.stat().st_size} bytes, expected at least {expected}: cut off; "
                "download or unpack it again"
            )
        yield database
    finally:
        database.close()


if __name__ == "__main__":
    print(count(Path(sys.argv[1]), Options()), "records")
