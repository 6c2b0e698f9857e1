"""Fig 9, Table 3 and the charts behind it, from the measured errors.

Alone: python -m experiments.mnist_neighbours.figure (see --help)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from experiments.contract import figure_command
from experiments.mnist_neighbours.charts import errors_by_class, errors_by_count, selection
from experiments.mnist_neighbours.errors import Errors
from experiments.mnist_neighbours.tables import by_class, by_count, table3
from repro.claims.measurement import read_measurements
from repro.figures.drawing import Style, grid, new_figure, save_figure, save_table, show_picture

PANELS = {"real": ("real", 7), "gan": ("fully connected GAN", 6), "dcgan": ("DCGAN", 7)}


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig09_mnist.png, table3_mnist.csv, three charts and two more tables."""
    errors, numbers = Errors(measured), read_measurements(measured)
    with np.load(measured / "digits.npz") as digits:
        save_figure(out / "fig09_mnist.png", _digits(dict(digits)), style=style)
    with np.load(measured / "selection.npz") as curves:
        save_figure(out / "fig_mnist_selection.png", selection(dict(curves)), style=style)
    save_figure(out / "fig_mnist_errors.png", errors_by_count(errors, numbers), style=style)
    save_figure(out / "fig_mnist_classes.png", errors_by_class(errors), style=style)
    save_table(out / "table3_mnist.csv", table3(errors, numbers))
    save_table(out / "table_mnist_errors.csv", by_count(errors, numbers))
    save_table(out / "table_mnist_classes.csv", by_class(errors))


def _digits(shown: dict[str, np.ndarray]) -> Figure:
    """Fig 9: three panels, one row a class. shown: by panel (classes, 7, H, W) uint8."""
    drawing, axes = new_figure(8.6, 4.6, columns=len(PANELS))
    side = shown["real"].shape[2]
    pictures = [
        grid(
            shown[row][:, :columns].reshape(-1, side, side, 1),
            columns,
            gap=max(1, side // 14),
            background=120,
        )
        for row, (_, columns) in PANELS.items()
    ]
    axes[0, 0].get_gridspec().set_width_ratios([picture.shape[1] for picture in pictures])
    for one, picture, (title, _) in zip(axes[0], pictures, PANELS.values(), strict=True):
        show_picture(one, picture, title=title)
    return drawing


if __name__ == "__main__":
    figure_command(figure)
