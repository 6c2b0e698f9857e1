"""Rooms drawn by program with the area of bed, window and lamp, prepared like the model's images.

Part of measure.py. Rooms are drawn anew from the experiment's own random stream: they come from the
same generator as the run's bedrooms, but none of them is among the images on which the model was
trained. Where the run's bedrooms are photographs, nobody knows where their beds are, and none are
drawn.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_prep.generated.drawing.bedroom import draw_scene
from repro.artefacts.provenance import SIDECAR
from repro.data.images import centre_crop
from repro.rng import generator


@dataclass(frozen=True)
class Rooms:
    """Pictures (N, size, size, 3) uint8, and how much each thing covers of each 2x2 pixels.

    cover: (N, things, size / 2, size / 2) float32 in [0, 1], things as in drawing/scene.py.
    """

    pictures: np.ndarray
    cover: np.ndarray


def are_drawn(raw: Path) -> bool:
    """Whether a raw folder holds rooms drawn by program, according to its step's record."""
    try:
        record = json.loads((raw / SIDECAR).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    spec = record.get("spec") if isinstance(record, dict) else None
    return isinstance(spec, dict) and spec.get("generator") == "rooms"


def draw_rooms(count: int, *, size: int, seed: int) -> Rooms:
    """`count` rooms, cropped and scaled to size x size pixels like prepared images."""
    pictures, covers = [], []
    for index in range(count):
        scene = draw_scene(generator(seed, "filters, rooms", index))
        pictures.append(centre_crop(scene.picture, size))
        covers.append(centre_crop(scene.cover(), size // 2))
    cover = np.stack(covers).transpose(0, 3, 1, 2).astype(np.float32) / 255
    return Rooms(np.stack(pictures), cover)
