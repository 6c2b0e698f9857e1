"""Synthetic house numbers in the layout of SVHN's cropped digits.

The raw world of the role "svhn" where SVHN is not at hand; read by the source `svhn`. Writes
`train_32x32.mat` and `test_32x32.mat` (MATLAB 5: X uint8 (32, 32, 3, N), y uint8 (N, 1), in which
class 10 is the digit 0), and no extra file. As in SVHN the digits are not equally frequent, and
most pictures also show parts of a number's other digits. To look at some:

    python -m data_prep.generated.house_numbers --out FILE.png [--count 64] [--seed 42]
"""

import io
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from pydantic import Field

from data_prep.generated.drawing.house_wall import draw_house_number
from data_prep.generated.drawing.numerals import SIZE
from data_prep.generated.drawing.parallel import in_order
from data_prep.generated.drawing.sheet import sheet_command
from repro.rng import generator
from repro.specs.validation import Strict

# percentages of the pictures that show digit 0, 1, ..., 9: about SVHN's own
SHARES = (7, 19, 14, 12, 10, 9, 8, 8, 7, 6)
HEADER_TEXT = b"MATLAB 5.0 MAT-file, house numbers drawn by program"
HEADER_TEXT_BYTES = 116  # free text of a MATLAB 5 file, where SciPy writes date and platform


class Options(Strict):
    """How many pictures of each set."""

    train_count: int = Field(5000, ge=1, description="pictures in train_32x32.mat")
    test_count: int = Field(1500, ge=1, description="pictures in test_32x32.mat")


@lru_cache(maxsize=64)
def _hundred(seed: int, number: int, split: str) -> np.ndarray:
    """Digits (100,) of the pictures from 100 * number on."""
    rng = generator(seed, f"generated house numbers: {split} digits", number)
    return rng.permutation(np.repeat(np.arange(10), SHARES))


def digit_of(seed: int, index: int, *, split: str) -> int:
    """The digit that picture `index` of `split` (train, test) shows."""
    hundred, place = divmod(index, sum(SHARES))
    return int(_hundred(seed, hundred, split)[place])


def _picture(seed: int, index: int, *, split: str) -> tuple[int, np.ndarray]:
    digit = digit_of(seed, index, split=split)
    rng = generator(seed, f"generated house numbers: {split}", index)
    return digit, draw_house_number(digit, rng)


def train_picture(seed: int, index: int) -> tuple[int, np.ndarray]:
    """Digit and picture (32, 32, 3) uint8 of the training set."""
    return _picture(seed, index, split="train")


def test_picture(seed: int, index: int) -> tuple[int, np.ndarray]:
    """Digit and picture (32, 32, 3) uint8 of the test set."""
    return _picture(seed, index, split="test")


test_picture.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name


def count_for(options: Options, source: str, reading: Any) -> int | None:
    """Records that `source`, read by its options `reading`, will find in this world."""
    if source != "svhn":
        return None
    return {"train": options.train_count, "test": options.test_count}.get(reading.split)


def write(out: Path, options: Options, seed: int, *, workers: int = 2) -> None:
    """Write both files into the empty folder `out`."""
    for split, draw_one, count in (
        ("train", train_picture, options.train_count),
        ("test", test_picture, options.test_count),
    ):
        pixels = np.empty((SIZE, SIZE, 3, count), np.uint8, order="F")  # MATLAB's order of axes
        labels = np.empty((count, 1), np.uint8)
        drawn = in_order(draw_one, seed=seed, count=count, workers=workers)
        for index, (digit, picture) in enumerate(drawn):
            pixels[..., index] = picture
            labels[index] = digit or 10
        (out / f"{split}_32x32.mat").write_bytes(mat_bytes({"X": pixels, "y": labels}))


def mat_bytes(variables: dict[str, np.ndarray]) -> bytes:
    """A compressed MATLAB 5 file; equal arrays give equal bytes, since its header holds no date."""
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, variables, do_compression=True)
    buffer.seek(0)
    buffer.write(HEADER_TEXT.ljust(HEADER_TEXT_BYTES))
    return buffer.getvalue()


def draw(seed: int, index: int) -> np.ndarray:
    """Training picture `index` for the sheet: (32, 32, 3) uint8."""
    return train_picture(seed, index)[1]


if __name__ == "__main__":
    sheet_command(draw, size=SIZE)
