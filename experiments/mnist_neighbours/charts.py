"""Fig 9, and charts of the errors: by number of samples, by digit, and of the choice.

Part of figure.py. Alone: `errors_by_class(Errors(measured))`, from the folder of measure.py.
"""

from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from experiments.mnist_neighbours.errors import ROWS, Errors
from experiments.mnist_neighbours.results import count_name
from repro.claims.intervals import wilson
from repro.claims.measurement import Measurement
from repro.figures.drawing import INK, grid, legend_above, new_figure, show_picture

PANELS = {"real": ("real", 7), "gan": ("fully connected GAN", 6), "dcgan": ("DCGAN", 7)}
RING: dict[str, Any] = {
    "marker": "o", "linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 1.5,
}  # fmt: skip


def digits_sheet(shown: dict[str, np.ndarray]) -> Figure:
    """Fig 9: three panels, one row per class. shown: by panel (classes, 7, H, W) uint8."""
    drawing, axes = new_figure(8.6, 4.6, columns=len(PANELS))
    side = shown["real"].shape[2]
    pictures = [
        grid(
            shown[row][:, :columns].reshape(-1, side, side, 1),
            columns,
            gap=max(1, side // 14),
            background=120,
        )
        for row, (_, columns) in PANELS.items()
    ]
    axes[0, 0].get_gridspec().set_width_ratios([picture.shape[1] for picture in pictures])
    for one, picture, (title, _) in zip(axes[0], pictures, PANELS.values(), strict=True):
        show_picture(one, picture, title=title)
    return drawing


def errors_by_count(errors: Errors, numbers: dict[str, Measurement]) -> Figure:
    """Test error (left), share of digits with a sample nearer than any training digit (right)."""
    drawing, axes = new_figure(8.6, 4.2, columns=2)
    for one, quantity in zip(axes[0], ("error", "nearer"), strict=True):
        for row in errors.models:
            _draw_curve(one, errors, numbers, row, quantity)
        one.set_xscale("log")
        one.set_xlabel("samples to search among", color=INK)
        one.xaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
        one.set_ylim(0, None)
    _draw_real(axes[0, 0], errors, numbers["error_real"])
    axes[0, 0].set_ylabel("test error (%)", color=INK)
    axes[0, 1].set_ylabel("digits nearer to a sample (%)", color=INK)
    legend_above(drawing, axes[0, 0], columns=3)
    return drawing


def _draw_curve(
    axes: Axes, errors: Errors, numbers: dict[str, Measurement], row: str, quantity: str
) -> None:
    label, colour, marker = ROWS[row]
    shown = [numbers[f"{quantity}_{row}_{count_name(int(count))}"] for count in errors.counts]
    values, low, high = (
        np.array([getattr(one, end) for one in shown], float) for end in ("value", "low", "high")
    )
    axes.fill_between(errors.counts, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(errors.counts, values, color=colour, marker=marker, markersize=5, label=label)
    if quantity == "error" and len(errors.wrong[row]) > 1:
        for wrong in errors.wrong[row]:
            axes.plot(
                errors.counts, 100 * wrong.mean(axis=1), color=colour, alpha=0.5, linewidth=0.8
            )


def _draw_real(axes: Axes, errors: Errors, real: Measurement) -> None:
    label, colour, marker = ROWS["real"]
    assert real.value is not None
    assert real.low is not None
    assert real.high is not None
    axes.axhline(real.value, color=colour, linewidth=1, linestyle=(0, (4, 3)))
    axes.errorbar(
        [errors.real_count], [real.value], yerr=[[real.value - real.low], [real.high - real.value]],
        color=colour, marker=marker, markersize=6, capsize=3, linestyle="none", zorder=5,
        label=f"{errors.real_count:,} {label}",
    )  # fmt: skip


def errors_by_class(errors: Errors) -> Figure:
    """Error of each digit with all samples and with real references, 95 % intervals."""
    drawing, axes = new_figure(8.6, 3.8)
    places = np.arange(len(errors.classes))
    for offset, (row, wrong) in zip((-0.24, 0, 0.24), errors.wrong.items(), strict=True):
        label, colour, marker = ROWS[row]
        number = errors.real_count if row == "real" else errors.most
        for place, digit in zip(places, errors.classes, strict=True):
            of_digit = wrong[:, -1][:, errors.labels == digit]  # (R, n)
            share, n = of_digit.mean(), of_digit.shape[1]
            low, high = wilson(successes=round(share * n), n=n)
            axes[0, 0].errorbar(
                [place + offset], [100 * share],
                yerr=[[100 * max(0.0, share - low)], [100 * max(0.0, high - share)]],
                color=colour, marker=marker, markersize=6, capsize=3, linestyle="none",
                label=f"{label}, {number:,}" if place == 0 else None, clip_on=False, zorder=3,
            )  # fmt: skip
    axes[0, 0].set_xticks(places, [str(digit) for digit in errors.classes])
    axes[0, 0].set_xlabel("digit", color=INK)
    axes[0, 0].set_ylabel("test error (%)", color=INK)
    axes[0, 0].set_ylim(0, None)
    axes[0, 0].grid(False, axis="x")
    axes[0, 0].legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    return drawing


LineStyle = Literal["-", "--", ":"]
STYLES: tuple[LineStyle, ...] = ("-", "--", ":")  # by training


def selection(curves: dict[str, np.ndarray]) -> Figure:
    """Validation error of every stored generator by passes over the digits, the chosen ones ringed.

    The trainings of a row differ by the style of their lines.

    curves: "<row>_<training>" (K, 2) passes and error, "<row>_<training>_chosen" index among K;
    trainings are numbered from 1.
    """
    drawing, axes = new_figure(7.0, 3.9)
    names = sorted(name for name in curves if not name.endswith("_chosen"))
    parts = [name.rpartition("_") for name in names]
    rows = list(dict.fromkeys(row for row, *_ in parts))
    for name, (row, _, training) in zip(names, parts, strict=True):
        _, colour, marker = ROWS[row]
        epochs, error = curves[name].T
        look = {"color": colour, "linestyle": _style(int(training)), "linewidth": 1.2}
        axes[0, 0].plot(epochs, error, marker=marker, markersize=4, **look)
        best = int(curves[f"{name}_chosen"])
        size = 10 + 4 * rows.index(row)  # so that rings of both networks are seen at one place
        axes[0, 0].plot(epochs[best], error[best], markeredgecolor=colour, markersize=size, **RING)
    axes[0, 0].set_xlabel("passes over the training digits", color=INK)
    axes[0, 0].set_ylabel("validation error (%)", color=INK)
    axes[0, 0].set_ylim(0, None)
    trainings = sorted({int(training) for *_, training in parts})
    handles = _selection_legend(rows, trainings)
    drawing.legend(handles=handles, frameon=False, ncols=3, loc="outside upper left")
    return drawing


def _style(training: int) -> LineStyle:
    return STYLES[(training - 1) % len(STYLES)]


def _selection_legend(rows: list[str], trainings: list[int]) -> list[Line2D]:
    """Colours by row, then styles by training, then the ring."""
    networks = [
        Line2D([], [], color=ROWS[row].colour, marker=ROWS[row].marker, markersize=5,
               linestyle="none", label=ROWS[row].label)
        for row in rows
    ]  # fmt: skip
    of_style = {style: [n for n in trainings if _style(n) == style] for style in STYLES}
    lines = [
        Line2D([], [], color=INK, linestyle=style, linewidth=1.2,
               label=f"training {', '.join(map(str, numbers))}")
        for style, numbers in of_style.items() if numbers
    ]  # fmt: skip
    ring = Line2D([], [], markeredgecolor=INK, markersize=12, label="chosen", **RING)
    return [*networks, *lines, ring]
