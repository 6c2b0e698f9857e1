"""A generator whose windows are drawn by known maps, as a model folder."""

import json
from pathlib import Path

import numpy as np
import torch

from repro.artefacts.step_folder import step_folder
from repro.data.images import to_tensor
from repro.internals.segmenter import mask_boxes
from repro.networks.build import build_discriminator, build_generator
from repro.networks.dcgan import Discriminator, Generator
from repro.networks.model_folder import save_network
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec

SIZE, MAPS = 16, 8
WINDOW_MAPS = (1, 4)  # of layer 1: each alone makes a window of the places where it is active
NETWORK = NetworkSpec(
    image_size=SIZE,
    z_dim=2 * 16,
    ngf=MAPS,
    ndf=2,
    kernel=4,
    first_norm="per_channel",
    norm_eps=1e-8,
)


def planted_generator() -> Generator:
    """16 x 16 pictures; z[:16] are 4 x 4 places, with a window where above 0.85.

    Layer 0: maps 0 (windows) and 1 (walls, darker where z[16:] is high, pale next to windows).
    Layer 1, 8 x 8: the maps 1 and 4 are the windows, all others the walls. Each cell is a block of
    pixels; nothing leaks into its neighbours.
    """
    G = build_generator(NETWORK, seed=1)
    assert isinstance(G, Generator)
    block = torch.zeros(4, 4)
    block[1:3, 1:3] = 1  # kernel 4, stride 2, padding 1: every cell becomes 2 x 2 cells
    first, last = (layer.conv.weight.data for layer in G.layers)
    with torch.no_grad():
        for parameter in (G.project.weight, first, last):
            parameter.zero_()
        for norm in (G.project_norm, G.layers[0].norm):
            norm.weight.fill_(1)
            norm.bias.zero_()
        for place in range(16):
            G.project.weight[place, place] = 1
            G.project.weight[16 + place, 16 + place] = 0.5
            G.project.weight[16 + place, place] = -0.5
        G.project_norm.bias[0] = -0.85
        G.project_norm.bias[1] = 1
        for m in range(MAPS):
            first[0 if m in WINDOW_MAPS else 1, m] = block
            last[m] = (40 if m in WINDOW_MAPS else -0.1) * block
    return G.eval().requires_grad_(False)


def bright_discriminator() -> Discriminator:
    """Its score rises with the brightness of any part of the picture."""
    D = build_discriminator(NETWORK, seed=1).eval()
    assert isinstance(D, Discriminator)
    with torch.no_grad():
        for parameter in D.parameters():
            parameter.fill_(0.1)
    return D.requires_grad_(False)


def windows(pictures: np.ndarray) -> np.ndarray:
    """A judge that is always right: windows are whatever is much brighter than any wall."""
    return np.asarray(to_tensor(pictures).mean(dim=1).numpy() > 0.6)


class KnowingSegmenters:
    """In place of the trained ones."""

    def __init__(self, **given: object) -> None:
        pass

    def proposed(self, pictures: np.ndarray) -> list[np.ndarray]:
        return [mask_boxes(mask, least=1) for mask in windows(pictures)]

    def windows(self, pictures: np.ndarray) -> np.ndarray:
        return windows(pictures)

    def others(self, pictures: np.ndarray) -> np.ndarray:
        return np.zeros((len(pictures), 2, SIZE, SIZE), bool)

    def test_others(self) -> tuple[np.ndarray, np.ndarray]:
        whole = np.ones((1, 2, SIZE, SIZE), bool)  # it knows all of a room full of things
        return whole, whole

    def test_rooms(self) -> tuple[np.ndarray, np.ndarray]:
        none = np.zeros((0, SIZE, SIZE), bool)
        return none, none


def write_planted_model(folder: Path) -> Path:
    """The generator as a model folder, with a discriminator that likes bright pictures."""
    spec = ModelSpec(data="test", network=NETWORK).model_dump()
    counts = {"minibatches": 20, "minibatches_per_epoch": 5}
    with step_folder(folder, inputs={}) as building:
        save_network(planted_generator(), building / "generator.safetensors")
        save_network(bright_discriminator(), building / "discriminator.safetensors")
        (building / "spec.json").write_text(json.dumps({"spec": spec, "seed": 1, **counts}))
    return folder
