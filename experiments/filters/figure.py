"""Fig 5 from the measured arrays: untrained filters left, trained ones right.

Alone: python -m experiments.filters.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from repro.figures import Style, grid, save_picture

GAP = 14  # pixels between the panels


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig05_filters.png."""
    arrays = np.load(measured / "arrays.npz")
    gradients, patches = (
        _beside(_sheet(arrays[f"{what}_random"]), _sheet(arrays[f"{what}_trained"]))
        for what in ("gradients", "patches")
    )
    between = np.full((GAP, *gradients.shape[1:]), 255, np.uint8)
    rows = len(arrays["patches_random"])
    title = (
        f"Left: initial weights. Right: trained. Rows: first {rows} channels of D's last layer\n"
        "Above: guided gradients of the strongest responses. Below: those places of the images"
    )
    picture = np.concatenate([gradients, between, patches])
    save_picture(out / "fig05_filters.png", picture, style=style, title=title)


def _sheet(tiles: np.ndarray) -> np.ndarray:
    """(channels, shown, size, size, C) -> one row of tiles per channel."""
    channels, shown, *shape = tiles.shape
    return grid(tiles.reshape(channels * shown, *shape), shown)


def _beside(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    gap = np.full((left.shape[0], GAP, left.shape[2]), 255, np.uint8)
    return np.concatenate([left, gap, right], axis=1)


if __name__ == "__main__":
    figure_command(figure)
