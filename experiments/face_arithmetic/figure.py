"""Fig 7 from the measured arrays: for each sum its exemplars, means, 3x3 grid and pixel control.

Alone: python -m experiments.face_arithmetic.figure (see --help)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure, SubFigure

from experiments.contract import figure_command
from repro.figures import INK, Style, grid, save_figure, show_picture

WIDTH, HEIGHT = 9.0, 8.2  # inches, one sum


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig07_face_arithmetic.png."""
    arrays = np.load(measured / "arrays.npz")
    count = len(arrays["names"])
    drawing = Figure(figsize=(WIDTH, HEIGHT * count), layout="constrained", facecolor="white")
    parts = drawing.subfigures(count, 1, squeeze=False)
    for number, part in enumerate(parts[:, 0]):
        _draw_sum(part, {key: arrays[key][number] for key in arrays.files})
    save_figure(out / "fig07_face_arithmetic.png", drawing, style=style)


def _draw_sum(part: SubFigure, block: dict[str, np.ndarray]) -> None:
    """One sum: above in latent space, below in pixel space."""
    exemplars = block["exemplars"]  # (3, exemplars, H, W, C)
    heights = [exemplars.shape[1] + 0.35, 1.35, 1.35]
    axes = part.subplots(3, 4, width_ratios=[1, 1, 1, 3.1], height_ratios=heights)
    operators = ("", "− ", "+ ")
    for column in range(3):
        name = operators[column] + str(block["names"][column])
        show_picture(axes[0, column], grid(exemplars[column], 1))
        axes[0, column].set_title(_two_lines(name), loc="left", color=INK)
        show_picture(axes[1, column], block["means"][column])
        show_picture(axes[2, column], block["pixel_means"][column])
    axes[1, 0].set_title("G at the mean z", loc="left", color=INK)
    axes[2, 0].set_title("Control: mean of the pixels", loc="left", color=INK)
    for place in (axes[1, 3], axes[0, 3]):
        place.remove()
    result = part.add_subplot(axes[0, 3].get_subplotspec().get_gridspec()[0:2, 3])
    show_picture(result, grid(block["grid"], 3))
    title = f"= {block['names'][3]}?\nmiddle: G(Y); around it: noise added to Y"
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
