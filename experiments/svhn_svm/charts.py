"""Charts of Table 2: the errors of all rows next to the paper's, and the random search.

Part of figure.py. Alone: `errors(numbers, arrays)`, from the measurements and arrays.npz.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from experiments.svhn_svm.tables import CITED, ROWS, rows_run
from repro.claims.measurement import Measurement
from repro.figures.drawing import INK, MUTED, PALETTE, empty_figure, legend_above, new_figure

DCGAN, VALIDATION = PALETTE[0], PALETTE[1]  # colours; all other test errors are grey
SEVERAL = 10  # draws of labels from which their strokes overlap, so that each is drawn paler


def errors(numbers: dict[str, Measurement], arrays: dict[str, np.ndarray]) -> Figure:
    """Test error of each draw of labels and its mean on top, the paper's rows as cited below."""
    names = rows_run(arrays)
    drawn, axes = new_figure(7.4, 3.1 + 0.62 * len(names), rows=2)
    _draw_run(axes[0, 0], numbers, arrays, names)
    _draw_cited(axes[1, 0])
    for one in axes[:, 0]:
        one.set_xlim(0, 100)
        one.grid(False, axis="y")
    axes[1, 0].set_xlabel("error (%)", color=INK)
    drawn.legend(handles=_legend(), loc="outside upper center", ncols=2, frameon=False)
    return drawn


def _legend() -> list[Line2D]:
    """Handles that explain colours and marks of both panels."""
    marks: dict[str, dict[str, Any]] = {
        "DCGAN: test error": {"marker": "o", "color": DCGAN},
        "other rows: test error": {"marker": "o", "color": MUTED},
        "stroke: each draw of labels; dot: their mean": {"marker": "|", "color": MUTED},
        "validation error": {"marker": "D", "color": VALIDATION, "markerfacecolor": "none"},
    }
    return [Line2D([], [], linestyle="none", label=label, **mark) for label, mark in marks.items()]


def _draw_run(
    axes: Axes, numbers: dict[str, Measurement], arrays: dict[str, np.ndarray], names: list[str]
) -> None:
    places = np.arange(len(names))[::-1]
    for place, name in zip(places, names, strict=True):
        shown, mean = arrays[f"errors_{name}"], numbers[f"error_{name}"].value
        assert mean is not None
        colour = DCGAN if name == "dcgan" else MUTED
        alpha = 0.25 if len(shown) > SEVERAL else 0.6
        axes.plot(
            shown, np.full(len(shown), place), "|", color=colour, markersize=13, alpha=alpha,
            markeredgewidth=1,
        )  # fmt: skip
        axes.plot([mean], [place], "o", color=colour, markersize=7, markeredgecolor="white",
                  markeredgewidth=1.2, zorder=3)  # fmt: skip
        held_out = numbers.get(f"validation_error_{name}")
        if held_out is not None and held_out.value is not None:
            axes.plot([held_out.value], [place - 0.3], "D", color=VALIDATION, markersize=5,
                      markerfacecolor="none")  # fmt: skip
        axes.text(max(mean, shown.max()) + 2, place, f"{mean:.2f}", va="center", color=INK)
    axes.set_yticks(
        places,
        [ROWS[name].replace(" + ", "\n+ ").replace(" with the", "\nwith the") for name in names],
    )
    axes.set_ylim(-0.7, len(names) - 0.4)
    axes.set_title("This run", loc="left", fontsize=10, color=INK)


def _draw_cited(axes: Axes) -> None:
    places = np.arange(len(CITED))[::-1]
    for place, (model, error, kind) in zip(places, CITED, strict=True):
        marker, colour = ("o", MUTED) if kind == "test" else ("D", VALIDATION)
        if model.startswith("DCGAN"):
            colour = DCGAN
        axes.plot([error], [place], marker, color=colour, markersize=7, markerfacecolor="none")
        axes.text(error + 2, place, f"{error:.2f}", va="center", color=MUTED)
    names = [model if kind == "test" else f"{model} ({kind})" for model, _, kind in CITED]
    axes.set_yticks(places, [name.replace(" with the", "\nwith the") for name in names])
    axes.set_ylim(-0.8, len(CITED) - 0.4)
    axes.set_title("Cited: paper's Table 2, SVHN", loc="left", fontsize=10, color=MUTED)


def search(numbers: dict[str, Measurement], arrays: dict[str, np.ndarray]) -> Figure:
    """Validation error of each trial by learning rate and by dropout, D's features as a level."""
    if "trial_errors" not in arrays:
        return empty_figure("no random search in this run (trials: 0)")
    drawn, axes = new_figure(8.4, 3.8, columns=2)
    level = numbers["validation_error_dcgan"].value
    assert level is not None
    settings = (("trial_learning_rate", "learning rate"), ("trial_dropout", "dropout"))
    found = arrays["trial_errors"]
    best = int(found.argmin())
    for one, (name, label) in zip(axes[0], settings, strict=True):
        values = arrays[name]
        one.plot(values, found, "o", color=PALETTE[1], markersize=5, alpha=0.7, label="a trial")
        if arrays["trial_passes"].any():  # not every trial diverged
            one.plot(
                values[best], found[best], "o", markersize=13, markerfacecolor="none",
                markeredgecolor=INK, markeredgewidth=1.4, linestyle="none", label="chosen",
            )  # fmt: skip
        one.axhline(level, color=PALETTE[0], linewidth=1.3, linestyle=(0, (4, 3)),
                    label="SVM on D's features")  # fmt: skip
        one.set_xlabel(label, color=INK)
        one.set_ylim(0, min(100, 1.15 * max(level, found.max())))
    axes[0, 0].set_xscale("log")
    axes[0, 0].xaxis.set_major_locator(LogLocator(subs=(1, 3)))  # trials may span under a decade
    axes[0, 0].xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    axes[0, 0].xaxis.set_minor_formatter(NullFormatter())
    axes[0, 0].set_ylabel("validation error (%)", color=INK)
    legend_above(drawn, axes[0, 0], columns=3)
    return drawn
