"""Handwritten digits as MNIST's four files: scikit-learn's bundled set, not drawn.

The raw world of the role "mnist" where MNIST is not at hand; read by the source `mnist`. The seed
splits the 1,797 digits (8 x 8, values 0 to 16, of the UCI optical recognition set) into training
and test set, and their values are spread over 0 to 255. To look at some:

    python -m data_prep.generated.digits --out FILE.png [--count 64] [--seed 42]
"""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from data_prep.generated.drawing.sheet import sheet_command
from repro.rng import generator
from repro.specs.validation import Strict

DIGITS = 1_797  # in scikit-learn's set
UNSIGNED_BYTES = 0x08  # the idx format's number for this type


class Options(Strict):
    """How many of the 1,797 digits are kept for the test."""

    test_count: int = Field(597, ge=1, le=1796, description="test digits; the rest is for training")


def _bundled() -> Any:
    """Return scikit-learn's set. Whoever reads a run file needs the options alone, not its 2 s."""
    from sklearn.datasets import load_digits

    return load_digits()


def split(options: Options, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices into scikit-learn's set: of the training and of the test digits."""
    count = len(_bundled().target)
    order = generator(seed, "generated digits: split").permutation(count)
    return order[options.test_count :], order[: options.test_count]


def scaled(images: np.ndarray) -> np.ndarray:
    """Values 0 .. 16 (N, 8, 8) -> 0 .. 255 uint8, rounded."""
    return np.rint(images * (255.0 / 16.0)).astype(np.uint8)


def count_for(options: Options, source: str, reading: Any) -> int | None:
    """Records that `source`, read by its options `reading`, will find in this world."""
    if source != "mnist":
        return None
    return options.test_count if reading.split == "test" else DIGITS - options.test_count


def write(out: Path, options: Options, seed: int, *, workers: int = 1) -> None:
    """Write MNIST's four .gz files into the empty folder `out`; `workers` is ignored."""
    bundled = _bundled()
    train, test = split(options, seed)
    for name, rows in (("train", train), ("t10k", test)):
        _write_idx(out / f"{name}-images-idx3-ubyte.gz", scaled(bundled.images[rows]))
        _write_idx(out / f"{name}-labels-idx1-ubyte.gz", bundled.target[rows].astype(np.uint8))


def _write_idx(path: Path, values: np.ndarray) -> None:
    header = bytes([0, 0, UNSIGNED_BYTES, values.ndim])
    sizes = np.array(values.shape, ">u4").tobytes()
    # no time and no file name in the gzip header: the same digits are the same bytes
    path.write_bytes(gzip.compress(header + sizes + values.tobytes(), mtime=0))


def draw(seed: int, index: int) -> np.ndarray:
    """Training digit `index` for the sheet: (32, 32, 3) uint8, each pixel four times as large."""
    rows = split(Options(), seed)[0]
    picture = scaled(_bundled().images[rows[index]])
    return np.repeat(picture.repeat(4, 0).repeat(4, 1)[..., None], 3, axis=2)


if __name__ == "__main__":
    sheet_command(draw, size=32)
