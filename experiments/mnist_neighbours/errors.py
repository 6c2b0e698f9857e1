"""The classified test digits written by measure.py, in the form that charts and tables need.

Part of figure.py. Alone: `Errors(measured)`, from the folder of measure.py.
"""

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from repro.figures.drawing import INK, PALETTE


class RowStyle(NamedTuple):
    """Label, colour and marker of a row of Table 3; the marker tells rows apart without colour."""

    label: str
    colour: str
    marker: str


ROWS = {
    "real": RowStyle("real digits", INK, "D"),
    "gan": RowStyle("fully connected GAN", PALETTE[1], "s"),
    "dcgan": RowStyle("DCGAN", PALETTE[0], "o"),
}


class Errors:
    """The test digits by reference set.

    labels (T,): their classes; counts (C,): numbers of samples; few: the count of Table 3's first
    column; real_count: number of real references; wrong, distances: by row (R, C, T) of R
    trainings, (1, 1, T) for the real digits.
    """

    def __init__(self, measured: Path) -> None:
        with np.load(measured / "errors.npz") as arrays:
            self.labels, self.few = arrays["labels"], int(arrays["few"])
            self.counts: np.ndarray = arrays["dcgan_counts"]
            self.real_count = int(arrays["real_counts"][0])
            self.wrong = {row: arrays[f"{row}_predicted"] != self.labels for row in ROWS}
            self.distances = {row: arrays[f"{row}_distances"] for row in ROWS}

    @property
    def models(self) -> list[str]:
        """The rows of generated digits."""
        return [row for row in ROWS if row != "real"]

    @property
    def most(self) -> int:
        """The largest number of samples."""
        return int(self.counts[-1])

    @property
    def columns(self) -> dict[int, int]:
        """The numbers of samples in Table 3's two columns, and their indices in `counts`."""
        return {
            int(count): place
            for place, count in enumerate(self.counts)
            if count in (self.few, self.most)
        }

    @cached_property
    def classes(self) -> np.ndarray:
        """The digits that occur, ascending."""
        return np.unique(self.labels)
