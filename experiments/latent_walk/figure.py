"""Fig 4 from the measured arrays: rows of the walk, pixel blends, and how even the steps are.

Reads arrays.npz and steps.npz of measure.py. Alone:
python -m experiments.latent_walk.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.latent_walk.charts import steps_chart, walk_sheet
from repro.figures.drawing import save_figure, save_picture
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig04_latent_walk.png and fig04_steps.png."""
    arrays = np.load(measured / "arrays.npz")
    walk, pixels = arrays["walk"], arrays["pixels"]
    title = "Latent space: each row goes from one random z towards that of the next row"
    if len(pixels):
        title += "\nBelow the gap, control: pixel space, between the ends of the last rows above"
    save_picture(out / "fig04_latent_walk.png", walk_sheet(walk, pixels), style=style, title=title)
    chart = steps_chart(np.load(measured / "steps.npz"), steps=walk.shape[1])
    save_figure(out / "fig04_steps.png", chart, style=style)


if __name__ == "__main__":
    figure_command(figure)
