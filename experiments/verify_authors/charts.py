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
from repro.figures.drawing import INK, MUTED, PALETTE, PAPER, grid, new_figure

PANELS = {
    "cifar10": "CIFAR-10, all labels: accuracy on test images (%)",
    "svhn": "SVHN, few labels: error on test images (%)",
}
BEHIND = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}  # background of text over lines
GAP = 12  # pixels between two sheets of samples


def samples_sheet(
    samples: dict[str, np.ndarray], networks: dict[str, Any]
) -> tuple[np.ndarray, str]:
    """A picture (H, W, C) uint8, one sheet per generator, and its title.

    samples: by kind (N, H, W, C) uint8; the title names the generators, and what the others lack.
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
            words.append(f"{title}: not drawn, missing {_few(network['samples_missing'])}")
    picture = _side_by_side(sheets) if sheets else np.full((32, 240, 3), 255, np.uint8)
    return picture, "\n".join(words)


def _side_by_side(sheets: list[np.ndarray]) -> np.ndarray:
    """Pictures (H, W, C) uint8 next to each other on white, their tops aligned."""
    height = max(len(sheet) for sheet in sheets)
    padded = [
        np.pad(sheet, ((0, height - len(sheet)), (0, GAP), (0, 0)), constant_values=255)
        for sheet in sheets
    ]
    return np.concatenate(padded, axis=1)[:, :-GAP]


def _few(files: list[str]) -> str:
    """At most two names, and the number of the rest."""
    more = f" and {len(files) - 2} more" if len(files) > 2 else ""
    return ", ".join(files[:2]) + more


def checks_chart(numbers: dict[str, Measurement], parts: dict[str, Any]) -> Figure:
    """A panel per check: its rows as bars with their intervals, the paper's number as a line."""
    drawn, axes = new_figure(7.0, 7.0, rows=len(PANELS))
    for one, name in zip(axes[:, 0], PANELS, strict=True):
        _draw_check(one, name, numbers, parts)
    return drawn


def _draw_check(
    axes: Axes, name: str, numbers: dict[str, Measurement], parts: dict[str, Any]
) -> None:
    axes.set_title(PANELS[name], loc="left", fontsize=10, color=INK)
    axes.set_xlim(0, 100)
    axes.grid(False, axis="y")
    _draw_paper(axes, STATED[name][1])
    rows = numbers_run(name, numbers, parts)
    if not rows:
        reason = parts["checks"][name]["not_run"].replace("; ", ";\n")
        axes.text(50, 0, f"not run: {reason}", ha="center", va="center", color=INK, bbox=BEHIND)
        axes.set_ylim(-1, 1)
        axes.set_yticks([])
        return
    places = np.arange(len(rows))[::-1]
    for place, (row, number) in zip(places, rows.items(), strict=True):
        value, low, high = (getattr(number, end) for end in ("value", "low", "high"))
        colour = PALETTE[0] if row in OF_RELEASED else PALETTE[7]
        axes.barh(place, value, height=0.55, color=colour)
        axes.errorbar(value, place, xerr=[[value - low], [high - value]], fmt="none", ecolor=INK,
                      capsize=3, linewidth=1.2)  # fmt: skip
        axes.text(high + 1.5, place, f"{value:.1f}", va="center", color=INK, bbox=BEHIND)
    axes.set_yticks(places, [_label(row, name, parts) for row in rows])
    axes.set_ylim(-0.6, len(rows) + 0.1)


def _draw_paper(axes: Axes, value: float) -> None:
    """The paper's number as a dashed line, its label on the side with more room."""
    left = value > 50
    axes.axvline(value, color=MUTED, linewidth=1.4, linestyle=(0, (4, 3)))
    axes.annotate(
        f"paper: {value:g}, whole D",
        xy=(value, 0.97),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if left else 4, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        color=MUTED,
    )


def _label(row: str, name: str, parts: dict[str, Any]) -> str:
    if row in WITHOUT_NETWORK:
        return ROWS[row]
    network = parts["networks"][parts["checks"][name]["network"]]
    return f"{ROWS[row]},\n{network['complete_layers']} of {network['layers']} layers"
