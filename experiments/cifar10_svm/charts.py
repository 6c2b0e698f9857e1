"""Charts of Table 1: its rows as points, accuracy against labels and against the GAN's training.

Part of figure.py. Alone: `rows_and_cited(numbers, arrays)`, from the measurements and arrays.npz.
"""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from experiments.cifar10_svm.options import ALL
from experiments.cifar10_svm.tables import CITED, ROWS, rows_run
from repro.claims.intervals import wilson
from repro.claims.measurement import Measurement
from repro.figures.drawing import INK, MUTED, PALETTE, legend_above, new_figure

# colour, marker and line of each row, which tell rows apart without colour as well
LOOKS: dict[str, dict[str, Any]] = {
    "dcgan": {"color": PALETTE[0], "marker": "o", "linestyle": "-"},
    "own": {"color": PALETTE[2], "marker": "D", "linestyle": "--"},
    "kmeans": {"color": PALETTE[1], "marker": "s", "linestyle": "-."},
    "random": {"color": PALETTE[3], "marker": "^", "linestyle": ":"},
    "released": {"color": PALETTE[4], "marker": "P", "linestyle": "-"},
    "dcgan_cut": {"color": PALETTE[0], "marker": "v", "linestyle": "--"},
    "random_cut": {"color": PALETTE[3], "marker": "<", "linestyle": "--"},
    "kmeans_fewer": {"color": PALETTE[1], "marker": "p", "linestyle": ":"},
    "kmeans_unscaled": {"color": PALETTE[1], "marker": "h", "linestyle": "--"},
    "dcgan_scaled": {"color": PALETTE[0], "marker": "X", "linestyle": "-."},
    "pixels": {"color": MUTED, "marker": "x", "linestyle": "-"},
}


class Series(NamedTuple):
    """How the accuracies with all labels, or with few, are drawn; offset: from the row's middle."""

    colour: str
    marker: str
    offset: float


SERIES = (Series(PALETTE[0], "o", 0.19), Series(PALETTE[1], "s", -0.19))


def rows_and_cited(numbers: dict[str, Measurement], arrays: dict[str, np.ndarray]) -> Figure:
    """This run's rows with their intervals at the top, the paper's rows as cited below."""
    names = rows_run(arrays)
    drawn, axes = new_figure(7.6, 2.8 + 0.8 * len(names), rows=2)
    _draw_run(axes[0, 0], numbers, names, per_class=int(arrays["per_class"]))
    _draw_cited(axes[1, 0])
    for one in axes[:, 0]:
        one.set_xlim(0, 111)  # room for a number behind 100
        one.set_xticks(range(0, 101, 20))
        one.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2)
    axes[1, 0].set_xlabel("accuracy on test images (%)", color=INK)
    return drawn


def _draw_run(
    axes: Axes, numbers: dict[str, Measurement], names: list[str], *, per_class: int
) -> None:
    series = (("", "all labels"), ("_per_class", f"{per_class} per class"))
    for (suffix, label), look in zip(series, SERIES, strict=True):
        shown = [numbers[f"accuracy_{name}{suffix}"] for name in names]
        places = np.arange(len(shown)) + look.offset
        values = np.array([one.value for one in shown])
        ends = np.array(
            [[v if end is None else end for end in (one.low, one.high)]
             for v, one in zip(values, shown, strict=True)]
        )  # fmt: skip
        axes.errorbar(values, places, xerr=np.abs(ends.T - values), fmt=look.marker,
                      color=look.colour, markersize=7, capsize=3, label=label)  # fmt: skip
        for place, value, high in zip(places, values, ends[:, 1], strict=True):
            axes.text(max(value, high) + 1.8, place, f"{value:.2f}", va="center", color=INK)
    axes.set_yticks(range(len(names)), [ROWS[name].replace(" + ", "\n+ ") for name in names])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_title("This run", loc="left", fontsize=10, color=INK)


