"""Fig 5 from the measured arrays: untrained filters left, trained ones right; and all channels.

Alone: python -m experiments.filters.figure (see --help)
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from experiments.contract import figure_command
from repro.figures.drawing import (
    INK,
    PALETTE,
    Style,
    font,
    grid,
    new_figure,
    save_figure,
    save_picture,
)

GAP = 14  # pixels between the panels
COLUMNS = 5  # tiles beside each other in a panel
LINE = 20  # pixels of a line of text above a channel's tiles
HEADS = {"random": "initial weights", "trained": "trained"}
CURVES = {  # side -> (label, colour, line); told apart by the line too
    "trained": ("trained", PALETTE[0], "-"),
    "random": ("initial weights", PALETTE[3], (0, (5, 2))),
    "permuted": ("trained, labels in random order", PALETTE[7], (0, (1, 1.2))),
}
PANELS = {
    "selectivity": "selectivity: strongest peaks\nabove all, sd",
    "shape_likeness_excess": "likeness of the top patches'\nshapes, less that of any",
    "gradient_likeness_excess": "likeness of the top gradients\nless that of any",
    "concentration": "share of the map's variance\nin its strongest place",
    "class_share": "share of the peaks' variance\nbetween classes (ranks)",
    "class_auc": "area under the curve of the class\nthat the peak tells best",
}


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig05_filters.png and fig05_selectivity.png."""
    with np.load(measured / "arrays.npz") as saved:
        arrays = dict(saved)
    shown = arrays["patches_random"].shape[1]
    title = (
        f"D's last layer: the {shown} strongest responses of each channel, strongest first\n"
        "Above: guided gradients. Below: those places of the real images"
    )
    size = arrays["patches_random"].shape[2]
    scale = max(1, round(62 / size))  # before the words are drawn, so that they stay legible
    arrays = {name: _enlarged(a, scale) if a.ndim == 5 else a for name, a in arrays.items()}
    picture = _sheet(arrays)
    save_picture(out / "fig05_filters.png", picture, style=style, title=title, scale=1)
    save_figure(out / "fig05_selectivity.png", _chart(arrays), style=style)


def _enlarged(tiles: np.ndarray, scale: int) -> np.ndarray:
    return tiles.repeat(scale, axis=2).repeat(scale, axis=3)


def _sheet(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """One band a channel: gradients above patches, initial weights left and trained right."""
    bands = []
    for channel in range(len(arrays["patches_random"])):
        panels = [
            np.concatenate([_panel(arrays[f"{what}_{side}"][channel]) for what in _kinds()])
            for side in HEADS
        ]
        words = [f"channel {channel + 1}, {HEADS[side]}" for side in HEADS]
        bands += [_line(words, panels), _beside(panels)]
    return np.concatenate(bands)


def _kinds() -> tuple[str, str]:
    return "gradients", "patches"


def _panel(tiles: np.ndarray) -> np.ndarray:
    """Tiles (shown, size, size, C) in rows of five, as RGB, with a narrow gap below."""
    picture = grid(tiles, COLUMNS)
    picture = np.broadcast_to(picture, (*picture.shape[:2], 3))
    return np.concatenate([picture, np.full((4, picture.shape[1], 3), 255, np.uint8)])


def _beside(panels: list[np.ndarray]) -> np.ndarray:
    gap = np.full((panels[0].shape[0], GAP, 3), 255, np.uint8)
    return np.concatenate([panels[0], gap, panels[1]], axis=1)


def _line(words: list[str], panels: list[np.ndarray]) -> np.ndarray:
    """A line of text above two panels, each word group over its own."""
    width = sum(panel.shape[1] for panel in panels) + GAP
    line = Image.new("RGB", (width, LINE), "white")
    draw = ImageDraw.Draw(line)
    for text, left in zip(words, (0, panels[0].shape[1] + GAP), strict=True):
        draw.text((left + 2, LINE / 2), text, font=font(13), fill=INK, anchor="lm")
    return np.asarray(line)


def _chart(arrays: dict[str, np.ndarray]) -> Figure:
    """For each measure: share of channels below x, one curve a side."""
    there = {name: words for name, words in PANELS.items() if f"{name}_trained" in arrays}
    columns = 2
    rows = -(-len(there) // columns)
    drawing, axes = new_figure(7.0, 2.9 * rows + 0.4, rows=rows, columns=columns)
    for one, (name, words) in zip(axes.flat, there.items(), strict=False):
        _curves(one, {side: arrays.get(f"{name}_{side}") for side in CURVES})
        one.set_xlabel(words, color=INK)
    for one in axes[:, 0]:
        one.set_ylabel("share of channels below", color=INK)
    last = axes.flat[len(there) - 1]
    handles, labels = last.get_legend_handles_labels()
    for spare in axes.flat[len(there) :]:
        spare.set_axis_off()
    drawing.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    return drawing


def _curves(axes: Axes, values: dict[str, np.ndarray | None]) -> None:
    for side, found in values.items():
        if found is None:
            continue
        ordered = np.sort(found[~np.isnan(found)])
        if len(ordered) == 0:
            continue
        label, colour, line = CURVES[side]
        shares = np.arange(1, len(ordered) + 1) / len(ordered)
        axes.step(ordered, shares, where="post", label=label, color=colour, linestyle=line,
                  linewidth=1.8)  # fmt: skip
    axes.set_ylim(0, 1.02)


if __name__ == "__main__":
    figure_command(figure)
