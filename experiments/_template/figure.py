"""Chart and table of the sharpness of pictures, from the measured arrays.

Alone: python -m experiments._template.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments._template.charts import sharpness_chart
from experiments._template.tables import sharpness_table
from experiments.contract import figure_command
from repro.figures.drawing import save_figure, save_table
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write sharpness.png and sharpness.csv, the files for which the card has captions."""
    sharp = dict(np.load(measured / "sharpness.npz"))
    save_figure(out / "sharpness.png", sharpness_chart(sharp), style=style)
    save_table(out / "sharpness.csv", sharpness_table(sharp))


if __name__ == "__main__":
    figure_command(figure)
