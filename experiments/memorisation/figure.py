"""Samples and their nearest training images, and their distances compared with real images.

Reads pairs.npz, distances.npz and the measurements of measure.py. Alone:
python -m experiments.memorisation.figure (see --help)
"""

from functools import partial
from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.memorisation.charts import distances_chart, pairs_sheet, ranks_chart
from experiments.memorisation.tables import memorisation_table
from experiments.multiverse_figures import multiverse_figures
from repro.claims.measurement import read_measurements
from repro.figures.drawing import save_figure, save_picture, save_table
from repro.figures.style import Style

SPACES = {"pixels": "in pixels", "features": "in features of D"}

MULTIVERSE_WORDS = {
    "nearer_probability_features_blur_matched": "chance that a sample is nearer than a real image",
    "space": "distances in",
    "blur_matched": "blur matched",
    "with_partners": "images with doubles count",
}


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig_memorisation_pairs, _distances and _ranks (.png), and the table."""
    pairs = np.load(measured / "pairs.npz")
    spaces = [space for space in SPACES if space in pairs]
    nearest = " and ".join(SPACES[space] for space in spaces)
    save_picture(
        out / "fig_memorisation_pairs.png",
        pairs_sheet([pairs["samples"], *(pairs[space] for space in spaces)]),
        style=style,
        title=f"Left: sample. Then the training image nearest {nearest}\n"
        "Row by row, the most suspicious first, the first four larger",
    )
    with np.load(measured / "distances.npz") as saved:
        distances = dict(saved)
    chart = distances_chart(distances, spaces)
    save_figure(out / "fig_memorisation_distances.png", chart, style=style)
    save_figure(out / "fig_memorisation_ranks.png", ranks_chart(distances, spaces), style=style)
    table = memorisation_table(read_measurements(measured), spaces)
    save_table(out / "table_memorisation.csv", table)


if __name__ == "__main__":
    figure_command(figure, other_choices=partial(multiverse_figures, words=MULTIVERSE_WORDS))
