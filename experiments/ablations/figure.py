"""What was measured of every training, samples of every change, the table, from the arrays.

The figure step: reads the folder that measure.py wrote, draws with charts.py and tables.py. Alone:
python -m experiments.ablations.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.ablations.charts import samples_sheet, trainings_chart
from experiments.ablations.tables import changes_table
from experiments.contract import figure_command
from repro.claims.measurement import read_measurements
from repro.figures.drawing import save_figure, save_table
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write ablations_trainings.png, ablations_samples.png and ablations.csv."""
    with np.load(measured / "arrays.npz") as saved:
        arrays = dict(saved)
    save_figure(out / "ablations_trainings.png", trainings_chart(arrays), style=style)
    save_figure(out / "ablations_samples.png", samples_sheet(arrays), style=style)
    save_table(out / "ablations.csv", changes_table(arrays, read_measurements(measured)))


if __name__ == "__main__":
    figure_command(figure)
