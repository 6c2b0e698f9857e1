"""Samples beside their nearest training images, and how near they are against real images.

Alone: python -m experiments.memorisation.figure (see --help)
"""

from pathlib import Path

import numpy as np
import pandas as pd

from experiments.contract import figure_command
from experiments.memorisation.charts import distances_chart, ranks_chart
from repro.claims.measurement import Measurement, read_measurements
from repro.data.images import halve
from repro.figures.drawing import Style, grid, save_figure, save_picture, save_table

LARGEST_SIDE = 64  # pixels of a picture in the sheet
WIDTH = 820  # pixels of the sheet, about
DOUBLED = 4  # of the first pairs are shown at twice the size
QUANTITIES = ("median_ratio", "suspicious_share", "nearer_probability", "copying_z")
AGAINST = {
    "": "training images",
    "_blur_matched": "training images blurred alike",
    "_with_partners": "training images, near-identical ones too",
    "_held_out": "held-out images",
    "_held_out_blur_matched": "held-out images blurred alike",
}
MODELS = {"": "the model", "_without_dedup": "trained without de-duplication"}
SPACES = ("pixels", "features")


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig_memorisation_pairs, _distances and _ranks (.png), and the table."""
    pairs = np.load(measured / "pairs.npz")
    spaces = [space for space in SPACES if space in pairs]
    title = "Left: sample. Then the training image nearest " + " and ".join(
        {"pixels": "in pixels", "features": "in features of D"}[space] for space in spaces
    )
    save_picture(
        out / "fig_memorisation_pairs.png",
        _sheet([pairs["samples"], *(pairs[space] for space in spaces)]),
        style=style,
        title=f"{title}\nRow by row, the most suspicious first, the first four larger",
    )
    with np.load(measured / "distances.npz") as saved:
        distances = dict(saved)
    chart = distances_chart(distances, spaces)
    save_figure(out / "fig_memorisation_distances.png", chart, style=style)
    save_figure(out / "fig_memorisation_ranks.png", ranks_chart(distances, spaces), style=style)
    save_table(out / "table_memorisation.csv", _table(read_measurements(measured), spaces))


def _sheet(columns: list[np.ndarray]) -> np.ndarray:
    """Arrays (n, H, W, C) side by side, image for image, in rows of several; the first larger."""
    while columns[0].shape[1] > LARGEST_SIDE:
        columns = [halve(images) for images in columns]
    together = np.stack(columns, axis=1)  # (n, columns, H, W, C)
    strips = np.stack([grid(images, len(columns), gap=1) for images in together])
    gap = max(4, strips.shape[1] // 6)
    abreast = max(2, WIDTH // (strips.shape[2] + gap) // 2 * 2)  # even: larger ones take two
    doubled = strips[:DOUBLED].repeat(2, axis=1).repeat(2, axis=2)
    parts = [grid(doubled, abreast // 2, gap=gap)]
    if len(strips) > DOUBLED:
        parts.append(grid(strips[DOUBLED:], abreast, gap=gap))
    width = max(part.shape[1] for part in parts)
    white = np.full((gap, width, strips.shape[3]), 255, np.uint8)
    widened = [
        np.pad(part, ((0, 0), (0, width - part.shape[1]), (0, 0)), constant_values=255)
        for part in parts
    ]
    return np.concatenate([piece for part in widened for piece in (part, white)][:-1])


def _table(numbers: dict[str, Measurement], spaces: list[str]) -> pd.DataFrame:
    """A row for a model, a space and a kind of real image; each quantity with its interval."""
    rows = []
    for model, of in MODELS.items():
        for space in spaces:
            for suffix, words in AGAINST.items():
                row: dict[str, object] = {"samples of": of, "space": space, "against": words}
                row |= _cells(numbers, f"{space}{suffix}{model}")
                if len(row) > 3:
                    rows.append(row)
    return pd.DataFrame(rows).round(4)


def _cells(numbers: dict[str, Measurement], name: str) -> dict[str, float | None]:
    row: dict[str, float | None] = {}
    for quantity in QUANTITIES:
        one = numbers.get(f"{quantity}_{name}")
        if one is None:
            continue
        words = quantity.replace("_", " ")
        row[words] = one.value
        if one.low is not None:
            row |= {f"{words} low": one.low, f"{words} high": one.high}
    return row


if __name__ == "__main__":
    figure_command(figure)
