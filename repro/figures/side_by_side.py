"""Pictures of any sizes put together on white, next to each other or one below the other.

Alone: `side_by_side([grid(trained, columns=5), grid(untrained, columns=5)], gap=12)`.
"""

from collections.abc import Sequence

import numpy as np


def side_by_side(pictures: Sequence[np.ndarray], *, gap: int) -> np.ndarray:
    """Pictures (H, W, C) uint8 in one line, their tops aligned, `gap` pixels between two."""
    height = max(len(picture) for picture in pictures)
    padded = [
        np.pad(picture, ((0, height - len(picture)), (0, gap), (0, 0)), constant_values=255)
        for picture in pictures
    ]
    return np.concatenate(padded, axis=1)[:, : -gap or None]


def stacked(pictures: Sequence[np.ndarray], *, gap: int) -> np.ndarray:
    """Pictures (H, W, C) uint8 one below the other, aligned on the left."""
    columns = side_by_side([picture.swapaxes(0, 1) for picture in pictures], gap=gap)
    return np.ascontiguousarray(columns.swapaxes(0, 1))
