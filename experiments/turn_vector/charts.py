"""The drawings of Fig 8: the turned samples, and the judge's reading along many rows.

Part of figure.py.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from repro.figures.drawing import INK, MUTED, PALETTE, grid, legend_above, new_figure, show_picture

GAP = 2  # pixels between pictures, as in repro.figures.drawing.grid


def turned_samples(arrays: Mapping[str, np.ndarray]) -> Figure:
    """Exemplars and their averages at the top, then the rows with the middle column ruled off."""
    frames = arrays["rows"]  # (K, T, H, W, C)
    count, steps, side = frames.shape[:3]
    width = 9.0
    height = width / steps * (count + 1.1) + 0.8
    drawing = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    above, below = drawing.subplots(2, 1, height_ratios=[1, count])
    show_picture(above, _header(arrays))
    axis, by = str(arrays["axis"]), str(arrays["by"])
    heading = f"left and right of '{axis}': exemplars {by or 'chosen by rule'}, and G at the mean z"
    if str(arrays["remark"]):
        heading += f"\n({arrays['remark']})"
    above.set_title(heading, loc="left", color=INK)
    show_picture(below, grid(frames.reshape(count * steps, *frames.shape[2:]), steps))
    reach = float(arrays["reach"])
    below.set_title(
        f"random samples, from −{reach:g} to +{reach:g} of the vector right − left; "
        "between the rules: the sample itself",
        loc="left",
        color=INK,
    )
    pitch, middle = side + GAP, steps // 2
    for place in (middle, middle + 1):
        below.axvline(place * pitch - GAP / 2 - 0.5, color=INK, linewidth=2.5)
    return drawing


def _header(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Exemplars of left, their average, a gap, the average of right, its exemplars: one strip."""
    left, right = arrays["averages"][:1], arrays["averages"][1:]
    side = left.shape[1]
    gap = np.full((side, side // 4, left.shape[3]), 255, np.uint8)
    strips = [arrays["left"], left, right, arrays["right"]]
    tiles = [grid(strip, len(strip)) for strip in strips]
    return np.concatenate(
        [tiles[0], gap, tiles[1], gap, gap, gap, gap, tiles[2], gap, tiles[3]], axis=1
    )


def changes(rows: Mapping[str, np.ndarray]) -> Figure:
    """A panel per axis: change of its reading along its own vectors and along random directions."""
    names = rows["names"].tolist()
    columns = min(2, len(names))
    lines = -(-len(names) // columns)
    drawing, axes = new_figure(8.6, 0.7 + 2.9 * lines, rows=lines, columns=columns)
    reach = float(rows["reach"])
    for panel in axes.flat[len(names) :]:
        panel.remove()
    for number, name in enumerate(names):
        panel = axes.flat[number]
        t = np.linspace(-reach, reach, rows["turned"].shape[2])
        _draw_band(
            panel,
            t,
            rows["turned"][number],
            "along its own vector: should climb",
            PALETTE[0],
            "-",
            "o",
        )
        label = "along random directions: should stay at 0"
        _draw_band(panel, t, rows["control"][number], label, PALETTE[3], "--", "s")
        title = f"{name}, along the vector of {name}"
        panel.set_title(f"{title} (Fig 8)" if number == 0 else title, loc="left", color=INK)
        if number % columns == 0:
            panel.set_ylabel("reading minus the sample's own", color=INK)
        if number >= len(names) - columns:
            panel.set_xlabel("share of the vector added", color=INK)
    band = Patch(facecolor=MUTED, alpha=0.25, label="marks: mean of the rows; band: middle 80 %")
    legend_above(drawing, axes.flat[0], band, columns=2, left=True)
    return drawing


def _draw_band(
    panel: Axes, t: np.ndarray, readings: np.ndarray, label: str, colour: str, line: str, mark: str
) -> None:
    """Change of rows (R, T) from their middle: mean, and band of the middle eight tenths."""
    changes = readings - readings[:, readings.shape[1] // 2, None]
    low, high = np.quantile(changes, [0.1, 0.9], axis=0)
    panel.fill_between(t, low, high, color=colour, alpha=0.12, linewidth=0)
    for edge in (low, high):
        panel.plot(t, edge, color=colour, linestyle=line, linewidth=0.8)
    panel.plot(
        t, changes.mean(axis=0), label=label, color=colour, linestyle=line, marker=mark,
        markersize=4,
    )  # fmt: skip
