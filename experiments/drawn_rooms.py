"""Synthetic rooms with the area of bed, window and lamp, prepared like the model's images.

Where in the flow: filters, latent_walk and ablations measure on them what a network knows of beds,
windows and lamps; forgetting_windows takes the scenes with their boxes. Rooms are drawn from the
random stream of the experiment: they come from the same generator as the run's bedrooms, but none
of them is among the images on which the model was trained. Where the run's bedrooms are
photographs, nobody knows where their beds are.

Alone: `draw_rooms(10, size=64, seed=1, purpose="a name of your own")`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_prep.generated.drawing.bedroom import draw_scene
from data_prep.generated.drawing.scene import Scene
from experiments.contract import Inputs
from repro.artefacts.provenance import SIDECAR
from repro.data.images import centre_crop
from repro.rng import generator
from repro.specs.network import NetworkSpec

RAW = "bedrooms.raw"  # input: the folder from which the bedrooms were prepared


@dataclass(frozen=True)
class Rooms:
    """Pictures (N, size, size, 3) uint8, and how much each thing covers of each cell.

    cover: (N, things, cells, cells) float32 in [0, 1], things as in drawing/scene.py.
    """

    pictures: np.ndarray
    cover: np.ndarray


def bedrooms_are_drawn(inputs: Inputs, network: NetworkSpec) -> bool:
    """Whether the images of the bedroom model are such rooms: synthetic, and in colour."""
    return network.channels == 3 and inputs.has(RAW) and are_drawn(inputs.folder(RAW))


def are_drawn(raw: Path) -> bool:
    """Whether a raw folder holds synthetic rooms, according to its step's record."""
    try:
        record = json.loads((raw / SIDECAR).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    spec = record.get("spec") if isinstance(record, dict) else None
    return isinstance(spec, dict) and spec.get("generator") == "rooms"


def drawn_scenes(count: int, *, seed: int, purpose: str) -> Iterator[Scene]:
    """`count` scenes, one after another; purpose names the stream from which they are drawn."""
    for index in range(count):
        yield draw_scene(generator(seed, purpose, index))


def draw_rooms(count: int, *, size: int, cells: int, seed: int, purpose: str) -> Rooms:
    """`count` rooms, cropped and scaled to size x size pixels like prepared images.

    cells: of a side of the cover; purpose names the stream from which the rooms are drawn.
    """
    pictures, covers = [], []
    for scene in drawn_scenes(count, seed=seed, purpose=purpose):
        pictures.append(centre_crop(scene.picture, size))
        covers.append(centre_crop(scene.cover(), cells))
    cover = np.stack(covers).transpose(0, 3, 1, 2).astype(np.float32) / 255
    return Rooms(np.stack(pictures), cover)
