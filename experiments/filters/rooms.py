"""Rooms drawn by program with what bed, window and lamp cover, prepared as the model's images are.

Part of measure.py. Rooms are drawn anew from the experiment's own random stream: they come from the
world of the run's bedrooms, but none of them is among the images that the model was trained on.
Where the run's bedrooms are photographs, nobody knows where their beds are, and none are drawn.
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
    """Pictures (N, size, size, 3) uint8, and how much of each 2x2 pixels each thing covers.

    cover: (N, things, size / 2, size / 2) float32 in [0, 1], things as in drawing/scene.py.
    """

    pictures: np.ndarray
    cover: np.ndarray


def are_drawn(raw: Path) -> bool:
    """Whether a raw folder holds rooms drawn by program, as the record of its step says."""
    try:
        record = json.loads((raw / SIDECAR).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    spec = record.get("spec") if isinstance(record, dict) else None
    return isinstance(spec, dict) and spec.get("generator") == "rooms"


def draw_rooms(count: int, *, size: int, seed: int) -> Rooms:
    """`count` rooms, cropped and scaled to size x size pixels as prepared images are."""
    pictures, covers = [], []
    for index in range(count):
        scene = draw_scene(generator(seed, "filters, rooms", index))
        pictures.append(centre_crop(scene.picture, size))
        covers.append(centre_crop(scene.cover(), size // 2))
    cover = np.stack(covers).transpose(0, 3, 1, 2).astype(np.float32) / 255
    return Rooms(np.stack(pictures), cover)
