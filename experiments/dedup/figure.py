"""Figures and tables of the de-duplication, and the page for labelling collisions (paper §4.1.1).

Reads the arrays and the measurements of measure.py. Alone:
python -m experiments.dedup.figure (see --help)
"""

from functools import partial
from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.dedup.charts import (
    groups_sheet,
    precision_recall_chart,
    recall_chart,
    settings_chart,
)
from experiments.dedup.label_page import write_label_page
from experiments.dedup.tables import dedup_table, recall_table
from experiments.multiverse_figures import multiverse_figures
from repro.claims.measurement import read_measurements
from repro.figures.drawing import save_figure, save_picture, save_table
from repro.figures.style import Style

MULTIVERSE_WORDS = {
    "recall_autoencoder": "share of the copies in the dataset found by the hash",
    "recall_gain_over_pixels": "share of copies found by the hash minus that by equal pixels",
    "recall_gain_over_untrained": "share of copies found, trained minus untrained hash",
    "radius": "bits that may differ",
    "threshold": "threshold of a unit (sd)",
}


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write the files of sec411_: four pictures, two tables and the label page."""
    groups = np.load(measured / "groups.npz")
    study = np.load(measured / "study.npz")
    settings = np.load(measured / "settings.npz")
    truth = np.load(measured / "truth.npz") if (measured / "truth.npz").is_file() else {}

    title = "Groups whose codes count as equal, drawn at random: the image kept, then those removed"
    if groups["wrong"].any():
        title += "\nFramed: shows another original, according to the truth file"
    picture = groups_sheet(groups["images"], groups["shown"], groups["wrong"])
    save_picture(out / "sec411_groups.png", picture, style=style, title=title)

    save_figure(out / "sec411_recall.png", recall_chart(study, truth), style=style)
    chart = precision_recall_chart(study, judged=bool(truth))
    save_figure(out / "sec411_precision_recall.png", chart, style=style)
    chart = settings_chart(settings, study, truth)
    save_figure(out / "sec411_threshold_radius.png", chart, style=style)

    numbers = read_measurements(measured)
    save_table(out / "sec411_dedup.csv", dedup_table(study, truth, numbers))
    save_table(out / "sec411_recall_by_kind.csv", recall_table(study, truth))

    collisions = np.load(measured / "collisions.npz")
    write_label_page(out / "sec411_label.html", collisions, banner=style.banner)


if __name__ == "__main__":
    figure_command(figure, other_choices=partial(multiverse_figures, words=MULTIVERSE_WORDS))
