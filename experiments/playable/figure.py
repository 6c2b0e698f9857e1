"""The page to play with, and what each of its directions does to two samples.

Alone: python -m experiments.playable.figure (see --help)
"""

from pathlib import Path
from typing import Any

import numpy as np

from experiments.contract import figure_command
from repro.figures.drawing import INK, Style, grid, new_figure, save_figure, show_picture
from repro.figures.offline_page import data_uri, write_page
from repro.networks.plain_generator import ExportedGenerator

TEMPLATE = Path(__file__).parent / "page.html"
DECIMALS = 4  # of z in the page
EXEMPLARS = 3  # a concept, in the page's example


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write playable.html and fig_directions.png."""
    with np.load(measured / "page.npz") as saved:
        arrays = dict(saved)
    content = page_content(arrays) | {"banner": style.banner}
    write_page(out / "playable.html", template=TEMPLATE, content=content)
    with np.load(measured / "strips.npz") as saved:
        _draw_strips(out / "fig_directions.png", dict(saved), style)


def page_content(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """All that the page holds, ready for JSON."""
    names, z, sure = arrays["names"].tolist(), arrays["z"], arrays["sure"]
    low, high = arrays["found"].T
    exported = ExportedGenerator.from_arrays(arrays)
    return {
        "generator": exported.as_json(),
        "z_distribution": "normal" if arrays["normal"] else "uniform",
        "about": f"It has {sum(layer.weight.size for layer in exported.layers):,} weights of 16 "
        f"bits and takes {exported.z_dim} numbers z.",
        "directions": [
            {
                "name": name,
                "z": _short(direction),
                "words": f"a classifier finds it in {100 * a:.0f} % of samples at −1, "
                f"in {100 * b:.0f} % at 1",
            }
            for name, direction, a, b in zip(names, arrays["directions"], low, high, strict=True)
        ],
        "samples": [
            {"z": _short(one), "picture": data_uri(picture), "sure": _short(values)}
            for one, picture, values in zip(z, arrays["pictures"], sure, strict=True)
        ],
        "example": example(names, sure),
    }


def example(names: list[str], sure: np.ndarray) -> dict[str, Any]:
    """ "P without Q - neither + Q without P": the surest samples offered, and what it is in words.

    sure (N, A). Without a second attribute there is none: numbers is [].
    """
    if len(names) < 2:
        return {"numbers": [], "words": ""}
    p, q = sure[:, 0], sure[:, 1]
    concepts = (p * (1 - q), (1 - p) * (1 - q), (1 - p) * q)
    numbers = [np.argsort(-one, kind="stable")[:EXEMPLARS].tolist() for one in concepts]
    first, second = names[:2]
    words = (
        f"A: {first}, not {second}; B: neither; C: {second}, not {first}. The sum should be both. "
        f"The {EXEMPLARS} surest of the samples below."
    )
    return {"numbers": numbers, "words": words}


def _short(values: np.ndarray) -> list[float]:
    return [round(float(value), DECIMALS) for value in values]


def _draw_strips(path: Path, arrays: dict[str, np.ndarray], style: Style) -> None:
    """One row of two samples a direction, from -1 to 1."""
    names, strips = arrays["names"], arrays["strips"]  # (A, 2, steps, H, W, C)
    drawn, axes = new_figure(7.4, 0.4 + 0.95 * len(names), rows=len(names), columns=2)
    for row, (name, of_name) in enumerate(zip(names, strips, strict=True)):
        for column, strip in enumerate(of_name):
            show_picture(axes[row, column], grid(strip, len(strip)))
            words = f"{name}: −1 to 1, sample {column + 1}; in the middle as drawn"
            axes[row, column].set_title(words, loc="left", fontsize=8, color=INK)
    save_figure(path, drawn, style=style)


if __name__ == "__main__":
    figure_command(figure)
