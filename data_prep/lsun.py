"""LSUN: one LMDB of key -> image bytes, as the official download unpacks (paper §4.1: bedrooms).

The order is LMDB's own key order. The first bytes of a record later decide its format: official
records are JPEG, copies of the set found elsewhere also hold WebP, and some are broken. There are
no labels.

Alone: `count(RAW, Options())` is the number of records.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from data_prep.source import Record, Requirement
from repro.data.raw_images import lmdb_count, lmdb_entries, lmdb_file
from repro.specs.validation import Strict

PICTURE = (256, 341)  # usual height and width of a record, pixels
PUBLISHED = {"bedroom_train_lmdb": 3_033_042, "bedroom_val_lmdb": 300}  # records, by LSUN's account
PAPER_IMAGES = {"data": 3_033_042}  # LSUN's bedrooms, section 4.1


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
            kind="file",
            how_to_get="python -m data_prep.download lsun --raw RAW --unpack (46 GB), or unpack "
            f"{options.lmdb}.zip so that {options.lmdb}/data.mdb lies below the raw folder",
        )
    ]


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    return {}


def class_names(raw: Path, options: Options) -> list[str] | None:
    return None


def published(options: Options) -> int | None:
    return PUBLISHED.get(options.lmdb)


def count(raw: Path, options: Options) -> int:
    return lmdb_count(_database(raw, options))


def records(raw: Path, options: Options) -> Iterator[Record]:
    """Records in key order; bytes are read only when the payload is requested."""
    for key, value in lmdb_entries(_database(raw, options)):
        yield Record(key=key, payload=value)


def _database(raw: Path, options: Options) -> Path:
    """The data.mdb to read: raw itself, in raw, or in the named folder below raw."""
    found = lmdb_file(raw)
    if found is not None:
        return found
    if raw.name == options.lmdb:  # raw is the named folder, and the file is missing in it
        return raw / "data.mdb"
    return raw / options.lmdb / "data.mdb"
