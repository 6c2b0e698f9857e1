"""Table 1 and its bar chart from the measured numbers; the paper's rows beside them, as cited.

Alone: python -m experiments.cifar10_svm.figure (see --help)
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.contract import Measurement, figure_command, read_measurements
from repro.figures import INK, MUTED, PALETTE, Style, new_figure, save_figure, save_table

# Table 1 of the paper: model, accuracy %, accuracy % with 400 labels a class, its ±, feature units.
# None of these rows was run here.
CITED = (
    ("1 Layer K-means", 80.6, 63.7, 0.7, 4800),
    ("3 Layer K-means Learned RF", 82.0, 70.7, 0.7, 3200),
    ("View Invariant K-means", 81.9, 72.6, 0.7, 6400),
    ("Exemplar CNN", 84.3, 77.4, 0.2, 1024),
    ("DCGAN (ours) + L2-SVM", 82.8, 73.8, 0.4, 512),
)
CITED_PER_CLASS, CITED_TRAINING_IMAGES = 400, 50_000
RUN = {
    "pixels": "raw pixels + L2-SVM",
    "random": "D with random weights + L2-SVM",
    "dcgan": "DCGAN features + L2-SVM",
}


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write table1_cifar10.csv and fig_table1.png."""
    numbers = read_measurements(measured)
    arrays = dict(np.load(measured / "arrays.npz"))
    save_table(out / "table1_cifar10.csv", pd.DataFrame(_cited_rows() + _our_rows(numbers, arrays)))
    drawn, axes = new_figure(7.0, 6.0, rows=2)
    _draw_run(axes[0, 0], numbers, per_class=int(arrays["per_class"]))
    _draw_cited(axes[1, 0])
    for one in axes[:, 0]:
        one.set_xlim(0, 100)
        one.grid(False, axis="y")
        one.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2)
    axes[1, 0].set_xlabel("accuracy on test images (%)", color=INK)
    save_figure(out / "fig_table1.png", drawn, style=style)


def _cited_rows() -> list[dict[str, object]]:
    return [
        {
            "model": model,
            "accuracy, all labels (%)": f"{every:.1f}",
            "accuracy, few labels (%)": f"{few:.1f} ± {sd:.1f}",
            "labels a class, few": CITED_PER_CLASS,
            "training images": CITED_TRAINING_IMAGES,
            "feature units": units,
            "source": "cited: paper T1",
        }
        for model, every, few, sd, units in CITED
    ]


def _our_rows(
    numbers: dict[str, Measurement], arrays: dict[str, np.ndarray]
) -> list[dict[str, object]]:
    return [
        {
            "model": model,
            "accuracy, all labels (%)": _with_interval(numbers[f"accuracy_{name}"]),
            "accuracy, few labels (%)": _with_sd(numbers[f"accuracy_{name}_per_class"]),
            "labels a class, few": int(arrays["per_class"]),
            "training images": int(arrays["training_images"]),
            "feature units": int(arrays[f"{name}_units"]),
            "source": f"this run ({int(arrays[f'{name}_features'])} features)",
        }
        for name, model in RUN.items()
    ]


def _with_interval(number: Measurement) -> str:
    if number.low is None or number.high is None:
        return f"{number.value:.1f}"
    return f"{number.value:.1f} [{number.low:.1f}, {number.high:.1f}]"


def _with_sd(number: Measurement) -> str:
    if number.value is None or number.high is None:  # no spread: a single draw
        return f"{number.value:.1f} (1 draw)"
    return f"{number.value:.1f} ± {number.high - number.value:.1f}"


def _draw_run(axes: Axes, numbers: dict[str, Measurement], *, per_class: int) -> None:
    series = (("", "all labels"), ("_per_class", f"{per_class} a class"))
    for index, ((suffix, label), colour) in enumerate(zip(series, PALETTE, strict=False)):
        shown = [numbers[f"accuracy_{name}{suffix}"] for name in RUN]
        places = np.arange(len(shown)) + 0.19 * (1 - 2 * index)
        values = np.array([one.value for one in shown])
        ends = np.array(
            [[v if end is None else end for end in (one.low, one.high)]
             for v, one in zip(values, shown, strict=True)]
        )  # fmt: skip
        axes.barh(places, values, height=0.36, color=colour, label=label)
        axes.errorbar(values, places, xerr=np.abs(ends.T - values), fmt="none", ecolor=INK,
                      capsize=3, linewidth=1.2)  # fmt: skip
        for place, value, high in zip(places, values, ends[:, 1], strict=True):
            axes.text(max(value, high) + 1.5, place, f"{value:.1f}", va="center", color=INK)
    axes.set_yticks(range(len(RUN)), [name.replace(" + ", "\n+ ") for name in RUN.values()])
    axes.set_title("This run", loc="left", fontsize=10, color=INK)


def _draw_cited(axes: Axes) -> None:
    places = np.arange(len(CITED))[::-1]
    every, few, sd = (np.array([row[column] for row in CITED]) for column in (1, 2, 3))
    for values, spread, colour, marker, label in (
        (every, None, PALETTE[0], "o", "50,000 labels"),
        (few, sd, PALETTE[1], "s", "400 a class"),
    ):
        axes.errorbar(values, places, xerr=spread, fmt=marker, color=colour, markerfacecolor="none",
                      markersize=7, capsize=2, label=label)  # fmt: skip
    axes.set_yticks(places, [row[0] for row in CITED])
    axes.set_ylim(-0.6, len(CITED) - 0.4)
    axes.set_title("Cited: paper's Table 1", loc="left", fontsize=10, color=MUTED)


if __name__ == "__main__":
    figure_command(figure)
