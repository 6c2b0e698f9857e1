"""Fig 7 from the measured arrays, charts of success and realism, a table, the page for picking.

Alone: python -m experiments.face_arithmetic.figure (see --help)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure, SubFigure

from experiments.contract import figure_command
from experiments.face_arithmetic.charts import realism_chart, success_chart, table
from experiments.face_arithmetic.pick_page import write_pick_page
from repro.claims.measurement import read_measurements
from repro.figures.drawing import INK, Style, grid, save_figure, save_table, show_picture

WIDTH, HEIGHT = 9.0, 1.356  # inches: the figure, and a row of exemplars
CONTROL_HEIGHTS = (1.35, 1.35)  # of the two rows below the exemplars; an exemplar's is 1


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write the files of the card and fig07_picks.html."""
    arrays, realism = np.load(measured / "arrays.npz"), np.load(measured / "realism.npz")
    save_figure(out / "fig07_face_arithmetic.png", _sums(arrays), style=style)
    numbers = read_measurements(measured)
    save_figure(out / "fig07_success.png", success_chart(numbers, realism), style=style)
    save_figure(out / "fig07_realism.png", realism_chart(realism), style=style)
    save_table(out / "fig07_success.csv", table(numbers, realism))
    offered = np.load(measured / "offered.npz")
    write_pick_page(out / "fig07_picks.html", offered, banner=style.banner)


def _sums(arrays: np.lib.npyio.NpzFile) -> Figure:
    """All sums, one below the other."""
    count = len(arrays["names"])
    blocks = [
        {key.partition(" ")[2]: arrays[key] for key in arrays.files if key.startswith(f"{number} ")}
        for number in range(count)
    ]
    rows = [max(len(block[f"exemplars_{place}"]) for place in "abc") for block in blocks]
    heights = [HEIGHT * (row + sum(CONTROL_HEIGHTS) + 0.35) for row in rows]
    drawing = Figure(figsize=(WIDTH, sum(heights)), layout="constrained", facecolor="white")
    parts = drawing.subfigures(count, 1, squeeze=False, height_ratios=heights)
    for number, part in enumerate(parts[:, 0]):
        names, by = arrays["names"][number].tolist(), str(arrays["by"][number])
        if by:
            part.suptitle(f"Exemplars {by}", x=0.01, ha="left", color=INK)
        _draw_sum(part, names, blocks[number], rows=rows[number])
    return drawing


def _draw_sum(
    part: SubFigure, names: list[str], block: dict[str, np.ndarray], *, rows: int
) -> None:
    """One sum: above in latent space, below in pixel space."""
    heights = [rows + 0.35, *CONTROL_HEIGHTS]
    axes = part.subplots(3, 4, width_ratios=[1, 1, 1, 3.1], height_ratios=heights)
    operators = ("", "− ", "+ ")
    for column, place in enumerate("abc"):
        exemplars = block[f"exemplars_{place}"]  # (exemplars, H, W, C)
        blank = np.full((rows - len(exemplars), *exemplars.shape[1:]), 255, np.uint8)
        show_picture(axes[0, column], grid(np.concatenate([exemplars, blank]), 1))
        name = operators[column] + names[column]
        axes[0, column].set_title(_two_lines(name), loc="left", color=INK)
        show_picture(axes[1, column], block["means"][column])
        show_picture(axes[2, column], block["pixel_means"][column])
    axes[1, 0].set_title("G at the mean z", loc="left", color=INK)
    axes[2, 0].set_title("Control: mean of the pixels", loc="left", color=INK)
    for place_ in (axes[1, 3], axes[0, 3]):
        place_.remove()
    result = part.add_subplot(axes[0, 3].get_subplotspec().get_gridspec()[0:2, 3])
    show_picture(result, grid(block["grid"], 3))
    title = f"= {names[3]}?\nmiddle: G(Y); around it: noise added to Y"
    result.set_title(title, loc="left", color=INK)
    show_picture(axes[2, 3], block["pixel_result"])
    axes[2, 3].set_title("the same sum of pixels, clipped", loc="left", color=INK)


def _two_lines(name: str) -> str:
    """A concept's name broken near its middle, so that it fits over its column."""
    words = name.split(" ")
    if len(name) < 14 or len(words) < 3:
        return name
    cut = min(range(1, len(words)), key=lambda k: abs(len(" ".join(words[:k])) - len(name) / 2))
    return " ".join(words[:cut]) + "\n" + " ".join(words[cut:])


if __name__ == "__main__":
    figure_command(figure)