def _draw_cited(axes: Axes) -> None:
    places = np.arange(len(CITED))[::-1]
    every, few, sd = (np.array([row[column] for row in CITED]) for column in (1, 2, 3))
    columns = ((every, None, "50,000 labels"), (few, sd, "400 per class"))
    for (values, spread, label), look in zip(columns, SERIES, strict=True):
        heights = places + look.offset
        axes.errorbar(values, heights, xerr=spread, fmt=look.marker, color=look.colour,
                      markerfacecolor="none", markersize=7, capsize=3, label=label)  # fmt: skip
        for height, value in zip(heights, values, strict=True):
            axes.text(value + 1.8, height, f"{value:.1f}", va="center", color=MUTED)
    axes.set_yticks(places, [row[0] for row in CITED])
    axes.set_ylim(-0.6, len(CITED) - 0.4)
    axes.set_title("Cited: paper's Table 1", loc="left", fontsize=10, color=MUTED)


def curves(numbers: dict[str, Measurement], arrays: dict[str, np.ndarray]) -> Figure:
    """Accuracy against labels and, where the training kept intermediate D's, against its passes."""
    trained = len(arrays["progress_epochs"]) > 0
    drawn, axes = new_figure(8.6 if trained else 5.2, 4.4, columns=2 if trained else 1)
    for name in reversed(rows_run(arrays)):
        _draw_labels(axes[0, 0], name, arrays)
    axes[0, 0].set_xscale("log")
    axes[0, 0].set_xlabel("labels per class", color=INK)
    axes[0, 0].set_xticks(np.unique(_label_counts("dcgan", arrays)))
    axes[0, 0].xaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
    axes[0, 0].xaxis.set_minor_formatter(NullFormatter())  # they would overlap
    axes[0, 0].set_ylabel("accuracy on test images (%)", color=INK)
    if trained:
        _draw_progress(axes[0, 1], numbers, arrays)
    legend_above(drawn, axes[0, 0], columns=2)
    return drawn


def _draw_labels(axes: Axes, name: str, arrays: dict[str, np.ndarray]) -> None:
    """One row's accuracies; the last point has all training labels. Bars: one sd over draws."""
    _, means, sds, _ = arrays[f"{name}_curve"].T
    places = _label_counts(name, arrays)
    order = np.argsort(places)
    axes.errorbar(
        places[order], means[order], yerr=np.nan_to_num(sds)[order], capsize=2, markersize=5,
        linewidth=1.3, label=ROWS[name].removesuffix(" + L2-SVM"), **LOOKS[name],
    )  # fmt: skip


def _label_counts(name: str, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Labels per class at each of a row's points (N,); for all labels, their mean over classes."""
    counts = arrays[f"{name}_curve"][:, 0]
    return np.where(counts == ALL, int(arrays["training_images"]) / int(arrays["classes"]), counts)


def _draw_progress(
    axes: Axes, numbers: dict[str, Measurement], arrays: dict[str, np.ndarray]
) -> None:
    """Held-out accuracy by passes of the GAN, with the rows that need no GAN as levels."""
    epochs, accuracies = arrays["progress_epochs"], arrays["progress_accuracies"]
    n = int(arrays["held_out"])
    right = np.rint(accuracies / 100 * n).astype(int)
    ends = 100 * np.array([wilson(successes=int(one), n=n) for one in right])  # (points, 2)
    error = np.abs(ends - accuracies[:, None]).T
    axes.errorbar(epochs, accuracies, yerr=error, capsize=2, markersize=5, **LOOKS["dcgan"])
    for name in ("kmeans", "pixels"):
        level = numbers.get(f"validation_accuracy_{name}")
        if level is not None and level.value is not None:
            axes.axhline(level.value, linewidth=1, **{**LOOKS[name], "marker": None})
            words = ROWS[name].removesuffix(" + L2-SVM")
            axes.annotate(
                words, (1, level.value), (0, 3), color=LOOKS[name]["color"], ha="right",
                xycoords=("axes fraction", "data"), textcoords="offset points",
            )  # fmt: skip
    axes.set_xlabel("passes of the GAN over its training images", color=INK)
    axes.set_ylabel(f"accuracy on {n:,} held-out images (%)", color=INK)
