"""Rooms drawn by program with their windows, prepared like the model's images.

Part of measure.py. Only these pictures have known windows, and both segmenters learn from them.
Rooms are drawn anew from the experiment's own random stream, so none is among the training images
of a model of generated rooms, though they come from the same generator.
"""

from dataclasses import dataclass

import numpy as np

from data_prep.generated.drawing.bedroom import draw_bedroom
from repro.data.images import centre_crop
from repro.internals.drop_maps import box_cover
from repro.internals.segmenter import working_side
from repro.rng import generator


@dataclass(frozen=True)
class Rooms:
    """Pictures (N, size, size, 3) uint8, each with its window boxes (n, 4) in [0, 1]."""

    pictures: np.ndarray
    boxes: list[np.ndarray]

    def part(self, start: int, stop: int) -> "Rooms":
        """The rooms from `start` up to `stop`."""
        return Rooms(self.pictures[start:stop], self.boxes[start:stop])

    def cover(self) -> np.ndarray:
        """Share of each pixel, at the segmenter's size, that is in a window, (N, s, s)."""
        side = working_side(self.pictures.shape[1])
        return np.stack([box_cover(boxes, side) for boxes in self.boxes])

    def masks(self) -> np.ndarray:
        """Pixels of which more than half is in a window, bool (N, size, size)."""
        return np.stack([box_cover(boxes, self.pictures.shape[1]) > 0.5 for boxes in self.boxes])


def draw_rooms(count: int, *, size: int, seed: int) -> Rooms:
    """`count` rooms, cropped and scaled to size x size pixels like prepared images."""
    pictures, boxes = [], []
    for index in range(count):
        picture, own = draw_bedroom(generator(seed, "forgetting windows, rooms", index))
        pictures.append(centre_crop(picture, size))
        boxes.append(cropped_boxes(own, height=picture.shape[0], width=picture.shape[1]))
    return Rooms(np.stack(pictures), boxes)


def cropped_boxes(boxes: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Boxes (n, 4) in [0, 1] of a picture -> in [0, 1] of its centred square (repro.data.images).

    Boxes are clipped to the square; a box wholly outside is left out.
    """
    side = min(height, width)
    stretch = np.array([width, height, width, height]) / side
    margin = np.array([width - side, height - side] * 2) / 2 / side
    moved = boxes.reshape(-1, 4) * stretch - margin
    clipped = moved.clip(0, 1)
    return clipped[(clipped[:, 2] > clipped[:, 0]) & (clipped[:, 3] > clipped[:, 1])]
