"""The page to play with, and the effect of each of its directions on two samples.

Alone: python -m experiments.playable.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.playable.charts import direction_strips
from experiments.playable.page import write_playable
from repro.figures.drawing import save_figure
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write playable.html and fig_directions.png."""
    with np.load(measured / "page.npz") as saved:
        write_playable(out / "playable.html", dict(saved), banner=style.banner)
    with np.load(measured / "strips.npz") as saved:
        drawn = direction_strips(saved["names"], saved["strips"])
    save_figure(out / "fig_directions.png", drawn, style=style)


if __name__ == "__main__":
    figure_command(figure)
