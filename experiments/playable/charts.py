"""The drawing of the effect of each direction of the page on two samples.

Part of figure.py.
"""

import numpy as np
from matplotlib.figure import Figure

from repro.figures.drawing import INK, grid, new_figure, show_picture


def direction_strips(names: np.ndarray, strips: np.ndarray) -> Figure:
    """One row per direction, of two samples from -1 to 1: strips (A, 2, steps, H, W, C) uint8."""
    drawn, axes = new_figure(7.4, 0.4 + 0.95 * len(names), rows=len(names), columns=2)
    for row, (name, of_name) in enumerate(zip(names, strips, strict=True)):
        for column, strip in enumerate(of_name):
            show_picture(axes[row, column], grid(strip, len(strip)))
            words = f"{name}: −1 to 1, sample {column + 1}; in the middle as drawn"
            axes[row, column].set_title(words, loc="left", fontsize=8, color=INK)
    return drawn
