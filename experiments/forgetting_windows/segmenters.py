"""The segmenter that proposes window boxes, and the one that judges the windows left.

Part of measure.py; results.py states how well the judge knows windows. A single segmenter in both
roles would reward results that exploit its own errors, so two are trained on different rooms from
different starts, and the judge is tested on rooms that neither has seen.
"""

import numpy as np

from experiments.forgetting_windows.rooms import RoomsWithBoxes, draw_rooms_with_boxes
from repro.internals.segmenter import (
    Segmenter,
    mask_boxes,
    predict,
    train_segmenter,
    without_specks,
)

LEAST_WINDOW = 0.004  # share of the picture; smaller connected parts are no windows


class Segmenters:
    """The proposer of boxes and the judge of window area, which knows pictures and beds too."""

    def __init__(self, *, rooms: int, test_rooms: int, size: int, epochs: int, seed: int) -> None:
        """Draws 2 * rooms + test_rooms rooms of `size` pixels and trains both."""
        drawn = draw_rooms_with_boxes(2 * rooms + test_rooms, size=size, seed=seed)
        self.least = max(1, round(LEAST_WINDOW * size * size))  # pixels

        def trained(part: RoomsWithBoxes, cover: np.ndarray, role: str) -> Segmenter:
            purpose = f"forgetting windows, {role}"
            return train_segmenter(part.pictures, cover, seed=seed, purpose=purpose, epochs=epochs)

        first, second = drawn.part(0, rooms), drawn.part(rooms, 2 * rooms)
        self.proposer = trained(first, first.cover(), "proposer")
        # the judge learns what windows may become as well
        whole = np.concatenate([second.cover()[:, None], second.others], axis=1)
        self.judge = trained(second, whole, "judge")
        self.test = drawn.part(2 * rooms, 2 * rooms + test_rooms)

    def proposed(self, pictures: np.ndarray) -> list[np.ndarray]:
        """Window boxes (n, 4) in [0, 1] for each of the pictures (N, H, W, 3) uint8."""
        return [mask_boxes(mask, least=self.least) for mask in predict(self.proposer, pictures)]

    def windows(self, pictures: np.ndarray) -> np.ndarray:
        """The judge's window pixels, bool (N, H, W), without parts too small for a window."""
        return without_specks(predict(self.judge, pictures)[:, 0], least=self.least)

    def others(self, pictures: np.ndarray) -> np.ndarray:
        """The judge's pixels of pictures on the wall, and of beds: bool (N, 2, H, W)."""
        return predict(self.judge, pictures)[:, 1:]

    def test_others(self) -> tuple[np.ndarray, np.ndarray]:
        """Pictures and beds in test rooms, by the judge and in truth: bool (N, 2, s, s) each."""
        found, truth = self.others(self.test.pictures), self.test.others > 0.5
        step = found.shape[2] // truth.shape[2]  # the truth is at the segmenter's size
        return found[:, :, ::step, ::step], truth

    def test_rooms(self) -> tuple[np.ndarray, np.ndarray]:
        """Window pixels of the test rooms, by the judge and in truth: bool (N, H, W) each."""
        return self.windows(self.test.pictures), self.test.masks()
