"""The drawing of the effect of each direction of the page on two samples.

Part of figure.py.
"""

import numpy as np
from matplotlib.figure import Figure

from repro.figures.drawing import INK, grid, new_figure, show_picture


def direction_strips(names: np.ndarray, strips: np.ndarray) -> Figure:
    """One row per direction, of two samples: strips (A, 2, steps, H, W, C) uint8."""
    drawn, axes = new_figure(7.4, 0.5 + 0.68 * len(names), rows=len(names), columns=2)
    for row, (name, of_name) in enumerate(zip(names, strips, strict=True)):
        for column, strip in enumerate(of_name):
            show_picture(axes[row, column], grid(strip, len(strip)))
        axes[row, 0].text(
            -0.02, 0.5, name, transform=axes[row, 0].transAxes, ha="right", va="center",
            fontsize=9, color=INK,
        )  # fmt: skip
    for column, panel in enumerate(axes[0]):
        words = f"sample {column + 1}: from −½ to +½ of the direction"
        panel.set_title(words, loc="left", fontsize=9, color=INK)
    return drawn
