"""The chart of the sharpness of pictures. Part of figure.py; loads no PyTorch."""

import numpy as np
from matplotlib.figure import Figure

from repro.figures.drawing import INK, MUTED, PALETTE, new_figure

KINDS = {  # kind -> (label, colour); order of the legend and of the table
    "training": ("training images", PALETTE[0]),
    "samples": ("samples", PALETTE[3]),
    "untrained": ("samples of an untrained network", MUTED),
}
BARS = 30


def sharpness_chart(sharp: dict[str, np.ndarray]) -> Figure:
    """A histogram per kind of picture, values (N,) in grey levels per pixel, with common bins."""
    drawing, axes = new_figure(7.0, 3.2)
    bars = np.histogram_bin_edges(np.concatenate(list(sharp.values())), bins=BARS)
    for kind, (label, colour) in KINDS.items():
        share = np.full(len(sharp[kind]), 1 / len(sharp[kind]))  # the kinds differ in number
        axes[0, 0].hist(sharp[kind], bins=bars, weights=share, label=label, color=colour, alpha=0.6)
    axes[0, 0].set_xlabel("mean gradient magnitude (grey levels per pixel)", color=INK)
    axes[0, 0].set_ylabel("share of the pictures", color=INK)
    axes[0, 0].legend(frameon=False)
    return drawing
