"""How samples and filters of G move while it is trained, from the generators that were kept.

Part of measure.py. The paper speaks of oscillation twice: samples oscillate with batch
normalisation in all layers (§3), and filters of models trained longer may collapse into a single
oscillating mode (§7). Both are read from the same z at each kept generator. Alone:
`restlessness(frames)` on pictures (times, z, H, W, C).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from repro.networks.dcgan import Generator
from repro.networks.model_folder import ModelFolder, draw

FEWEST = 6  # kept generators: three in each half, or nothing can turn back


@dataclass(frozen=True)
class Movement:
    """What the kept generators of one training show.

    restlessness: of its samples in the later half; swinging: share of filters that swing, in the
    earlier and in the later half of the training.
    """

    restlessness: float
    swinging: tuple[float, float]


def movement(model: ModelFolder, *, count: int, seed: int) -> Movement | None:
    """Movement of `count` samples of a training; None where it kept too few generators."""
    kept = model.snapshots()
    if len(kept) < FEWEST:
        return None
    z = model.latents(count, seed=seed, purpose="ablations, kept generators")
    generators = [model.generator(step) for step in kept]
    half = len(kept) // 2
    filters = np.stack([filter_means(G, z) for G in generators])  # (times, filters, z)
    frames = np.stack([draw(G, z) for G in generators[-half:]])
    return Movement(
        restlessness(frames),
        (swinging(filters[:half]).mean(), swinging(filters[-half:]).mean()),
    )


def restlessness(frames: np.ndarray) -> float:
    """Length of the path that the pictures of each z take, over the distance from first to last.

    frames (times, z, H, W, C) uint8; lengths are Euclidean in pixels, summed over z. Pictures that
    move steadily to somewhere have 1; a random walk in T steps has about the root of T, pictures
    that go back and forth, or anew at every time, T and more. 0 where nothing moves.
    """
    values = frames.astype(np.float32).reshape(*frames.shape[:2], -1)
    length = np.linalg.norm(np.diff(values, axis=0), axis=2).sum()
    distance = np.linalg.norm(values[-1] - values[0], axis=1).sum()
    return float(length / distance) if distance > 0 else 0.0


@torch.no_grad()
def filter_means(G: nn.Module, z: Tensor) -> np.ndarray:
    """Mean activation of each map of G's hidden layers for each z: (filters, z) float32."""
    if not isinstance(G, Generator):
        raise TypeError(f"filters of a {type(G).__name__} are not maps; a Generator is wanted")
    maps, means = G.first_maps(z), []
    for layer in G.layers:
        means.append(maps.mean(dim=(2, 3)))
        maps = layer(maps)
    return torch.cat(means, dim=1).T.numpy()


def swinging(filters: np.ndarray) -> np.ndarray:
    """Which filters are a single mode that oscillates, bool (filters,).

    filters (times, filters, z). The mean over z turns back at every time between the first and the
    last, and each of its moves is larger than the filter's standard deviation over z, on average
    over the times: the filter says more of when it is seen than of what is drawn.
    """
    course = filters.mean(axis=2)  # (times, filters)
    moves = np.diff(course, axis=0)
    turns = (moves[1:] * moves[:-1] < 0).all(axis=0)
    single = np.abs(moves).min(axis=0) > filters.std(axis=2).mean(axis=0)
    return turns & single
