"""Fig 7 from the measured arrays, charts of success and realism, a table, the page for picking.

Alone: python -m experiments.face_arithmetic.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.face_arithmetic.charts import realism_chart, success_chart, sums
from experiments.face_arithmetic.pick_page import write_pick_page
from experiments.face_arithmetic.tables import table
from repro.claims.measurement import read_measurements
from repro.figures.drawing import save_figure, save_table
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write the files of the card and fig07_picks.html."""
    arrays, realism = np.load(measured / "arrays.npz"), np.load(measured / "realism.npz")
    save_figure(out / "fig07_face_arithmetic.png", sums(arrays), style=style)
    numbers = read_measurements(measured)
    save_figure(out / "fig07_success.png", success_chart(numbers, realism), style=style)
    save_figure(out / "fig07_realism.png", realism_chart(realism), style=style)
    save_table(out / "fig07_success.csv", table(numbers, realism))
    offered = np.load(measured / "offered.npz")
    write_pick_page(out / "fig07_picks.html", offered, banner=style.banner)


if __name__ == "__main__":
    figure_command(figure)
