"""Charts of the ablations: what was measured of every training, and samples of every change.

Part of figure.py. Alone: `trainings_chart(arrays)`, of arrays.npz.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from experiments.ablations.options import LEAST
from repro.figures.drawing import INK, PALETTE, grid, new_figure, show_picture

NEARLY_REAL = 0.1  # the axis of distances is linear below it, logarithmic above
PANELS = {  # quantity -> label of its axis
    "distance": "kernel distance to held-out images",
    "diversity": "diversity (real images: 1)",
    "features": "rooms with and without a window\ndistinguished by D's features, %",
    "restlessness": "restlessness of samples\n(steady: 1)",
}
TOP = -0.9  # upper end of a panel, in heights of a row: above the first row is a label
FURTHER_LINE = 0.75  # height of a name's second line, in heights of a row


def trainings_chart(arrays: dict[str, np.ndarray]) -> Figure:
    """A panel per quantity, a row per change, a dot per training, the recipe's span as a band."""
    there = [quantity for quantity in PANELS if quantity in arrays]
    names = [_in_lines(str(words)) for words in arrays["words"]]
    places, bottom = _places(names)
    columns = min(2, len(there))
    high = -(-len(there) // columns)
    drawing, axes = new_figure(
        3.0 + 2.6 * columns, high * (1.4 + 0.27 * bottom), rows=high, columns=columns
    )
    for unused in axes.flat[len(there) :]:
        unused.set_axis_off()
    for number, (one, quantity) in enumerate(zip(axes.flat, there, strict=False)):
        _dots(one, arrays[quantity], places, logarithmic=quantity == "distance")
        one.set_yticks(places, names if number % columns == 0 else [""] * len(names))
        one.set_ylim(bottom, TOP)
        one.set_xlabel(PANELS[quantity], color=INK)
    _on_a_logarithmic_axis(axes[0, 0], arrays["distance"], float(arrays["real_distance"]))
    return drawing


def _places(names: list[str]) -> tuple[np.ndarray, float]:
    """Middle of each row, in heights of a row of one line, and the end of the last row."""
    heights = np.array([1 + FURTHER_LINE * name.count("\n") for name in names])
    ends = np.cumsum(heights)
    return ends - heights / 2, float(ends[-1])


def _in_lines(words: str) -> str:
    """A line per setting, without its section: "network.kernel: 5 → 4" -> "kernel: 5 → 4"."""
    return "\n".join(one.split(".", 1)[-1].replace("_", " ") for one in words.split(", "))


def _dots(axes: Axes, values: np.ndarray, places: np.ndarray, *, logarithmic: bool) -> None:
    """values (changes, trainings), the recipe first; places (changes,): heights of their rows."""
    axes.axvspan(values[0].min(), values[0].max(), color=PALETTE[0], alpha=0.15, linewidth=0)
    for row, (own, place) in enumerate(zip(values, places, strict=True)):
        colour = PALETTE[0] if row == 0 else PALETTE[3]
        middle = geometric_mean(own) if logarithmic else own.mean()
        axes.plot(own, np.full(len(own), place), "o", color=colour, markersize=4.5, alpha=0.75)
        axes.plot(middle, place, "|", color=colour, markersize=13, markeredgewidth=2)


def geometric_mean(distances: np.ndarray) -> float:
    """Geometric mean of distances (n,), those that are noise counted as LEAST."""
    return float(np.exp(np.log(np.maximum(distances, LEAST)).mean()))


def _on_a_logarithmic_axis(axes: Axes, distance: np.ndarray, real: float) -> None:
    axes.axvline(real, color=INK, linewidth=1.3, linestyle=(0, (2, 2)))
    axes.annotate("training images", (real, TOP / 2), xytext=(5, 0), textcoords="offset points",
                  color=INK, va="center")  # fmt: skip
    axes.set_xscale("symlog", linthresh=NEARLY_REAL)  # one failed training hides no difference
    left = min(0.0, float(distance.min()), real) - NEARLY_REAL / 4
    right = 1.5 * float(distance.max())
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
