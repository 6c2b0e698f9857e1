"""Distances of every training, samples of every change, and the table, from the measured arrays.

Alone: python -m experiments.ablations.figure (see --help)
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.contract import figure_command
from repro.claims.measurement import Measurement, read_measurements
from repro.figures.drawing import (
    INK,
    MUTED,
    PALETTE,
    Style,
    grid,
    new_figure,
    save_figure,
    save_table,
    show_picture,
)

NEARLY_REAL = 0.1  # below it the axis of distances is linear, above logarithmic
Arrays = dict[str, np.ndarray]


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write ablations_distance.png, ablations_samples.png and ablations.csv."""
    arrays = dict(np.load(measured / "arrays.npz"))
    save_figure(out / "ablations_distance.png", distances_chart(arrays), style=style)
    save_figure(out / "ablations_samples.png", samples_sheet(arrays), style=style)
    save_table(out / "ablations.csv", table(arrays, read_measurements(measured)))


def distances_chart(arrays: Arrays) -> Figure:
    """A row for each change, a dot for each training, the recipe's span as a band."""
    distance = arrays["distance"]  # (changes, trainings)
    drawing, axes = new_figure(8.0, 1.4 + 0.36 * len(distance))
    one = axes[0, 0]
    one.axvspan(distance[0].min(), distance[0].max(), color=PALETTE[0], alpha=0.15, linewidth=0)
    for row, values in enumerate(distance):
        colour = PALETTE[0] if row == 0 else PALETTE[3]
        one.plot(values, np.full(len(values), row), "o", color=colour, markersize=5, alpha=0.75)
        one.plot(values.mean(), row, "|", color=colour, markersize=16, markeredgewidth=2)
    real = float(arrays["real_distance"])
    one.axvline(real, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
    one.annotate(" training images", (real, -0.6), color=MUTED, va="center", annotation_clip=False)
    one.set_yticks(range(len(distance)), arrays["words"])
    one.set_ylim(len(distance) - 0.5, -0.9)
    one.set_xscale("symlog", linthresh=NEARLY_REAL)  # one failed training hides no difference
    one.set_xlim(min(0.0, float(distance.min()), real), 1.5 * float(distance.max()))
    one.xaxis.set_major_formatter("{x:g}")
    one.set_xlabel("kernel distance to held-out real images", color=INK)
    return drawing


def samples_sheet(arrays: Arrays) -> Figure:
    """A row of samples for each change, real images below."""
    sheets = [*arrays["samples"], arrays["real_images"]]
    drawing, axes = new_figure(8.0, 0.95 * len(sheets), rows=len(sheets))
    for one, images, words in zip(
        axes[:, 0], sheets, [*arrays["words"], "real images, held out"], strict=True
    ):
        show_picture(one, grid(images, len(images)), title=str(words))
    return drawing


def table(arrays: Arrays, found: dict[str, Measurement]) -> pd.DataFrame:
    """One row a change, the recipe first."""
    rows = []
    for row, name in enumerate(arrays["names"]):
        change = found.get(f"change_in_distance_{name}")
        rows.append(
            {
                "change": arrays["words"][row],
                "distance": found[f"distance_{name}"].value,
                "sd": arrays["distance"][row].std(ddof=1),
                "change_in_distance": change.value if change else None,
                "low": change.low if change else None,
                "high": change.high if change else None,
                "diversity": found[f"diversity_{name}"].value,
                "trouble": int(arrays["troubled"][row]),
                "trainings": found[f"distance_{name}"].n,
                "D_steps": int(arrays["steps_d"][row]),
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    figure_command(figure)
