"""Pictures of verify_authors: sheets of samples, and the numbers of both checks as bars.

Part of figure.py. Alone: `checks_chart(numbers, parts)`, from the measurements and parts.json.
"""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.verify_authors.names import OF_RELEASED
from experiments.verify_authors.tables import ROWS, STATED, TITLES, WITHOUT_NETWORK, numbers_run
from repro.claims.measurement import Measurement
from repro.figures.drawing import INK, PALETTE, empty_figure, grid, new_figure
from repro.figures.side_by_side import side_by_side

PANELS = {
    "cifar10": "CIFAR-10, all labels: accuracy on test images (%)",
    "svhn": "SVHN, few labels: error on test images (%)",
}
GAP = 12  # pixels between two sheets of samples


def samples_sheet(
    samples: dict[str, np.ndarray], networks: dict[str, Any]
) -> tuple[np.ndarray, str]:
    """A picture (H, W, C) uint8, one sheet per generator, and its title.

    samples: by kind (N, H, W, C) uint8; the title names the generators, and those not drawn.
    """
    sheets, words = [], []
    for kind, title in TITLES.items():
        network = networks.get(kind)
        if kind in samples:
            sheets.append(grid(samples[kind], math.isqrt(len(samples[kind]) - 1) + 1))
            words.append(f"{title}: {len(samples[kind])} samples of the released G, not picked")
        elif network is None:
            words.append(f"{title}: not in the folder")
        else:
            words.append(f"{title}: not drawn, {_files(len(network['samples_missing']))} missing")
    picture = side_by_side(sheets, gap=GAP) if sheets else np.full((32, 240, 3), 255, np.uint8)
    return picture, "\n".join(words)


def _files(count: int) -> str:
    return "1 file is" if count == 1 else f"{count} files are"


def checks_chart(numbers: dict[str, Measurement], parts: dict[str, Any]) -> Figure:
    """A panel per check: its rows as bars with their intervals, the paper's number as a line.

    A check that was not run has no panel; the table says why (tables.py).
    """
    found = {name: numbers_run(name, numbers, parts) for name in PANELS}
    run = {name: rows for name, rows in found.items() if rows}
    if not run:
        return empty_figure("no check was run: the table says why")
    heights = [1.1 + 0.58 * len(rows) for rows in run.values()]
    drawn, axes = new_figure(7.0, sum(heights), rows=len(run))
    axes[0, 0].get_gridspec().set_height_ratios(heights)
    for one, (name, rows) in zip(axes[:, 0], run.items(), strict=True):
        _draw_check(one, name, rows, parts)
    return drawn


def _draw_check(axes: Axes, name: str, rows: dict[str, Measurement], parts: dict[str, Any]) -> None:
    axes.set_title(PANELS[name], loc="left", fontsize=10, color=INK)
    axes.set_xlim(0, 100)
    axes.grid(False, axis="y")
    _draw_paper(axes, STATED[name][1])
    places = np.arange(len(rows))[::-1]
    for place, (row, number) in zip(places, rows.items(), strict=True):
        value, low, high = (getattr(number, end) for end in ("value", "low", "high"))
        colour = PALETTE[0] if row in OF_RELEASED else PALETTE[7]
        axes.barh(place, value, height=0.55, color=colour)
        axes.errorbar(value, place, xerr=[[value - low], [high - value]], fmt="none", ecolor=INK,
                      capsize=3, linewidth=1.2)  # fmt: skip
        axes.annotate(f"{value:.2f}", (1, place), (6, 0), xycoords=("axes fraction", "data"),
                      textcoords="offset points", va="center", color=INK)  # fmt: skip
    axes.set_yticks(places, [_label(row, name, parts) for row in rows])
    axes.set_ylim(-0.6, len(rows) + 0.1)


def _draw_paper(axes: Axes, value: float) -> None:
    """The paper's number as a dashed line, its label on the side with more room."""
    left = value > 50
    axes.axvline(value, color=INK, linewidth=1.4, linestyle=(0, (4, 3)))
    axes.annotate(
        f"paper: {value:g}, whole D",
        xy=(value, 0.97),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if left else 4, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        color=INK,
    )


def _label(row: str, name: str, parts: dict[str, Any]) -> str:
    if row in WITHOUT_NETWORK:
        return ROWS[row]
    network = parts["networks"][parts["checks"][name]["network"]]
    return f"{ROWS[row]},\n{network['complete_layers']} of {network['layers']} layers"
