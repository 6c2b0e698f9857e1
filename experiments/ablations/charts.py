"""Charts of the ablations: what was measured of every training, and samples of every change.

Part of figure.py. Alone: `trainings_chart(arrays)`, of arrays.npz.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from repro.figures.drawing import INK, MUTED, PALETTE, grid, new_figure, show_picture

NEARLY_REAL = 0.1  # the axis of distances is linear below it, logarithmic above
PANELS = {  # quantity -> label of its axis
    "distance": "kernel distance to held-out images",
    "diversity": "diversity (real images: 1)",
    "features": "windows told by D's features, %",
    "restlessness": "restlessness of samples (steady: 1)",
}


def trainings_chart(arrays: dict[str, np.ndarray]) -> Figure:
    """A panel per quantity, a row per change, a dot per training, the recipe's span as a band."""
    there = [quantity for quantity in PANELS if quantity in arrays]
    rows, columns = len(arrays["names"]), min(2, len(there))
    high = -(-len(there) // columns)
    drawing, axes = new_figure(
        3.0 + 2.6 * columns, high * (1.1 + 0.27 * rows), rows=high, columns=columns
    )
    for unused in axes.flat[len(there) :]:
        unused.set_axis_off()
    names = [_in_lines(str(words)) for words in arrays["words"]]
    for number, (one, quantity) in enumerate(zip(axes.flat, there, strict=False)):
        _dots(one, arrays[quantity])
        one.set_yticks(range(rows), names if number % columns == 0 else [""] * rows)
        one.set_ylim(rows - 0.5, -0.9)
        one.set_xlabel(PANELS[quantity], color=INK)
    _on_a_logarithmic_axis(axes[0, 0], arrays["distance"], float(arrays["real_distance"]))
    return drawing


def _in_lines(words: str) -> str:
    """A line per setting, without its section: "network.kernel: 5 → 4" -> "kernel: 5 → 4"."""
    return "\n".join(one.split(".", 1)[-1].replace("_", " ") for one in words.split(", "))


def _dots(axes: Axes, values: np.ndarray) -> None:
    """values (changes, trainings), the recipe first."""
    axes.axvspan(values[0].min(), values[0].max(), color=PALETTE[0], alpha=0.15, linewidth=0)
    for row, own in enumerate(values):
        colour = PALETTE[0] if row == 0 else PALETTE[3]
        axes.plot(own, np.full(len(own), row), "o", color=colour, markersize=4.5, alpha=0.75)
        axes.plot(own.mean(), row, "|", color=colour, markersize=13, markeredgewidth=2)


def _on_a_logarithmic_axis(axes: Axes, distance: np.ndarray, real: float) -> None:
    axes.axvline(real, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
    axes.annotate(" training images", (real, -0.6), color=MUTED, va="center", annotation_clip=False)
    axes.set_xscale("symlog", linthresh=NEARLY_REAL)  # one failed training hides no difference
    left, right = min(0.0, float(distance.min()), real), 1.5 * float(distance.max())
    axes.set_xticks([0.0, *(x for x in (0.1, 1, 10, 100, 1000) if x < right)])
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(left, right)


def samples_sheet(arrays: dict[str, np.ndarray]) -> Figure:
    """A row of samples per change, real images below."""
    sheets = [*arrays["samples"], arrays["real_images"]]
    drawing, axes = new_figure(8.0, 0.95 * len(sheets), rows=len(sheets))
    for one, images, words in zip(
        axes[:, 0], sheets, [*arrays["words"], "real images, held out"], strict=True
    ):
        show_picture(one, grid(images, len(images)), title=str(words))
    return drawing
