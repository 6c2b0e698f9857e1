"""Figures and tables of the de-duplication, and the page to label collisions (paper §4.1.1).

Alone: python -m experiments.dedup.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.dedup.charts import (
    precision_recall_chart,
    recall_chart,
    settings_chart,
)
from experiments.dedup.label_page import write_label_page
from experiments.dedup.tables import dedup_table, recall_table
from repro.claims.measurement import read_measurements
from repro.figures.drawing import Style, grid, save_figure, save_picture, save_table

WRONG = (222, 143, 5)  # frame of an image that shows another original, by the truth
COLUMNS = 3  # groups side by side
FRAME = 2  # pixels


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write the files of sec411_: four pictures, two tables and the label page."""
    groups = np.load(measured / "groups.npz")
    study = np.load(measured / "study.npz")
    settings = np.load(measured / "settings.npz")
    truth = np.load(measured / "truth.npz") if (measured / "truth.npz").is_file() else {}

    title = "Groups of equal codes, drawn at random: the image kept, then those removed"
    if groups["wrong"].any():
        title += "\nFramed: shows another original, by the truth file"
    picture = groups_sheet(groups["images"], groups["shown"], groups["wrong"])
    save_picture(out / "sec411_groups.png", picture, style=style, title=title)

    save_figure(out / "sec411_recall.png", recall_chart(study, truth), style=style)
    chart = precision_recall_chart(study, judged=bool(truth))
    save_figure(out / "sec411_precision_recall.png", chart, style=style)
    chart = settings_chart(settings, images=int(study["images"]))
    save_figure(out / "sec411_threshold_radius.png", chart, style=style)

    numbers = read_measurements(measured)
    save_table(out / "sec411_dedup.csv", dedup_table(study, truth, numbers))
    save_table(out / "sec411_recall_by_kind.csv", recall_table(study, truth))

    collisions = np.load(measured / "collisions.npz")
    write_label_page(out / "sec411_label.html", collisions, banner=style.banner)


def groups_sheet(images: np.ndarray, shown: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Groups (G, M, H, W, C) uint8 as one picture, three a row; frames where `wrong` (G, M)."""
    if len(images) == 0:
        return np.full((64, 240, 3), 255, np.uint8)  # nothing was removed: an empty sheet
    images = np.array(np.broadcast_to(images, (*images.shape[:-1], 3)))
    framed = images.copy()
    framed[wrong] = WRONG
    framed[..., FRAME:-FRAME, FRAME:-FRAME, :] = images[..., FRAME:-FRAME, FRAME:-FRAME, :]
    framed[~shown] = 255
    strips = np.stack([grid(members, columns=len(members), gap=1) for members in framed])
    return grid(strips, columns=min(COLUMNS, len(strips)), gap=8)


if __name__ == "__main__":
    figure_command(figure)
