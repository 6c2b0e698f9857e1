"""Generated portraits: men and women, smiling or not, with glasses or not, looking left to right.

The raw world of the role "faces" where no photographs are at hand; read by the source `folder`
with `labels_csv`. Writes `images/NNNNN.jpg` (96 x 96, eyes always in the same place) and
`labels.csv`. All eight combinations of man, smiling and glasses are equally frequent, and pose is
independent of them. To look at some:

    python -m data_prep.generated.faces --out FILE.png [--count 64] [--seed 42]
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from data_prep.generated.drawing.jpeg import to_jpeg
from data_prep.generated.drawing.parallel import in_order
from data_prep.generated.drawing.portrait import draw_person, draw_portrait
from data_prep.generated.drawing.sheet import sheet_command
from repro.rng import generator
from repro.specs.validation import Strict

QUALITY = 95
COMBINATIONS = 8
COLUMNS = ("file", "man", "smiling", "glasses", "pose", "hair", "skin", "beard")


class Options(Strict):
    """How many portraits."""

    count: int = Field(6000, ge=1, description="pictures; a multiple of 8 balances them exactly")


def attributes(seed: int, index: int) -> dict[str, bool]:
    """Man, smiling, glasses of portrait `index`: every eight have each combination once."""
    block, place = divmod(index, COMBINATIONS)
    order = generator(seed, "generated faces: combinations", block).permutation(COMBINATIONS)
    code = int(order[place])
    return {"man": bool(code & 1), "smiling": bool(code & 2), "glasses": bool(code & 4)}


def portrait(seed: int, index: int) -> tuple[np.ndarray, dict[str, float]]:
    """Portrait `index`: (96, 96, 3) uint8 and its labels.

    man, smiling, glasses 0 or 1; pose -1 (looking to the left) .. 1; hair, skin: numbers of
    colours; beard 0, 0.25 (stubble) or 1.
    """
    rng = generator(seed, "generated faces", index)
    pose = float(rng.uniform(-1, 1))
    given = attributes(seed, index)
    person, colours = draw_person(rng, **given)
    picture = draw_portrait(person, pose, rng)
    labels = {name: int(value) for name, value in given.items()}
    return picture, labels | {"pose": round(pose, 4), "beard": person.beard} | colours


def draw(seed: int, index: int) -> np.ndarray:
    """Portrait `index`: (96, 96, 3) uint8."""
    return portrait(seed, index)[0]


def encoded(seed: int, index: int) -> tuple[bytes, dict[str, float]]:
    """Portrait `index` as JPEG, and its labels."""
    picture, labels = portrait(seed, index)
    return to_jpeg(picture, quality=QUALITY), labels


def count_for(options: Options, source: str, reading: Any) -> int | None:
    """Records that `source`, read by its options `reading`, will find in this world."""
    return options.count if source == "folder" else None


def write(out: Path, options: Options, seed: int, *, workers: int = 2) -> None:
    """Write images/NNNNN.jpg and labels.csv into the empty folder `out`."""
    (out / "images").mkdir()
    with (out / "labels.csv").open("w", newline="") as stream:
        table = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        table.writeheader()
        portraits = in_order(encoded, seed=seed, count=options.count, workers=workers)
        for index, (data, labels) in enumerate(portraits):
            name = f"{index:05d}.jpg"
            (out / "images" / name).write_bytes(data)
            table.writerow({"file": name, **labels})


if __name__ == "__main__":
    sheet_command(draw, size=96)
