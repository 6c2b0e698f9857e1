"""Chart and tables of the ladder and its forecasts, from the measured arrays.

Alone: python -m experiments.cifar10_forecast.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.cifar10_forecast.charts import ladder_chart
from experiments.cifar10_forecast.tables import forecast_table, ladder_table
from experiments.contract import figure_command
from repro.figures.drawing import save_figure, save_table
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write one figure and two tables."""
    with np.load(measured / "arrays.npz") as saved:
        arrays = dict(saved)
    save_figure(out / "fig_table1_forecast.png", ladder_chart(arrays), style=style)
    save_table(out / "table1_ladder.csv", ladder_table(arrays))
    save_table(out / "table1_forecast.csv", forecast_table(arrays))


if __name__ == "__main__":
    figure_command(figure)
