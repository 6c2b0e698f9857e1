"""Fig 6 from the measured arrays, the boxes behind it, the controls, and the page for boxes.

Alone: python -m experiments.forgetting_windows.figure (see --help)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from experiments.contract import figure_command
from experiments.forgetting_windows.box_page import write_box_page
from experiments.forgetting_windows.charts import bars, curves, nothing, table
from experiments.forgetting_windows.trust import as_shown, is_trusted
from repro.claims.measurement import number, read_measurements
from repro.figures.drawing import (
    PALETTE,
    READABLE_WIDTH,
    Style,
    grid,
    save_figure,
    save_picture,
    save_table,
    show_picture,
)

ROWS = {  # variant -> title of its row
    "unmodified": "Unmodified samples, the first in which the judge finds a window",
    "positive": "Without the maps of positive weight",
    "random": "Control: without as many maps drawn at random",
    "lowest": "Control: without as many maps of the lowest weights",
}
COLUMNS = 6  # of samples with their boxes
NO_REGRESSION = (
    "Nothing was dropped: no windows were marked on the samples,\n"
    "or nothing but windows, so no map could be found for them."
)
NOT_JUDGED = (
    "In the new samples the judge finds no window, or nothing but window: nothing to compare."
)


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write the figures, the table and the page."""
    boxes = np.load(measured / "boxes.npz")
    write_box_page(out / "fig06_boxes.html", boxes, banner=style.banner)
    shown = int(boxes["shown"])
    stated, curve = read_measurements(measured), measured / "curve.npz"
    numbers = as_shown(stated)
    title = f"{len(boxes['boxes'])} boxes on {len(boxes['samples'])} samples, by {boxes['by']}"
    title += f"; the first {min(shown, len(boxes['samples']))}"
    if "judge_iou_with_boxes" in numbers:
        overlap = number(numbers["judge_iou_with_boxes"].value or 0.0)
        title += f"\nOverlap of the judge's windows with them: {overlap} (1: the same pixels)"
        title += "" if is_trusted(stated) else "; too little to decide any claim"
    save_picture(
        out / "fig06_boxes.png",
        _boxed(boxes["samples"][:shown], boxes["boxes"]),
        style=style,
        title=title,
        scale=1,
    )
    pictures = np.load(measured / "fig06.npz")
    layer = int(pictures["layer"])
    save_figure(out / "fig06_forgetting_windows.png", _rows(pictures), style=style)
    empty = nothing(NOT_JUDGED if "positive" in pictures else NO_REGRESSION)
    left = bars(numbers, layer) if "window_area_left_positive" in numbers else empty
    save_figure(out / "fig06_windows_left.png", left, style=style)
    doses = curves(np.load(curve)) if curve.is_file() else empty
    save_figure(out / "fig06_curve.png", doses, style=style)
    save_table(out / "table_fig06_windows.csv", table(numbers, layer))


def _rows(pictures: np.lib.npyio.NpzFile) -> Figure:
    """One row a variant, the same z in a column; the paper's two rows first."""
    there = [variant for variant in ROWS if variant in pictures]
    columns = len(pictures["unmodified"])
    drawing = Figure(
        figsize=(7.6, (7.6 / columns + 0.26) * len(there)), layout="constrained", facecolor="white"
    )
    axes = drawing.subplots(len(there), 1, squeeze=False)[:, 0]
    for one, variant in zip(axes, there, strict=True):
        title = ROWS[variant]
        if variant == "unmodified" and not pictures["with_window"].all():
            title = f"Unmodified: {int(pictures['with_window'].sum())} with a window, then without"
        show_picture(one, grid(pictures[variant], columns), title=title)
    return drawing


def _boxed(samples: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Samples with their boxes dashed in: (N, H, W, 3) uint8 and (M, 5) in pixels -> a picture."""
    size = samples.shape[1]
    factor = max(1, round(READABLE_WIDTH / (COLUMNS * size)))
    tiles = []
    for place, sample in enumerate(samples):
        enlarged = sample.repeat(factor, axis=0).repeat(factor, axis=1)
        picture = Image.fromarray(enlarged)
        for box in boxes[boxes[:, 0] == place, 1:] * factor:
            _dashed(ImageDraw.Draw(picture), box.tolist())
        tiles.append(np.asarray(picture))
    return grid(np.stack(tiles), min(COLUMNS, len(tiles)), gap=4)


def _dashed(draw: ImageDraw.ImageDraw, box: list[int]) -> None:
    """A rectangle in black with dashes of orange, to be seen on any colour."""
    x0, y0, x1, y1 = box[0], box[1], box[2] - 1, box[3] - 1
    draw.rectangle((x0, y0, x1, y1), outline="black", width=2)
    for start in range(0, max(x1 - x0, y1 - y0), 8):
        for y in (y0, y1):
            if x0 + start < x1:
                draw.line((x0 + start, y, min(x0 + start + 4, x1), y), fill=PALETTE[1], width=2)
        for x in (x0, x1):
            if y0 + start < y1:
                draw.line((x, y0 + start, x, min(y0 + start + 4, y1)), fill=PALETTE[1], width=2)


if __name__ == "__main__":
    figure_command(figure)
