"""The drawings of Fig 6: rows of pictures, samples with their boxes, window area left, the curve.

Part of figure.py.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from experiments.forgetting_windows.tables import VARIANTS, layers
from repro.claims.measurement import Measurement
from repro.figures.drawing import (
    INK,
    MUTED,
    PALETTE,
    READABLE_WIDTH,
    grid,
    legend_above,
    new_figure,
    show_picture,
)

ROWS = {  # variant -> title of its row
    "unmodified": "Unmodified samples, the first in which the judge finds a window",
    "positive": "Without the maps of positive weight",
    "random": "Control: without an equal number of random maps",
    "lowest": "Control: without an equal number of maps of the lowest weights",
}
COLUMNS = 6  # of samples with their boxes
LOOKS = {  # variant -> (colour, line, marker, hatch)
    "positive": (PALETTE[3], "-", "o", ""),
    "random": (PALETTE[7], (0, (4, 2)), "s", "//"),
    "lowest": (PALETTE[0], (0, (1, 1.5)), "^", ".."),
}
ORDERS = {
    "positive": "highest weights first",
    "random": "at random (band: range of the sets)",
    "lowest": "lowest weights first",
}


def picture_rows(pictures: np.lib.npyio.NpzFile) -> Figure:
    """One row per variant, the same z in a column; the paper's two rows first."""
    there = [variant for variant in ROWS if variant in pictures]
    columns = len(pictures["unmodified"])
    drawing = Figure(
        figsize=(7.6, (7.6 / columns + 0.26) * len(there)), layout="constrained", facecolor="white"
    )
    axes = drawing.subplots(len(there), 1, squeeze=False)[:, 0]
    for one, variant in zip(axes, there, strict=True):
        title = ROWS[variant]
        if variant == "unmodified" and not pictures["with_window"].all():
            title = f"Unmodified: {int(pictures['with_window'].sum())} with a window, then without"
        show_picture(one, grid(pictures[variant], columns), title=title)
    return drawing


