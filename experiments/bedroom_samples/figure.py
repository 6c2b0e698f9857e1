"""Figs 2 and 3 from the measured arrays: the same z after one pass and at the end.

Reads arrays.npz of measure.py. Alone: python -m experiments.bedroom_samples.figure (see --help)
"""

from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from repro.figures.drawing import grid, save_picture
from repro.figures.style import Style


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig02_bedrooms_early.png and fig03_bedrooms_late.png."""
    arrays = np.load(measured / "arrays.npz")
    sheets = {"early": "fig02_bedrooms_early.png", "late": "fig03_bedrooms_late.png"}
    for (name, file), passes in zip(sheets.items(), arrays["passes"], strict=True):
        save_picture(
            out / file,
            grid(arrays[name], int(arrays["columns"])),
            style=style,
            title=_title(passes),
        )


def _title(passes: float) -> str:
    return f"Samples after {passes:.3g} {'pass' if passes == 1 else 'passes'}, not picked"


if __name__ == "__main__":
    figure_command(figure)
