"""Which channels respond to beds, windows and lamps: the origin of their strongest responses.

Part of measure.py. A channel's strongest unit in a room sees nearly the whole picture (61 of 64
pixels), so its guided gradient, as in Fig 5, has to show to what it responds: we take the share of
its magnitude on the bed. Chance is the share of the same gradients on the beds of other rooms.
Alone:
`chances_by_side(model, rooms, ...)` with rooms of experiments.drawn_rooms.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from experiments.drawn_rooms import Rooms
from experiments.filters.responses import Responses
from repro.networks.dcgan import Discriminator
from repro.networks.discriminator_inputs import freeze_on
from repro.networks.model_folder import ModelFolder
from repro.rng import generator, weights_seed

LEAST_ROOMS = 2  # in which a channel must be active, else it responds to nothing


def shares_on(gradients: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Share of each gradient's magnitude on each thing of each room.

    gradients (k, H, W, C) of any sign, none of them zero everywhere; cover (N, things, h, w)
    float32 in [0, 1], each cell a square of the picture -> (k, N, things), in [0, 1].
    """
    rooms, things, height, width = cover.shape
    cells = gradients.reshape(len(gradients), height, gradients.shape[1] // height, width, -1)
    size = np.abs(cells).sum(axis=(2, 4)).reshape(len(gradients), -1)
    size /= size.sum(axis=1, keepdims=True)
    return (size @ cover.reshape(rooms * things, -1).T).reshape(len(gradients), rooms, things)


def chance_of(shares: np.ndarray, own: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Chance that gradients are as much on the things of other rooms as on those of their own.

    shares (k, N, things) of shares_on; own (k,): each gradient's room; others (draws, k): a random
    room for each. Returns (things,) in (0, 1]: the share of draws, including the true assignment,
    whose mean is at least the true one (one-sided permutation test).
    """
    rows = np.arange(len(own))
    true = shares[rows, own].mean(axis=0)
    drawn = shares[rows, others].mean(axis=1)  # (draws, things)
    return (1 + (drawn >= true).sum(axis=0)) / (1 + len(others))


def chances(
    side: Responses, cover: np.ndarray, *, channels: Sequence[int], draws: int, seed: int
) -> np.ndarray:
    """chance_of for some channels, over their strongest rooms: (channels, things).

    side: responses to the pictures of the rooms with cover (N, things, h, w). 1 for a channel that
    is active in fewer than LEAST_ROOMS of its strongest rooms.
    """
    source = generator(seed, "filters, things of other rooms")
    others = source.integers(0, len(cover), (draws, side.top.shape[1]))
    made = np.ones((len(channels), cover.shape[1]))
    for row, channel in enumerate(channels):
        top = side.top[channel]
        gradients = side.gradient(channel, top)
        active = gradients.any(axis=(1, 2, 3))
        if active.sum() >= LEAST_ROOMS:
            shares = shares_on(gradients[active], cover)
            made[row] = chance_of(shares, top[active], others[:, : active.sum()])
    return made


def untrained_seed(seed: int, number: int) -> int:
    """Seed of the initial weights in network `number` of a control."""
    return weights_seed(seed, "filters, untrained network", number)


def with_random_filters(model: ModelFolder, seed: int) -> Discriminator:
    """The trained D whose last convolution has initial weights; its statistics are not frozen."""
    D = model.discriminator()
    D.layers[-1] = model.random_discriminator(seed).layers[-1]
    return D


def chances_by_side(
    model: ModelFolder, rooms: Rooms, *, top: int, draws: int, networks: int, seed: int
) -> dict[str, np.ndarray]:
    """chances of all channels by side: trained, random_filters, untrained; (channels, things) each.

    Each control consists of `networks` networks that share the channels, so that they cost as much
    as one and no single draw decides. Their batch statistics are frozen on the rooms.
    """

    def found(D: Discriminator, first: int, step: int) -> np.ndarray:
        side = Responses(D, rooms.pictures, top=top, compared=0)
        channels = range(first, len(side.top), step)
        return chances(side, rooms.cover, channels=channels, draws=draws, seed=seed)

    made = {"trained": found(model.discriminator(), 0, 1)}
    controls: dict[str, Callable[[int], Discriminator]] = {
        "random_filters": partial(with_random_filters, model),
        "untrained": model.random_discriminator,
    }
    for name, drawn in controls.items():
        parts = [
            found(freeze_on(drawn(untrained_seed(seed, number)), rooms.pictures), number, networks)
            for number in range(networks)
        ]
        made[name] = np.concatenate(parts)
    return made
