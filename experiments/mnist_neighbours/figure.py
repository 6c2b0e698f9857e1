"""Fig 9, Table 3 and the charts behind it, from the measured errors.

The figure step: reads the folder that measure.py wrote, draws with charts.py and tables.py. Alone:
python -m experiments.mnist_neighbours.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.mnist_neighbours.charts import (
    digits_sheet,
    errors_by_class,
    errors_by_count,
    selection,
)
from experiments.mnist_neighbours.errors import Errors
from experiments.mnist_neighbours.tables import by_class, by_count, table3
from repro.claims.measurement import read_measurements
from repro.figures.drawing import save_figure, save_table
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig09_mnist.png, table3_mnist.csv, three charts and two more tables."""
    errors, numbers = Errors(measured), read_measurements(measured)
    with np.load(measured / "digits.npz") as digits:
        save_figure(out / "fig09_mnist.png", digits_sheet(dict(digits)), style=style)
    with np.load(measured / "selection.npz") as curves:
        save_figure(out / "fig_mnist_selection.png", selection(dict(curves)), style=style)
    save_figure(out / "fig_mnist_errors.png", errors_by_count(errors, numbers), style=style)
    save_figure(out / "fig_mnist_classes.png", errors_by_class(errors), style=style)
    save_table(out / "table3_mnist.csv", table3(errors, numbers))
    save_table(out / "table_mnist_errors.csv", by_count(errors, numbers))
    save_table(out / "table_mnist_classes.csv", by_class(errors))


if __name__ == "__main__":
    figure_command(figure)
