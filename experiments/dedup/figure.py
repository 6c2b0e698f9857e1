"""Table and figures of the de-duplication: groups found, recall by kind of copy.

Alone: python -m experiments.dedup.figure (see --help)
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.contract import Measurement, figure_command, read_measurements
from repro.figures import (
    INK,
    PALETTE,
    Style,
    grid,
    new_figure,
    save_figure,
    save_picture,
    save_table,
)

LABELS = {
    "autoencoder": "autoencoder\n(paper)",
    "pixels": "equal pixels",
    "ahash": "aHash",
    "dhash": "dHash",
    "phash": "pHash",
}
WRONG = (222, 143, 5)  # frame of an image that shows another original, by the truth
COLUMNS = 3  # groups side by side
FRAME = 2  # pixels


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write sec411_groups.png, sec411_recall.png and sec411_dedup.csv."""
    arrays = np.load(measured / "arrays.npz")
    numbers = read_measurements(measured)
    title = "Groups of equal codes, drawn at random: the image kept, then those removed"
    if arrays["wrong"].any():
        title += "\nFramed: shows another original, by the truth file"
    picture = groups_sheet(arrays["images"], arrays["shown"], arrays["wrong"])
    save_picture(out / "sec411_groups.png", picture, style=style, title=title)
    _draw_recall(out / "sec411_recall.png", numbers, style)
    save_table(out / "sec411_dedup.csv", table(numbers))


def groups_sheet(images: np.ndarray, shown: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Groups (G, M, H, W, C) uint8 as one picture, three a row; frames where `wrong` (G, M)."""
    if len(images) == 0:
        return np.full((64, 240, 3), 255, np.uint8)  # nothing was removed: an empty sheet
    images = np.array(np.broadcast_to(images, (*images.shape[:-1], 3)))
    framed = images.copy()
    framed[wrong] = WRONG
    framed[..., FRAME:-FRAME, FRAME:-FRAME, :] = images[..., FRAME:-FRAME, FRAME:-FRAME, :]
    framed[~shown] = 255
    strips = np.stack([grid(members, columns=len(members), gap=1) for members in framed])
    return grid(strips, columns=min(COLUMNS, len(strips)), gap=8)


def table(numbers: Mapping[str, Measurement]) -> pd.DataFrame:
    """One row a method: share removed, recall by kind with its interval, false pairs."""
    rows = []
    for method, label in LABELS.items():
        row: dict[str, object] = {
            "method": label.replace("\n", " "),
            "removed_share": numbers[f"removed_share_{method}"].value,
        }
        for name in ["", *_kinds(numbers)]:
            share = numbers.get(f"recall_{method}{name}")
            if share is not None:
                ends = {"": share.value, "_low": share.low, "_high": share.high, "_n": share.n}
                row |= {f"recall{name}{end}": value for end, value in ends.items()}
        pairs = numbers.get(f"false_pairs_{method}")
        if pairs is not None:
            row |= {"pairs_found": pairs.n, "false_pairs": pairs.value}
        rows.append(row)
    return pd.DataFrame(rows)


def _kinds(numbers: Mapping[str, Measurement]) -> list[str]:
    """Kinds of planted copies measured, each with a leading underscore."""
    start = "recall_autoencoder"
    return [name.removeprefix(start) for name in numbers if name.startswith(f"{start}_")]


def _draw_recall(path: Path, numbers: Mapping[str, Measurement], style: Style) -> None:
    drawing, axes = new_figure(8.0, 3.4, columns=2)
    removed, found = axes[0]
    _draw_removed(removed, numbers)
    _draw_kinds(found, numbers)
    save_figure(path, drawing, style=style)


def _draw_removed(axes: Axes, numbers: Mapping[str, Measurement]) -> None:
    """Horizontal bars; their names are the key to the colours of the other panel as well."""
    shares = [numbers[f"removed_share_{method}"] for method in LABELS]
    values, spread = _values(shares)
    places = np.arange(len(shares))
    axes.barh(places, values, color=PALETTE[: len(shares)], xerr=spread, ecolor=INK, capsize=2)
    axes.set_yticks(places, list(LABELS.values()))
    axes.invert_yaxis()
    axes.set_title("share of images removed", loc="left", fontsize=10, color=INK)


def _draw_kinds(axes: Axes, numbers: Mapping[str, Measurement]) -> None:
    axes.set_title("planted copies found, by kind", loc="left", fontsize=10, color=INK)
    groups = ["", *_kinds(numbers)] if "recall_autoencoder" in numbers else []
    if not groups:
        axes.text(0.5, 0.5, "no truth file: not run", ha="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    width = 0.8 / len(LABELS)
    for index, (method, colour) in enumerate(zip(LABELS, PALETTE, strict=False)):
        places = np.arange(len(groups)) + (index - (len(LABELS) - 1) / 2) * width
        shares = [numbers[f"recall_{method}{name}"] for name in groups]
        values, spread = _values(shares)
        axes.bar(places, values, width, color=colour, yerr=spread, ecolor=INK, capsize=1)
    names = [name.removeprefix("_") or "all" for name in groups]
    axes.set_xticks(np.arange(len(groups)), names, rotation=35, ha="right")
    axes.set_ylim(0, 1)


def _values(shares: list[Measurement]) -> tuple[np.ndarray, np.ndarray]:
    """Values (n,) and the distances (2, n) to the ends of their intervals."""
    values = np.array([share.value for share in shares], float)
    ends = np.array([(share.low, share.high) for share in shares], float)
    return values, np.abs(ends.T - values)


if __name__ == "__main__":
    figure_command(figure)
