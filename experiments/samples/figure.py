"""Figs 10 and 11 from the measured arrays: the sheets, and how real and varied the samples are.

Reads sheets.npz and controls.npz of measure.py. Alone:
python -m experiments.samples.figure (see --help)
"""

from functools import partial
from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.multiverse_figures import multiverse_figures
from experiments.samples.charts import controls_sheet, quality_chart
from experiments.samples.tables import quality_table
from repro.claims.measurement import read_measurements
from repro.figures.drawing import grid, save_figure, save_picture, save_table
from repro.figures.style import Style

SHEETS = {  # array -> (file, title)
    "faces": ("fig10_faces.png", "Faces: samples, none picked"),
    "objects": ("fig11_objects.png", "Objects: samples, none picked"),
    "by_score": (
        "fig11_objects_by_score.png",
        "Objects: samples sorted by D's score, the highest first, as the authors' loader does",
    ),
}

MULTIVERSE_WORDS = {
    "realism_faces": "density among real faces (real ones: about 1)",
    "realism_objects": "density among real objects (real ones: about 1)",
    "realism_bedrooms": "density among real rooms (real ones: about 1)",
    "neighbours": "neighbours counted",
    "space": "density in",
}


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write a sheet for each model that was measured, the chart, the controls and the table."""
    numbers, sheets = read_measurements(measured), np.load(measured / "sheets.npz")
    columns, sorted_columns = (int(count) for count in sheets["columns"])
    for name, (file, title) in SHEETS.items():
        if name in sheets:
            count = sorted_columns if name == "by_score" else columns
            save_picture(out / file, grid(sheets[name], count), style=style, title=title)
    save_figure(out / "samples_quality.png", quality_chart(numbers), style=style)
    controls = controls_sheet(np.load(measured / "controls.npz"))
    save_figure(out / "samples_controls.png", controls, style=style)
    save_table(out / "samples.csv", quality_table(numbers))


if __name__ == "__main__":
    figure_command(figure, other_choices=partial(multiverse_figures, words=MULTIVERSE_WORDS))
