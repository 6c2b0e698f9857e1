"""Generated portraits: men and women, smiling or not, with glasses or not, looking left to right.

The raw world of the role "faces" where no photographs are at hand; read by the source `folder` with
`labels_csv`. Writes `images/NNNNN.jpg` (96 x 96) and `labels.csv`. All eight combinations of man,
smiling and glasses are equally frequent, and pose is independent of them. The eyes are always in
the same place, unless the options ask for faces that are shifted, scaled and tilted at random, like
those cut out by a detector; the labels then include the placement. To look at some aligned ones:

    python -m data_prep.generated.faces --out FILE.png [--count 64] [--seed 42]
"""

import csv
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from data_prep.generated.drawing.jpeg import to_jpeg
from data_prep.generated.drawing.parallel import in_order
from data_prep.generated.drawing.portrait import USUAL, Placement, draw_person, draw_portrait
from data_prep.generated.drawing.sheet import sheet_command
from repro.rng import generator
from repro.specs.validation import Strict

QUALITY = 95
COMBINATIONS = 8
COLUMNS = ("file", "man", "smiling", "glasses", "pose", "hair", "skin", "beard")
PLACED = ("shift_right", "shift_down", "scale", "tilt")  # further columns of faces not aligned


class Options(Strict):
    """How many portraits, and how far from the usual place they may be."""

    count: int = Field(6000, ge=1, description="pictures; a multiple of 8 balances them exactly")
    shift: float = Field(
        0.0, ge=0, le=20, description="largest shift of a face in any direction, pixels of 96"
    )
    scale: float = Field(0.0, ge=0, le=0.4, description="largest change of its size")
    tilt: float = Field(0.0, ge=0, le=45, description="largest tilt, degrees")

    @property
    def aligned(self) -> bool:
        return not (self.shift or self.scale or self.tilt)


ALIGNED = Options()


def attributes(seed: int, index: int) -> dict[str, bool]:
    """Man, smiling, glasses of portrait `index`: every eight include each combination once."""
    block, place = divmod(index, COMBINATIONS)
    order = generator(seed, "generated faces: combinations", block).permutation(COMBINATIONS)
    code = int(order[place])
    return {"man": bool(code & 1), "smiling": bool(code & 2), "glasses": bool(code & 4)}


def placement(seed: int, index: int, options: Options) -> Placement:
    """Placement of the face of portrait `index`: uniform over the range that the options allow."""
    if options.aligned:
        return USUAL
    right, down, scale, tilt = generator(seed, "generated faces: placement", index).uniform(
        -1, 1, 4
    )
    return Placement(
        right=round(options.shift * right, 3),
        down=round(options.shift * down, 3),
        scale=round(1 + options.scale * scale, 4),
        tilt=round(options.tilt * tilt, 3),
    )


def portrait(
    seed: int, index: int, options: Options = ALIGNED
) -> tuple[np.ndarray, dict[str, float]]:
    """Portrait `index`: (96, 96, 3) uint8 and its labels.

    man, smiling, glasses 0 or 1; pose -1 (looking to the left) .. 1; hair, skin: numbers of
    colours; beard 0, 0.25 (stubble) or 1. Where faces are not aligned, also shift_right and
    shift_down in pixels, scale (1: as usual) and tilt in degrees clockwise.
    """
    rng = generator(seed, "generated faces", index)
    pose = float(rng.uniform(-1, 1))
    given = attributes(seed, index)
    person, colours = draw_person(rng, **given)
    placed = placement(seed, index, options)
    picture = draw_portrait(person, pose, rng, placed)
    labels: dict[str, float] = {name: int(value) for name, value in given.items()}
    labels |= {"pose": round(pose, 4), "beard": person.beard} | colours
    if not options.aligned:
        values = (placed.right, placed.down, placed.scale, placed.tilt)
        labels |= dict(zip(PLACED, values, strict=True))
    return picture, labels


def draw(seed: int, index: int) -> np.ndarray:
    """Portrait `index`: (96, 96, 3) uint8."""
    return portrait(seed, index)[0]


def encoded(options: Options, seed: int, index: int) -> tuple[bytes, dict[str, float]]:
    """Portrait `index` as JPEG, and its labels."""
    picture, labels = portrait(seed, index, options)
    return to_jpeg(picture, quality=QUALITY), labels


def count_for(options: Options, source: str, reading: Any) -> int | None:
    """Records that `source`, read by its options `reading`, will find in this world."""
    return options.count if source == "folder" else None


def write(out: Path, options: Options, seed: int, *, workers: int = 2) -> None:
    """Write images/NNNNN.jpg and labels.csv into the empty folder `out`."""
    (out / "images").mkdir()
    with (out / "labels.csv").open("w", newline="", encoding="utf-8") as stream:
        columns = COLUMNS if options.aligned else (*COLUMNS, *PLACED)
        table = csv.DictWriter(stream, columns, lineterminator="\n")
        table.writeheader()
        draw_one = partial(encoded, options)
        portraits = in_order(draw_one, seed=seed, count=options.count, workers=workers)
        for index, (data, labels) in enumerate(portraits):
            name = f"{index:05d}.jpg"
            (out / "images" / name).write_bytes(data)
            table.writerow({"file": name, **labels})


if __name__ == "__main__":
    sheet_command(draw, size=96)
