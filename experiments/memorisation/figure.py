"""Samples beside their nearest training images, and how near they are against real images.

Alone: python -m experiments.memorisation.figure (see --help)
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.contract import Measurement, figure_command, read_measurements
from repro.figures import (
    INK,
    MUTED,
    PALETTE,
    Style,
    grid,
    new_figure,
    save_figure,
    save_picture,
    save_table,
)
from repro.images import halve

LARGEST_SIDE = 64  # pixels of a picture in the sheet
WIDTH = 820  # pixels of the sheet, about
CURVES = {  # kind -> (label, colour, line); told apart by the line too
    "samples": ("samples", PALETTE[3], "-"),
    "real": ("training images, each against the others", PALETTE[0], "-"),
    "blurred": ("these blurred to the samples' sharpness", PALETTE[0], (0, (3, 2))),
}
UNITS = {
    "pixels": "pixels: root mean square difference, grey levels",
    "features": "features of D: root mean square difference, sd",
}
QUANTITIES = ("median_ratio", "suspicious_share", "nearer_probability", "copying_z")
AGAINST = {
    "": "training images",
    "_blur_matched": "training images blurred alike",
    "_with_partners": "training images, near-identical ones too",
}


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig_memorisation_pairs.png, fig_memorisation_distances.png, the table."""
    pairs = np.load(measured / "pairs.npz")
    spaces = [space for space in UNITS if space in pairs]
    title = "Left: sample. Then the training image nearest " + " and ".join(
        {"pixels": "in pixels", "features": "in features of D"}[space] for space in spaces
    )
    save_picture(
        out / "fig_memorisation_pairs.png",
        _sheet([pairs["samples"], *(pairs[space] for space in spaces)]),
        style=style,
        title=f"{title}\nRow by row, the most suspicious first",
    )
    chart = _chart(np.load(measured / "distances.npz"), spaces)
    save_figure(out / "fig_memorisation_distances.png", chart, style=style)
    save_table(out / "table_memorisation.csv", _table(read_measurements(measured), spaces))


def _sheet(columns: list[np.ndarray]) -> np.ndarray:
    """Arrays (n, H, W, C) side by side, image for image, in rows of several."""
    while columns[0].shape[1] > LARGEST_SIDE:
        columns = [halve(images) for images in columns]
    together = np.stack(columns, axis=1)  # (n, columns, H, W, C)
    strips = np.stack([grid(images, len(columns), gap=1) for images in together])
    gap = max(4, strips.shape[1] // 6)
    return grid(strips, max(1, WIDTH // (strips.shape[2] + gap)), gap=gap)


def _chart(distances: np.lib.npyio.NpzFile, spaces: list[str]) -> Figure:
    """Share of images with a training image nearer than x, one panel a space."""
    drawing, axes = new_figure(8.6, 4.0, columns=len(spaces))
    for one, space in zip(axes[0], spaces, strict=True):
        _panel(one, distances, space)
    axes[0, 0].set_ylabel("share with a training image nearer", color=INK)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    return drawing


def _panel(axes: Axes, distances: np.lib.npyio.NpzFile, space: str) -> None:
    partner = distances["partner"]
    kept = ~partner if (~partner).sum() > 1 else np.ones_like(partner)
    for kind, (label, colour, line) in CURVES.items():
        if f"{space}_{kind}" not in distances:
            continue  # the samples are as sharp as the training images: nothing was blurred
        values = np.sort(distances[f"{space}_{kind}"][slice(None) if kind == "samples" else kept])
        shares = np.arange(1, len(values) + 1) / len(values)
        axes.step(
            np.append(0, values), np.append(0, shares), where="post", label=label,
            color=colour, linestyle=line, linewidth=1.6,
        )  # fmt: skip
    quantile = float(distances["quantile"])
    limit = np.quantile(distances[f"{space}_real"][kept], quantile, method="inverted_cdf")
    label = f"limit: {100 * quantile:g} % of training images are nearer"
    axes.axvline(limit, color=MUTED, linewidth=1, linestyle=(0, (1, 2)), label=label)
    axes.set_xlim(0, None)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(UNITS[space], color=INK)


def _table(numbers: dict[str, Measurement], spaces: list[str]) -> pd.DataFrame:
    """One row a space and a kind of real image; columns: each quantity with its interval."""
    rows = []
    for space in spaces:
        for suffix, words in AGAINST.items():
            row: dict[str, object] = {"space": space, "samples against": words}
            for quantity in QUANTITIES:
                one = numbers.get(f"{quantity}_{space}{suffix}")
                if one is None:
                    continue
                name = quantity.replace("_", " ")
                row[name] = one.value
                if one.low is not None:
                    row |= {f"{name} low": one.low, f"{name} high": one.high}
            if len(row) > 2:
                rows.append(row)
    return pd.DataFrame(rows).round(4)


if __name__ == "__main__":
    figure_command(figure)
