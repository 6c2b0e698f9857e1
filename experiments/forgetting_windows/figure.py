"""Fig 6 from the measured arrays: pictures, boxes, controls, and the page for boxes.

Alone: python -m experiments.forgetting_windows.figure (see --help)
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from experiments.contract import figure_command
from experiments.forgetting_windows.box_page import write_box_page
from experiments.forgetting_windows.charts import bars, boxed, curves, picture_rows
from experiments.forgetting_windows.tables import table
from experiments.forgetting_windows.trust import OVERLAP, as_shown, is_trusted
from experiments.multiverse_figures import multiverse_figures
from repro.claims.measurement import Measurement, number, read_measurements
from repro.figures.drawing import empty_figure, save_figure, save_picture, save_table
from repro.figures.style import Style

NO_REGRESSION = (
    "Nothing was dropped: no windows were marked on the samples,\n"
    "or nothing but windows, so no map could be found for them."
)
NOT_JUDGED = (
    "In the new samples the judge finds no window, or nothing but window: nothing to compare."
)

MULTIVERSE_WORDS = {
    "window_area_left_positive": "window area left, as a share of that before",
    "strength": "C of the regression",
    "layer": "layer of G",
}


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write the figures, the table and the page."""
    stated = read_measurements(measured)
    boxes, pictures = np.load(measured / "boxes.npz"), np.load(measured / "fig06.npz")
    write_box_page(out / "fig06_boxes.html", boxes, banner=style.banner)
    shown = int(boxes["shown"])
    save_picture(
        out / "fig06_boxes.png",
        boxed(boxes["samples"][:shown], boxes["boxes"]),
        style=style,
        title=_boxes_title(boxes, stated),
        scale=1,
    )
    save_figure(out / "fig06_forgetting_windows.png", picture_rows(pictures), style=style)
    numbers, layer, curve = as_shown(stated), int(pictures["layer"]), measured / "curve.npz"
    empty = empty_figure(NOT_JUDGED if "positive" in pictures else NO_REGRESSION)
    left = bars(numbers, layer) if "window_area_left_positive" in numbers else empty
    save_figure(out / "fig06_windows_left.png", left, style=style)
    doses = curves(np.load(curve)) if curve.is_file() else empty
    save_figure(out / "fig06_curve.png", doses, style=style)
    save_table(out / "table_fig06_windows.csv", table(numbers, layer))


def _boxes_title(boxes: Mapping[str, np.ndarray], stated: dict[str, Measurement]) -> str:
    """Whose boxes, how many, and whether the judge agrees with them enough to decide a claim."""
    samples = len(boxes["samples"])
    title = f"{len(boxes['boxes'])} boxes on {samples} samples, by {boxes['by']}"
    title += f"; the first {min(int(boxes['shown']), samples)}"
    if OVERLAP in stated:
        overlap = number(stated[OVERLAP].value or 0.0)
        title += f"\nOverlap of the judge's windows with them: {overlap} (1: the same pixels)"
        title += "" if is_trusted(stated) else "; too little to decide any claim"
    return title


if __name__ == "__main__":
    figure_command(figure, other_choices=partial(multiverse_figures, words=MULTIVERSE_WORDS))
