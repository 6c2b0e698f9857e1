"""Synthetic rooms with their windows, prepared like the model's images.

Part of measure.py. Only these pictures have known windows, and both segmenters learn from them.
Rooms are drawn anew from the experiment's own random stream, so none is among the training images
of a model of generated rooms, though they come from the same generator.
"""

from dataclasses import dataclass

import numpy as np

from data_prep.generated.drawing.scene import THINGS
from experiments.drawn_rooms import drawn_scenes
from repro.data.images import centre_crop
from repro.internals.drop_maps import box_cover
from repro.internals.segmenter import working_side


@dataclass(frozen=True)
class RoomsWithBoxes:
    """Pictures (N, size, size, 3) uint8, each with its window boxes (n, 4) in [0, 1].

    others: share of each pixel, at the segmenter's size, that is in a picture on the wall, and in a
    bed: (N, 2, s, s) float32 (the order of OTHERS in replacements.py).
    """

    pictures: np.ndarray
    boxes: list[np.ndarray]
    others: np.ndarray

    def part(self, start: int, stop: int) -> "RoomsWithBoxes":
        """The rooms from `start` up to `stop`."""
        chosen = slice(start, stop)
        return RoomsWithBoxes(self.pictures[chosen], self.boxes[chosen], self.others[chosen])

    def cover(self) -> np.ndarray:
        """Share of each pixel, at the segmenter's size, that is in a window, (N, s, s)."""
        side = working_side(self.pictures.shape[1])
        return np.stack([box_cover(boxes, side) for boxes in self.boxes])

    def masks(self) -> np.ndarray:
        """Pixels of which more than half is in a window, bool (N, size, size)."""
        return np.stack([box_cover(boxes, self.pictures.shape[1]) > 0.5 for boxes in self.boxes])


def draw_rooms_with_boxes(count: int, *, size: int, seed: int) -> RoomsWithBoxes:
    """`count` rooms, cropped and scaled to size x size pixels like prepared images."""
    pictures, boxes, others = [], [], []
    for scene in drawn_scenes(count, seed=seed, purpose="forgetting windows, rooms"):
        height, width = scene.picture.shape[:2]
        pictures.append(centre_crop(scene.picture, size))
        boxes.append(cropped_boxes(scene.window_boxes(), height=height, width=width))
        bed = scene.cover()[..., THINGS.index("bed")]
        both = np.stack([scene.picture_cover(), bed, bed], axis=2)  # three, as pictures have
        others.append(centre_crop(both, working_side(size))[..., :2])
    cover = np.stack(others).transpose(0, 3, 1, 2).astype(np.float32) / 255
    return RoomsWithBoxes(np.stack(pictures), boxes, cover)


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
