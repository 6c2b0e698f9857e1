"""The chart of the samples' quality and the rows of controls. Part of figure.py."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.samples.names import measurement_name
from experiments.samples.options import ROLES
from repro.claims.measurement import Measurement
from repro.figures.drawing import INK, MUTED, PALETTE, grid, new_figure, show_picture

LABELS = {  # kind -> its name in a figure
    "samples": "samples",
    "real": "other training images",
    "untrained": "untrained generator",
    "patched": "patches of real images",
}
PANELS = {  # measurement -> (title of its panel, words on its axis, where its claim's limit is)
    "realism": ("realism", "density among real images\n(real images: about 1)", 0.5),
    "coverage": ("variety", "share of real images\nwith a picture near them", 0.5),
    "diversity": ("diversity (not quality)", "how unlike each other\n(training images: 1)", None),
}
MARKS = {"samples": ("o", 0), "real": ("D", 2), "untrained": ("s", 7), "patched": ("^", 1)}


def measured_roles(numbers: Mapping[str, Measurement]) -> list[str]:
    """The roles whose samples were measured, in the order of the paper."""
    return [role for role in ROLES if f"realism_{role}" in numbers]


def quality_chart(numbers: Mapping[str, Measurement]) -> Figure:
    """A panel per quantity, a group of rows per role, a row per kind, with intervals."""
    roles = measured_roles(numbers)
    rows = len(roles) * (len(LABELS) + 1)
    drawing, axes = new_figure(9.6, 1.5 + 0.25 * rows, columns=len(PANELS))
    for place, (one, (quantity, (title, words, limit))) in enumerate(
        zip(axes[0], PANELS.items(), strict=True)
    ):
        one.set_title(title, loc="left", color=INK, fontsize=11)
        one.set_xlabel(words, color=INK)
        names: dict[int, str] = {}  # row -> its label
        for group, role in enumerate(roles):
            for row, (kind, label) in enumerate(LABELS.items(), group * (len(LABELS) + 1)):
                _mark(one, numbers[measurement_name(quantity, role, kind)], row, kind)
                names[row] = f"{role}: {label}" if kind == "samples" else label
        if limit is not None:
            one.axvline(limit, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        one.set_yticks([*names], [*names.values()] if place == 0 else [""] * len(names))
        one.set_ylim(rows - 1.4, -0.6)
        one.set_xlim(left=-0.03)
        one.grid(False, axis="y")
    return drawing


def _mark(axes: Axes, one: Measurement, row: int, kind: str) -> None:
    marker, colour = MARKS[kind]
    assert one.hull is not None
    assert one.value is not None
    axes.plot(one.hull, [row, row], color=PALETTE[colour], linewidth=2)
    axes.plot(one.value, row, marker, color=PALETTE[colour], markersize=6)


def controls_sheet(pictures: Mapping[str, np.ndarray]) -> Figure:
    """A row of pictures of each kind for each role; pictures by "role_kind"."""
    there = [
        (f"{role}: {label}", pictures[f"{role}_{kind}"])
        for role in ROLES
        for kind, label in LABELS.items()
        if f"{role}_{kind}" in pictures
    ]
    drawing, axes = new_figure(7.6, 0.98 * len(there), rows=len(there))
    for one, (title, images) in zip(axes[:, 0], there, strict=True):
        show_picture(one, grid(images, len(images)), title=title)
    return drawing