def boxed(samples: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Samples (N, H, W, 3) uint8 with their boxes (M, 5), in pixels, dashed, as one picture."""
    size = samples.shape[1]
    factor = max(1, round(READABLE_WIDTH / (COLUMNS * size)))
    tiles = []
    for place, sample in enumerate(samples):
        enlarged = sample.repeat(factor, axis=0).repeat(factor, axis=1)
        picture = Image.fromarray(enlarged)
        for box in boxes[boxes[:, 0] == place, 1:] * factor:
            _dashed(ImageDraw.Draw(picture), box.tolist())
        tiles.append(np.asarray(picture))
    return grid(np.stack(tiles), min(COLUMNS, len(tiles)), gap=4)


def _dashed(draw: ImageDraw.ImageDraw, box: list[int]) -> None:
    """Draw a rectangle in black with dashes of orange, visible on any colour."""
    x0, y0, x1, y1 = box[0], box[1], box[2] - 1, box[3] - 1
    draw.rectangle((x0, y0, x1, y1), outline="black", width=2)
    for start in range(0, max(x1 - x0, y1 - y0), 8):
        for y in (y0, y1):
            if x0 + start < x1:
                draw.line((x0 + start, y, min(x0 + start + 4, x1), y), fill=PALETTE[1], width=2)
        for x in (x0, x1):
            if y0 + start < y1:
                draw.line((x, y0 + start, x, min(y0 + start + 4, y1)), fill=PALETTE[1], width=2)


def bars(numbers: Mapping[str, Measurement], main: int) -> Figure:
    """Window area left and change elsewhere by variant, with intervals; a group per layer."""
    panels = {"window_area_left": "window area left", "change_elsewhere": "change of the rest"}
    units = {"window_area_left": "share of that before", "change_elsewhere": "grey levels"}
    drawing, axes = new_figure(7.6, 3.6, columns=2)
    for one, (quantity, title) in zip(axes[0], panels.items(), strict=True):
        _bar_panel(one, numbers, quantity, layers(numbers, main))
        one.set_title(title, loc="left", color=INK)
        one.set_ylabel(units[quantity], color=INK)
    axes[0, 0].axhline(1, color=MUTED, linewidth=1)
    axes[0, 0].set_ylim(0, max(1.08, axes[0, 0].get_ylim()[1]))
    other = numbers.get("change_elsewhere_other_sample")
    if other is not None and other.value is not None:
        axes[0, 1].axhline(other.value, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
        axes[0, 1].annotate("two different samples", (1, other.value), (-2, 2), ha="right",
                            xycoords=("axes fraction", "data"), textcoords="offset points",
                            color=MUTED)  # fmt: skip
        axes[0, 1].set_ylim(0, max(1.15 * other.value, axes[0, 1].get_ylim()[1]))
    legend_above(drawing, axes[0, 0], columns=3, title="maps dropped")
    return drawing


def _bar_panel(
    axes: Axes, numbers: Mapping[str, Measurement], quantity: str, groups: list[tuple[str, str]]
) -> None:
    for place, (variant, (colour, _, _, hatch)) in enumerate(LOOKS.items()):
        found = [
            (k, one) for k, (suffix, _) in enumerate(groups)
            if (one := numbers.get(f"{quantity}_{variant}{suffix}")) and one.value is not None
        ]  # fmt: skip
        x = [k + (place - 1) * 0.26 for k, _ in found]
        height = [one.value or 0.0 for _, one in found]
        ends = np.array([one.hull or (np.nan, np.nan) for _, one in found]).reshape(-1, 2).T
        axes.bar(
            x, height, 0.22, color=colour, label=VARIANTS[variant], hatch=hatch, edgecolor="white",
            yerr=np.abs(ends - height), ecolor=INK, capsize=3,
        )  # fmt: skip
    axes.set_xticks(range(len(groups)), [name for _, name in groups])
    axes.grid(False, axis="x")


def curves(found: Mapping[str, np.ndarray]) -> Figure:
    """Window area left against maps dropped, and against the change of the rest."""
    drawing, axes = new_figure(7.6, 3.8, columns=2)
    counts, count = found["counts"], int(found["count"])
    positive = found["positive"][:, 0]  # (2, K)
    before = positive[0, 0]  # nothing dropped
    for variant, (colour, line, marker, _) in LOOKS.items():
        values = found[variant]  # (2, sets, K): area, change
        area, change = values[0] / before, values[1]
        look = {"color": colour, "linestyle": line, "marker": marker, "markersize": 4}
        axes[0, 0].plot(counts, area.mean(axis=0), label=ORDERS[variant], **look)
        axes[0, 1].plot(change.mean(axis=0), area.mean(axis=0), **look)
        if len(area) > 1:
            band = {"color": colour, "alpha": 0.25, "linewidth": 0}
            axes[0, 0].fill_between(counts, area.min(axis=0), area.max(axis=0), **band)
    place = int(np.flatnonzero(counts == count)[0])
    axes[0, 0].axvline(count, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    for one, x in ((axes[0, 0], counts), (axes[0, 1], positive[1])):
        label = "all of positive weight" if one is axes[0, 0] else None
        ring = {"markersize": 11, "fillstyle": "none", "markeredgewidth": 1.6, "color": PALETTE[3]}
        one.plot(x[place], positive[0, place] / before, "o", label=label, **ring)
    axes[0, 0].set_xlabel("maps dropped", color=INK)
    axes[0, 1].set_xlabel("change of the rest (grey levels)", color=INK)
    axes[0, 0].set_ylabel("window area left (before = 1)", color=INK)
    top = max(one.get_ylim()[1] for one in axes[0])
    for one in axes[0]:
        one.set_ylim(0, top)
        one.set_xlim(left=0)
    legend_above(drawing, axes[0, 0], columns=2)
    return drawing
