"""Samples of the released generators, and the accuracies on released features next to the paper's.

The figure step: reads the folder that measure.py wrote, draws with charts.py and tables.py. Where a
check could not be run, the table says so and the figure leaves it out. Alone:
python -m experiments.verify_authors.figure (see --help)
"""

import json
from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.verify_authors.charts import checks_chart, samples_sheet
from experiments.verify_authors.tables import check_table
from repro.claims.measurement import read_measurements
from repro.figures.drawing import save_figure, save_picture, save_table
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig_authors_samples.png, fig_authors_check.png and table_authors_check.csv."""
    numbers = read_measurements(measured)
    parts = json.loads((measured / "parts.json").read_text(encoding="utf-8"))
    with np.load(measured / "samples.npz") as samples:
        picture, title = samples_sheet(dict(samples), parts["networks"])
    save_picture(out / "fig_authors_samples.png", picture, style=style, title=title)
    save_figure(out / "fig_authors_check.png", checks_chart(numbers, parts), style=style)
    save_table(out / "table_authors_check.csv", check_table(numbers, parts))


if __name__ == "__main__":
    figure_command(figure)
