"""Generated bedrooms as an LSUN database, with planted near-duplicates and known windows.

The raw world of the role "bedrooms" where LSUN is not at hand; read by the source `lsun`. Writes
`data.mdb` (key = 40 hexadecimal characters, value = JPEG, shorter side 128), `duplicates.csv`
(key, group, kind; same group = same original, group -1 = unreadable) and `windows.csv` (key and
box x0, y0, x1, y1 of each window, in [0, 1] of the stored picture). To look at some:

    python -m data_prep.generated.rooms --out FILE.png [--count 64] [--seed 42]
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
from pydantic import Field

from data_prep.generated.drawing.bedroom import draw_bedroom
from data_prep.generated.drawing.jpeg import to_jpeg
from data_prep.generated.drawing.near_copies import (
    BROKEN_KINDS,
    KINDS,
    broken_record,
    near_copy,
)
from data_prep.generated.drawing.parallel import in_order
from data_prep.generated.drawing.sheet import sheet_command
from repro.rng import generator
from repro.specs.validation import Strict

QUALITY = 90  # of the originals' JPEGs


class Options(Strict):
    """How many rooms, and how many of them near-duplicates or broken."""

    first: int = Field(
        0,
        ge=0,
        description="number of the first original: pictures depend on seed and number alone, so "
        "that another world with other numbers holds other rooms",
    )
    count: int = Field(8000, ge=1, description="readable records: originals and near-duplicates")
    duplicate_share: float = Field(
        0.09,
        ge=0.0,
        le=0.5,
        description="share of `count` that are near-duplicates (paper §4.1 removed 9.1 %)",
    )
    broken: int = Field(6, ge=0, description="unreadable records on top of `count`")


@dataclass(frozen=True)
class RoomRecord:
    """One value of the database and everything known about it."""

    payload: bytes
    group: int  # number of the original; -1: unreadable
    kind: str
    windows: np.ndarray  # (N, 4) x0, y0, x1, y1 in [0, 1]


def draw(seed: int, index: int) -> np.ndarray:
    """Original number `index`: (H, W, 3) uint8, shorter side 128."""
    return draw_bedroom(generator(seed, "generated rooms", index))[0]


def original(seed: int, index: int) -> tuple[bytes, np.ndarray]:
    """Original number `index` as JPEG, and its window boxes (N, 4)."""
    picture, windows = draw_bedroom(generator(seed, "generated rooms", index))
    return to_jpeg(picture, quality=QUALITY), windows


def key_of(seed: int, number: int) -> str:
    """40 hexadecimal characters, like LSUN's keys; their order is independent of the grouping."""
    return hashlib.sha1(f"room {seed} {number}".encode(), usedforsecurity=False).hexdigest()


def room_records(options: Options, seed: int, *, workers: int = 2) -> Iterator[RoomRecord]:
    """Originals by number, then near-duplicates of random originals, then broken records."""
    copies = round(options.count * options.duplicate_share)
    originals = []
    first, count = options.first, options.count - copies
    rooms = in_order(original, seed=seed, count=count, first=first, workers=workers)
    for group, (payload, windows) in enumerate(rooms):
        originals.append((payload, windows))
        yield RoomRecord(payload, group, "original", windows)
    for copy in range(copies):
        rng = generator(seed, "generated rooms: near-duplicate", first + copy)
        group = int(rng.integers(len(originals)))
        kind = KINDS[copy % len(KINDS)]
        payload, windows = near_copy(*originals[group], kind=kind, rng=rng)
        yield RoomRecord(payload, group, kind, windows)
    for number in range(options.broken):
        rng = generator(seed, "generated rooms: broken", number)
        kind = BROKEN_KINDS[number % len(BROKEN_KINDS)]
        payload = broken_record(originals[number % len(originals)][0], kind=kind, rng=rng)
        yield RoomRecord(payload, -1, kind, np.zeros((0, 4)))


def count_for(options: Options, source: str, reading: Any) -> int | None:
    """Readable records that `source`, by its options `reading`, will find in this world."""
    return options.count if source == "lsun" else None


def write(out: Path, options: Options, seed: int, *, workers: int = 2) -> None:
    """Write data.mdb, duplicates.csv and windows.csv into the empty folder `out`."""
    records = {
        key_of(seed, options.first + number): record
        for number, record in enumerate(room_records(options, seed, workers=workers))
    }
    ordered = dict(sorted(records.items()))
    _write_lmdb(out, {key: record.payload for key, record in ordered.items()})
    with (out / "duplicates.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["key", "group", "kind"])
        table.writerows([key, r.group, r.kind] for key, r in ordered.items())
    with (out / "windows.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["key", "x0", "y0", "x1", "y1"])
        for key, r in ordered.items():
            table.writerows([key, *(f"{v:.4f}" for v in box)] for box in r.windows)


def _write_lmdb(folder: Path, values: dict[str, bytes]) -> None:
    """An LMDB environment in `folder`; `values` must be in the order of the keys."""
    size = 2 * sum(len(v) + 8192 for v in values.values()) + 2**20
    environment = lmdb.open(str(folder), map_size=size, lock=False)
    with environment, environment.begin(write=True) as transaction:
        for key, payload in values.items():
            transaction.put(key.encode(), payload, append=True)


if __name__ == "__main__":
    sheet_command(draw, size=128)
