"""Table 2, its errors by draw and the random search from the measured numbers.

The figure step: reads the folder that measure.py wrote, draws with charts.py and tables.py, the
paper's rows as cited. Alone: python -m experiments.svhn_svm.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.svhn_svm.charts import errors, search
from experiments.svhn_svm.tables import table2, trials
from repro.claims.measurement import read_measurements
from repro.figures.drawing import save_figure, save_table
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write two tables and two figures."""
    numbers = read_measurements(measured)
    with np.load(measured / "arrays.npz") as saved:
        arrays = dict(saved)
    save_table(out / "table2_svhn.csv", table2(numbers, arrays))
    save_table(out / "table2_trials.csv", trials(arrays))
    save_figure(out / "fig_table2.png", errors(numbers, arrays), style=style)
    save_figure(out / "fig_table2_search.png", search(numbers, arrays), style=style)


if __name__ == "__main__":
    figure_command(figure)
