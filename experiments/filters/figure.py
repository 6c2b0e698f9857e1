"""Fig 5 from the measured arrays: untrained filters left, trained ones right; all channels; things.

The last chart shows how many channels respond to beds, windows and lamps. Reads arrays.npz and
measurements.json of measure.py. Alone: python -m experiments.filters.figure (see --help)
"""

from functools import partial
from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.filters.charts import filters_sheet, selectivity_chart
from experiments.filters.thing_chart import thing_chart
from experiments.multiverse_figures import multiverse_figures
from repro.claims.measurement import read_measurements
from repro.figures.drawing import save_figure, save_picture
from repro.figures.style import Style

MULTIVERSE_WORDS = {
    "selectivity_trained_minus_random": "selectivity in sd, trained minus random channels",
    "pool": "images in the pool",
    "top": "strongest per channel",
}


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig05_filters.png, fig05_selectivity.png and fig05_things.png."""
    with np.load(measured / "arrays.npz") as saved:
        arrays = dict(saved)
    shown = arrays["patches_random"].shape[1]
    title = (
        f"D's last layer: the {shown} strongest responses of each channel, strongest first\n"
        "Above: guided gradients. Below: those places of the real images"
    )
    picture = filters_sheet(arrays)
    save_picture(out / "fig05_filters.png", picture, style=style, title=title, scale=1)
    save_figure(out / "fig05_selectivity.png", selectivity_chart(arrays), style=style)
    save_figure(out / "fig05_things.png", thing_chart(read_measurements(measured)), style=style)


if __name__ == "__main__":
    figure_command(figure, other_choices=partial(multiverse_figures, words=MULTIVERSE_WORDS))
