"""The ladder with its fitted curves, the forecast, and its check. Part of figure.py."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.cifar10_forecast.laws import LAWS
from experiments.cifar10_forecast.results import PAPERS
from repro.figures.drawing import INK, MUTED, PALETTE, legend_above, new_figure

MARKERS = "osD^vP<>X*"
COLOURS = [PALETTE[0], PALETTE[1], PALETTE[2], *PALETTE[4:]]  # of trainings
PAPERS_COLOUR = PALETTE[3]


def ladder_chart(arrays: dict[str, np.ndarray]) -> Figure:
    """Left: accuracy over passes, a line per training. Right: forecasts with their intervals."""
    drawing, axes = new_figure(8.6, 4.4, columns=2)
    _draw_ladder(axes[0, 0], arrays)
    _draw_forecasts(axes[0, 1], arrays)
    legend_above(drawing, axes[0, 0], columns=2)
    return drawing


def _draw_ladder(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    passes, paper = arrays["curve_passes"], arrays["paper"]
    for place, number in enumerate(np.unique(arrays["model"])):
        own = arrays["model"] == number
        sizes, accuracy = arrays["sizes"][own], arrays["accuracy"][own]
        colour, last = COLOURS[place % len(COLOURS)], sizes[:, 2].max()
        error = np.abs(arrays["accuracy_ends"][own].T - accuracy)
        axes.errorbar(
            sizes[:, 2], accuracy, yerr=error, fmt=MARKERS[place % len(MARKERS)], color=colour,
            markersize=5, capsize=2, label=f"{sizes[0, 0]:,.0f} maps, {sizes[0, 1]:,.0f} images",
        )  # fmt: skip
        for part, style in ((passes <= last, "-"), (passes >= last, ":")):
            axes.plot(passes[part], arrays["curves"][place][part], style, color=colour, linewidth=1)
    axes.plot(passes, arrays["curve_paper"], color=INK, linewidth=1, linestyle="--")
    untrained, start = arrays["untrained"], passes[0] / 1.6
    maps = " and ".join(f"{one:,.0f}" for one in np.unique(untrained[:, 0]))
    axes.plot(
        np.full(len(untrained), start), untrained[:, 2], "_", color=INK, markersize=12,
        label=f"initial weights, {maps} maps",
    )  # fmt: skip
    value, low, high = arrays["forecast"]
    axes.errorbar(
        paper[2], value, yerr=[[value - low], [high - value]], fmt="*", color=INK, markersize=11,
        capsize=3, label=f"forecast: {paper[0]:,.0f} maps, {paper[1]:,.0f} images",
    )  # fmt: skip
    axes.axhline(PAPERS, color=PAPERS_COLOUR, linestyle=":", label=f"the paper's {PAPERS} %")
    axes.set_xscale("log")
    ticks = np.unique([*arrays["sizes"][:, 2], paper[2]])
    axes.set_xticks([start, *ticks], ["0", *(f"{one:g}" for one in ticks)])
    axes.minorticks_off()
    axes.set_xlim(left=start / 1.3)
    axes.set_xlabel("passes of the GAN over its training images", color=INK)
    axes.set_ylabel("accuracy on test images (%)", color=INK)


def _draw_forecasts(axes: Axes, arrays: dict[str, np.ndarray]) -> None:
    """The check first, then the forecast pooled, by law, and with a term for two sizes together."""
    rows = [
        ("largest rung,\nfrom the others", arrays["largest_forecast"], PALETTE[0]),
        ("paper's sizes,\npooled, widened", arrays["forecast"], INK),
        *(
            (f"law: {law}", ends, MUTED)
            for law, ends in zip(LAWS, arrays["forecast_by_law"], strict=True)
        ),
        ("images and\npasses together", arrays["forecast_together"], MUTED),
    ]
    rows = [row for row in rows if not np.isnan(row[1][0])]
    for place, (_, (value, low, high), colour) in enumerate(reversed(rows)):
        axes.plot([low, high], [place, place], color=colour, linewidth=2)
        axes.plot(value, place, "*" if colour == INK else "o", color=colour, markersize=9)
    measured = arrays["accuracy"][int(arrays["largest"])]
    axes.plot(measured, len(rows) - 1, "x", color=PALETTE[0], markersize=9)
    axes.annotate("measured", (measured, len(rows) - 1.32), color=PALETTE[0], ha="center")
    axes.axvline(PAPERS, color=PAPERS_COLOUR, linestyle=":")
    axes.set_yticks(range(len(rows)), [label for label, _, _ in reversed(rows)])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(False, axis="y")
    axes.set_xlabel("accuracy on test images (%), 95 % intervals", color=INK)
