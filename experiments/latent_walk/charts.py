"""The picture of Fig 4, rows of the walk above their control, and the chart of its largest steps.

Part of figure.py; draws the arrays of measure.py and measures nothing.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from repro.figures.drawing import INK, MUTED, PALETTE, grid, legend_above, new_figure
from repro.figures.side_by_side import stacked

GAP = 12  # pixels between the walk and its control
CURVES = {  # kind -> (label, colour, line); the line also tells them apart
    "latent": ("latent walk", PALETTE[0], "-"),
    "pixels": ("pixel blend of the same ends", PALETTE[1], (0, (5, 2))),
    "training": ("the same walk along its nearest training images", PALETTE[3], (0, (1, 1.2))),
}


def walk_sheet(walk: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Rows of the walk (rows, steps, H, W, C) uint8; below a gap those of the control, if any."""
    return stacked([_rows(frames) for frames in (walk, pixels) if len(frames)], gap=GAP)


def _rows(frames: np.ndarray) -> np.ndarray:
    rows, steps, *shape = frames.shape
    return grid(frames.reshape(rows * steps, *shape), steps)


def steps_chart(shares: Mapping[str, np.ndarray], *, steps: int) -> Figure:
    """Share of segments whose largest of `steps` steps is at most x of the path, a curve per walk.

    shares: (segments,) by kind of walk, NaN where nothing moves, and "space", its description.
    """
    drawing, axes = new_figure(7.0, 4.1)
    one = axes[0, 0]
    for kind, (label, colour, line) in CURVES.items():
        values = np.sort(shares[kind][~np.isnan(shares[kind])])
        if len(values) == 0:
            continue  # nothing moved on any segment
        reached = np.arange(1, len(values) + 1) / len(values)
        one.step(
            [0, *values, 1], [0, *reached, 1], where="post", label=f"{label} (n = {len(values)})",
            color=colour, linestyle=line, linewidth=1.9,
        )  # fmt: skip
    one.axvline(1 / steps, color=MUTED, linewidth=1)
    one.annotate(
        f"even steps: {1 / steps:g}", xy=(1 / steps, 0.5), xytext=(-5, 0), rotation=90,
        textcoords="offset points", color=MUTED, va="center", ha="right",
    )  # fmt: skip
    one.set_xlim(0, 1)
    one.set_ylim(0, 1.02)
    words = f"largest of {steps} steps as a share of the path,\n{shares['space']}"
    one.set_xlabel(words, color=INK)
    one.set_ylabel("share of segments", color=INK)
    legend_above(drawing, one, columns=1, left=True)
    return drawing
