"""The picture of Fig 5, and the chart of selectivity and the other quantities over all channels.

Part of figure.py; draws the arrays of measure.py and measures nothing.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from repro.figures.drawing import INK, PALETTE, font, grid, legend_above, new_figure
from repro.figures.side_by_side import side_by_side

GAP = 14  # pixels between the panels
COLUMNS = 5  # tiles in a row of a panel
TILE = 62  # pixels: small tiles are enlarged to about this size
LINE = 20  # pixels: height of a line of text above a channel's tiles
KINDS = ("gradients", "patches")  # from top to bottom
HEADS = {"random": "initial weights", "trained": "trained"}
CURVES = {  # side -> (label, colour, line); the line also tells them apart
    "trained": ("trained", PALETTE[0], "-"),
    "random": ("initial weights", PALETTE[3], (0, (5, 2))),
    "permuted": ("trained, labels in random order", PALETTE[7], (0, (1, 1.2))),
}
PANELS = {  # quantity -> title of its panel, and label of its axis
    "selectivity": ("Strong responses are rare", "strongest peaks above the mean, sd"),
    "shape_likeness_excess": (
        "Same shapes in the patches",
        "similarity of the strongest\nminus that of any images",
    ),
    "gradient_likeness_excess": (
        "Same pattern in the gradients",
        "similarity of the strongest\nminus that of any images",
    ),
    "concentration": (
        "Response in one place",
        "share of the map's variance\nin its strongest place",
    ),
    "class_share": (
        "Peaks depend on the class",
        "share of the ranked peaks' variance\nthat lies between classes",
    ),
    "class_auc": ("Best separated class", "area under its ROC curve\n(0.5: chance)"),
}


def filters_sheet(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """One band per channel: gradients above patches, initial weights left and trained right.

    arrays: gradients_SIDE and patches_SIDE (channels, shown, size, size, C) uint8. Small tiles are
    enlarged before the text is drawn, so that it stays legible.
    """
    channels, _, size = arrays["patches_random"].shape[:3]
    scale = max(1, round(TILE / size))
    bands = []
    for channel in range(channels):
        panels = [
            np.concatenate(
                [_panel(_enlarged(arrays[f"{what}_{side}"][channel], scale)) for what in KINDS]
            )
            for side in HEADS
        ]
        words = [f"channel {channel + 1}, {HEADS[side]}" for side in HEADS]
        bands += [_line(words, panels), side_by_side(panels, gap=GAP)]
    return np.concatenate(bands)


def _enlarged(tiles: np.ndarray, scale: int) -> np.ndarray:
    return tiles.repeat(scale, axis=1).repeat(scale, axis=2)


def _panel(tiles: np.ndarray) -> np.ndarray:
    """Tiles (shown, size, size, C) in rows of five, as RGB, with a narrow gap below."""
    picture = grid(tiles, COLUMNS)
    picture = np.broadcast_to(picture, (*picture.shape[:2], 3))
    return np.concatenate([picture, np.full((4, picture.shape[1], 3), 255, np.uint8)])


def _line(words: list[str], panels: list[np.ndarray]) -> np.ndarray:
    """A line of text above two panels, each word group over its own."""
    width = sum(panel.shape[1] for panel in panels) + GAP
    line = Image.new("RGB", (width, LINE), "white")
    draw = ImageDraw.Draw(line)
    for text, left in zip(words, (0, panels[0].shape[1] + GAP), strict=True):
        draw.text((left + 2, LINE / 2), text, font=font(13), fill=INK, anchor="lm")
    return np.asarray(line)


def selectivity_chart(arrays: Mapping[str, np.ndarray]) -> Figure:
    """For each quantity the share of channels below x, one curve per side.

    arrays: QUANTITY_SIDE (channels,); absent ones are left out.
    """
    there = {name: words for name, words in PANELS.items() if f"{name}_trained" in arrays}
    columns = 2
    rows = -(-len(there) // columns)
    drawing, axes = new_figure(7.0, 2.9 * rows + 0.4, rows=rows, columns=columns)
    for one, (name, words) in zip(axes.flat, there.items(), strict=False):
        _curves(one, {side: arrays.get(f"{name}_{side}") for side in CURVES})
        title, axis = words
        one.set_title(f"{title} (right: more)", loc="left", color=INK, fontsize=10)
        one.set_xlabel(axis, color=INK)
    for one in axes[:, 0]:
        one.set_ylabel("share of channels below", color=INK)
    for spare in axes.flat[len(there) :]:
        spare.set_axis_off()
    legend_above(drawing, axes.flat[len(there) - 1], columns=3)
    return drawing


def _curves(axes: Axes, values: dict[str, np.ndarray | None]) -> None:
    for side, found in values.items():
        if found is None:
            continue
        found = found[~np.isnan(found)]
        if len(found):
            label, colour, line = CURVES[side]
            axes.ecdf(found, label=label, color=colour, linestyle=line, linewidth=1.8)
    axes.set_ylim(0, 1.02)
