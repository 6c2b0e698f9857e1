"""Table 1, its chart and its curves from the measured numbers, the paper's rows as cited.

The figure step: reads the folder that measure.py wrote, draws with charts.py and tables.py. Alone:
python -m experiments.cifar10_svm.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.cifar10_svm.charts import curves, rows_and_cited
from experiments.cifar10_svm.tables import accuracy_by_labels, table1
from experiments.contract import figure_command
from repro.claims.measurement import read_measurements
from repro.figures.drawing import save_figure, save_table
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write two tables and two figures."""
    numbers = read_measurements(measured)
    with np.load(measured / "arrays.npz") as saved:
        arrays = dict(saved)
    save_table(out / "table1_cifar10.csv", table1(numbers, arrays))
    save_table(out / "table1_cifar10_labels.csv", accuracy_by_labels(arrays))
    save_figure(out / "fig_table1.png", rows_and_cited(numbers, arrays), style=style)
    save_figure(out / "fig_table1_curves.png", curves(numbers, arrays), style=style)


if __name__ == "__main__":
    figure_command(figure)
