"""Charts of the ablations: the distance of every training, and samples of every change.

Part of figure.py. Alone: `distances_chart(arrays)`, of arrays.npz.
"""

import numpy as np
from matplotlib.figure import Figure

from repro.figures.drawing import INK, MUTED, PALETTE, grid, new_figure, show_picture

NEARLY_REAL = 0.1  # the axis of distances is linear below it, logarithmic above


def distances_chart(arrays: dict[str, np.ndarray]) -> Figure:
    """A row per change, a dot per training, the recipe's span as a band."""
    distance = arrays["distance"]  # (changes, trainings)
    drawing, axes = new_figure(8.0, 1.4 + 0.36 * len(distance))
    one = axes[0, 0]
    one.axvspan(distance[0].min(), distance[0].max(), color=PALETTE[0], alpha=0.15, linewidth=0)
    for row, values in enumerate(distance):
        colour = PALETTE[0] if row == 0 else PALETTE[3]
        one.plot(values, np.full(len(values), row), "o", color=colour, markersize=5, alpha=0.75)
        one.plot(values.mean(), row, "|", color=colour, markersize=16, markeredgewidth=2)
    real = float(arrays["real_distance"])
    one.axvline(real, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
    one.annotate(" training images", (real, -0.6), color=MUTED, va="center", annotation_clip=False)
    one.set_yticks(range(len(distance)), arrays["words"])
    one.set_ylim(len(distance) - 0.5, -0.9)
    one.set_xscale("symlog", linthresh=NEARLY_REAL)  # one failed training hides no difference
    one.set_xlim(min(0.0, float(distance.min()), real), 1.5 * float(distance.max()))
    one.xaxis.set_major_formatter("{x:g}")
    one.set_xlabel("kernel distance to held-out real images", color=INK)
    return drawing


def samples_sheet(arrays: dict[str, np.ndarray]) -> Figure:
    """A row of samples per change, real images below."""
    sheets = [*arrays["samples"], arrays["real_images"]]
    drawing, axes = new_figure(8.0, 0.95 * len(sheets), rows=len(sheets))
    for one, images, words in zip(
        axes[:, 0], sheets, [*arrays["words"], "real images, held out"], strict=True
    ):
        show_picture(one, grid(images, len(images)), title=str(words))
    return drawing
