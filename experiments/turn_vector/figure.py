"""Fig 8 from the measured arrays, the change along the rows as a chart, and a table.

Alone: python -m experiments.turn_vector.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.turn_vector.charts import changes, turned_samples
from experiments.turn_vector.tables import table
from repro.claims.measurement import read_measurements
from repro.figures.drawing import save_figure, save_table
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig08_turn_vector.png, fig08_pose.png and fig08_turn_vector.csv."""
    pictures, rows = np.load(measured / "arrays.npz"), np.load(measured / "rows.npz")
    save_figure(out / "fig08_turn_vector.png", turned_samples(pictures), style=style)
    save_figure(out / "fig08_pose.png", changes(rows), style=style)
    numbers = read_measurements(measured)
    save_table(out / "fig08_turn_vector.csv", table(numbers, rows["names"].tolist()))


if __name__ == "__main__":
    figure_command(figure)
