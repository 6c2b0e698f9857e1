"""Fig 4 from the measured arrays: rows of the walk, pixel blends, and how even the steps are.

Alone: python -m experiments.latent_walk.figure (see --help)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from experiments.contract import figure_command
from repro.figures.drawing import (
    INK,
    MUTED,
    PALETTE,
    Style,
    grid,
    new_figure,
    save_figure,
    save_picture,
)

GAP = 12  # pixels between the walk and its control
CURVES = {  # kind -> (label, colour, line); told apart by the line too
    "latent": ("latent walk", PALETTE[0], "-"),
    "pixels": ("pixel blend of the same ends", PALETTE[1], (0, (5, 2))),
    "training": ("the same walk along its nearest training images", PALETTE[3], (0, (1, 1.2))),
}


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig04_latent_walk.png and fig04_steps.png."""
    arrays = np.load(measured / "arrays.npz")
    title = "Latent space: each row goes from one random z towards that of the next row"
    picture = _rows(arrays["walk"])
    if len(arrays["pixels"]):
        title += "\nBelow the gap, control: pixel space, between the ends of the last rows above"
        gap = np.full((GAP, *picture.shape[1:]), 255, np.uint8)
        picture = np.concatenate([picture, gap, _rows(arrays["pixels"])])
    save_picture(out / "fig04_latent_walk.png", picture, style=style, title=title)
    steps = arrays["walk"].shape[1]
    chart = _chart(np.load(measured / "steps.npz"), steps)
    save_figure(out / "fig04_steps.png", chart, style=style)


def _rows(frames: np.ndarray) -> np.ndarray:
    rows, steps, *shape = frames.shape
    return grid(frames.reshape(rows * steps, *shape), steps)


def _chart(shares: np.lib.npyio.NpzFile, steps: int) -> Figure:
    """Share of segments whose largest step is at most x of the path, one curve a kind."""
    drawing, axes = new_figure(7.0, 3.6)
    one = axes[0, 0]
    for kind, (label, colour, line) in CURVES.items():
        values = np.sort(shares[kind][~np.isnan(shares[kind])])
        if len(values) == 0:
            continue  # nothing moved on any segment
        reached = np.arange(1, len(values) + 1) / len(values)
        one.step(
            [0, *values, 1], [0, *reached, 1], where="post", label=f"{label} (n = {len(values)})",
            color=colour, linestyle=line, linewidth=1.9,
        )  # fmt: skip
    one.axvline(1 / steps, color=MUTED, linewidth=1)
    one.annotate(
        f"even steps: {1 / steps:g}", xy=(1 / steps, 0.5), xytext=(-5, 0), rotation=90,
        textcoords="offset points", color=MUTED, va="center", ha="right",
    )  # fmt: skip
    one.set_xlim(0, 1)
    one.set_ylim(0, 1.02)
    one.set_xlabel(f"largest of {steps} steps as a share of the path, {shares['space']}", color=INK)
    one.set_ylabel("share of segments", color=INK)
    handles, labels = one.get_legend_handles_labels()
    if handles:
        one.legend(handles, labels, frameon=False, loc="lower right")
    return drawing


if __name__ == "__main__":
    figure_command(figure)
