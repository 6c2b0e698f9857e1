"""The pictures of memorisation: pairs, distances to the nearest training image, samples' ranks.

Part of figure.py; draws the arrays of measure.py and measures nothing. `distances` is the content
of distances.npz.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.memorisation.names import WITHOUT_DEDUP
from experiments.memorisation.rank_tests import ranks
from repro.data.images import halved_to
from repro.figures.drawing import INK, MUTED, PALETTE, grid, legend_above, new_figure
from repro.figures.side_by_side import stacked

LARGEST_SIDE = 64  # pixels of a picture in the sheet
WIDTH = 820  # pixels of the sheet, about
DOUBLED = 4  # first pairs, shown at twice the size
CURVES = {  # kind -> (label, colour, line); the line also tells them apart
    "samples": ("samples", PALETTE[3], "-"),
    "real": ("training images, each against the others", PALETTE[0], "-"),
    "blurred": ("these blurred to the samples' sharpness", PALETTE[0], (0, (3, 2))),
    "held_out": ("held-out images", PALETTE[2], (0, (6, 2, 1, 2))),
}
UNITS = {
    "pixels": "pixels: root mean square difference, grey levels",
    "features": "features of D: root mean square difference, sd",
}
RANKED = {  # suffix of the key -> (label, colour, line)
    "samples": ("samples", PALETTE[3], "-"),
    "held_out": ("held-out images", PALETTE[2], (0, (6, 2, 1, 2))),
    f"samples{WITHOUT_DEDUP}": (
        "samples, trained without de-duplication",
        PALETTE[0],
        (0, (1, 1.2)),
    ),
}
Arrays = dict[str, np.ndarray]


def pairs_sheet(columns: list[np.ndarray]) -> np.ndarray:
    """Arrays (n, H, W, C) uint8 side by side, image for image, in rows of several.

    The first ones are shown at twice the size, each above two of the others.
    """
    columns = [halved_to(images, LARGEST_SIDE) for images in columns]
    together = np.stack(columns, axis=1)  # (n, columns, H, W, C)
    strips = np.stack([grid(images, len(columns), gap=1) for images in together])
    gap = max(4, strips.shape[1] // 6)  # twice that between doubled ones, so that edges align
    abreast = max(2, WIDTH // (strips.shape[2] + gap) // 2 * 2)  # even: larger ones take two
    doubled = strips[:DOUBLED].repeat(2, axis=1).repeat(2, axis=2)
    parts = [grid(doubled, abreast // 2, gap=2 * gap)]
    if len(strips) > DOUBLED:
        parts.append(grid(strips[DOUBLED:], abreast, gap=gap))
    return stacked(parts, gap=2 * gap)


def distances_chart(distances: Arrays, spaces: list[str]) -> Figure:
    """Share of images that have a training image nearer than x, one panel per space."""
    drawing, axes = new_figure(8.6, 4.2, columns=len(spaces))
    for one, space in zip(axes[0], spaces, strict=True):
        _distances(one, distances, space)
    axes[0, 0].set_ylabel("share with a training image nearer", color=INK)
    legend_above(drawing, axes[0, 0], columns=2)
    return drawing


def _distances(axes: Axes, distances: Arrays, space: str) -> None:
    kept = _without_partner(distances["partner"])
    for kind, (label, colour, line) in CURVES.items():
        if f"{space}_{kind}" not in distances:
            continue  # not blurred, as the samples are sharp, or nothing held out
        chosen = kept if kind in ("real", "blurred") else slice(None)
        nearest = distances[f"{space}_{kind}"][chosen]
        axes.ecdf(nearest, label=label, color=colour, linestyle=line, linewidth=1.6)
    quantile = float(distances["quantile"])
    limit = np.quantile(distances[f"{space}_real"][kept], quantile, method="inverted_cdf")
    label = f"limit: {100 * quantile:g} % of training images are nearer"
    axes.axvline(limit, color=MUTED, linewidth=1, linestyle=(0, (1, 2)), label=label)
    axes.set_xlim(0, None)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(UNITS[space], color=INK)


def ranks_chart(distances: Arrays, spaces: list[str]) -> Figure:
    """Samples' ranks among equally blurred real images, by distance to the nearest training one."""
    drawing, axes = new_figure(8.6, 4.2, columns=len(spaces))
    for one, space in zip(axes[0], spaces, strict=True):
        one.plot([0, 1], [0, 1], color=MUTED, linewidth=1, label="as real images are")
        for key, (label, colour, line) in RANKED.items():
            found = _ranks(distances, space, key)
            if found is not None:
                one.ecdf(found, label=label, color=colour, linestyle=line, linewidth=1.6)
        one.set_xlim(0, 1)
        one.set_ylim(0, 1.02)
        one.set_xlabel(f"{space}: share of real images that are nearer", color=INK)
    axes[0, 0].set_ylabel("share of samples up to there", color=INK)
    legend_above(drawing, axes[0, 0], columns=2)
    return drawing


def _ranks(distances: Arrays, space: str, key: str) -> np.ndarray | None:
    """Ranks (n,) of the distances `key`, among the real images of the same model."""
    model = WITHOUT_DEDUP if key.endswith(WITHOUT_DEDUP) else ""
    if f"{space}_{key}" not in distances:
        return None
    kept = _without_partner(distances[f"partner{model}"])
    real = distances[f"{space}_real{model}"]
    if key != "held_out":  # held-out images are as sharp as the training images
        real = distances.get(f"{space}_blurred{model}", real)
    return ranks(distances[f"{space}_{key}"], real[kept])


def _without_partner(partner: np.ndarray) -> np.ndarray:
    return ~partner if (~partner).sum() > 1 else np.ones_like(partner)
