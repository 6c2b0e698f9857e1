"""Fig 4 from the measured arrays: rows of the walk, and pixel interpolation below a gap.

Alone: python -m experiments.latent_walk.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from repro.figures import Style, grid, save_picture

GAP = 12  # pixels between the walk and its control


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig04_latent_walk.png."""
    arrays = np.load(measured / "arrays.npz")
    title = "Latent space: each row goes from one random z towards that of the next row"
    picture = _rows(arrays["walk"])
    if len(arrays["pixels"]):
        title += "\nBelow the gap, control: pixel space, between the ends of the last rows above"
        gap = np.full((GAP, *picture.shape[1:]), 255, np.uint8)
        picture = np.concatenate([picture, gap, _rows(arrays["pixels"])])
    save_picture(out / "fig04_latent_walk.png", picture, style=style, title=title)


def _rows(frames: np.ndarray) -> np.ndarray:
    rows, steps, *shape = frames.shape
    return grid(frames.reshape(rows * steps, *shape), steps)


if __name__ == "__main__":
    figure_command(figure)
