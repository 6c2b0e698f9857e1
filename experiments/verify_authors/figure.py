"""Samples of the released generators, and the accuracies on released features beside the paper's.

Where a check could not be run, the figure says so in its place. Alone:
python -m experiments.verify_authors.figure (see --help)
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.contract import figure_command
from experiments.verify_authors.names import number_name
from repro.claims.measurement import Measurement, read_measurements, with_interval
from repro.figures.drawing import (
    INK,
    MUTED,
    PALETTE,
    PAPER,
    Style,
    grid,
    new_figure,
    save_figure,
    save_picture,
    save_table,
)

TITLES = {"svhn": "SVHN", "imagenet": "ImageNet 32x32"}
# Of each check: measured quantity, the paper's number for the whole discriminator, and in words.
STATED: dict[str, tuple[str, float, str]] = {
    "cifar10": ("accuracy", 82.8, "82.8 (Table 1)"),
    "svhn": ("error", 22.48, "22.48 (Table 2); the authors' later number: 22.18 ± 1.13"),
}
PANELS = {
    "cifar10": "CIFAR-10, all labels: accuracy on test images (%)",
    "svhn": "SVHN, few labels: error on test images (%)",
}
ROWS = {"released": "released D", "random": "random weights", "pixels": "raw pixels"}
BEHIND = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}  # of words, over lines
GAP = 12  # pixels between two sheets of samples


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig_authors_samples.png, fig_authors_check.png and table_authors_check.csv."""
    numbers = read_measurements(measured)
    parts = json.loads((measured / "parts.json").read_text(encoding="utf-8"))
    with np.load(measured / "samples.npz") as samples:
        _save_samples(out / "fig_authors_samples.png", dict(samples), parts["networks"], style)
    drawn, axes = new_figure(7.0, 4.8, rows=len(PANELS))
    for one, name in zip(axes[:, 0], PANELS, strict=True):
        _draw_check(one, name, numbers, parts)
    save_figure(out / "fig_authors_check.png", drawn, style=style)
    rows = [row for name in PANELS for row in _table_rows(name, numbers, parts)]
    save_table(out / "table_authors_check.csv", pd.DataFrame(rows))


def _save_samples(
    path: Path, samples: dict[str, np.ndarray], networks: dict[str, Any], style: Style
) -> None:
    """One sheet a generator, side by side; the title says which, and what is missing of others."""
    sheets, words = [], []
    for kind, title in TITLES.items():
        network = networks.get(kind)
        if kind in samples:
            sheets.append(grid(samples[kind], math.isqrt(len(samples[kind]) - 1) + 1))
            words.append(f"{title}: {len(samples[kind])} samples of the released G, not picked")
        elif network is None:
            words.append(f"{title}: not in the folder")
        else:
            words.append(f"{title}: not drawn, missing {_few(network['samples_missing'])}")
    picture = _side_by_side(sheets) if sheets else np.full((32, 240, 3), 255, np.uint8)
    save_picture(path, picture, style=style, title="\n".join(words))


def _side_by_side(sheets: list[np.ndarray]) -> np.ndarray:
    """Pictures (H, W, C) uint8 beside each other on white, aligned above."""
    height = max(len(sheet) for sheet in sheets)
    padded = [
        np.pad(sheet, ((0, height - len(sheet)), (0, GAP), (0, 0)), constant_values=255)
        for sheet in sheets
    ]
    return np.concatenate(padded, axis=1)[:, :-GAP]


def _few(files: list[str]) -> str:
    """At most two names, and how many more."""
    more = f" and {len(files) - 2} more" if len(files) > 2 else ""
    return ", ".join(files[:2]) + more


def _draw_check(
    axes: Axes, name: str, numbers: dict[str, Measurement], parts: dict[str, Any]
) -> None:
    axes.set_title(PANELS[name], loc="left", fontsize=10, color=INK)
    axes.set_xlim(0, 100)
    axes.grid(False, axis="y")
    _draw_paper(axes, STATED[name][1])
    rows = _numbers(name, numbers, parts)
    if not rows:
        reason = parts["checks"][name]["not_run"].replace("; ", ";\n")
        axes.text(50, 0, f"not run: {reason}", ha="center", va="center", color=INK, bbox=BEHIND)
        axes.set_ylim(-1, 1)
        axes.set_yticks([])
        return
    places = np.arange(len(rows))[::-1]
    for place, (row, number) in zip(places, rows.items(), strict=True):
        value, low, high = (getattr(number, end) for end in ("value", "low", "high"))
        colour = PALETTE[0] if row == "released" else PALETTE[7]
        axes.barh(place, value, height=0.55, color=colour)
        axes.errorbar(value, place, xerr=[[value - low], [high - value]], fmt="none", ecolor=INK,
                      capsize=3, linewidth=1.2)  # fmt: skip
        axes.text(high + 1.5, place, f"{value:.1f}", va="center", color=INK, bbox=BEHIND)
    axes.set_yticks(places, [_label(row, name, parts) for row in rows])
    axes.set_ylim(-0.6, len(rows) + 0.1)


def _draw_paper(axes: Axes, value: float) -> None:
    """The paper's number, dashed, its words on the side with more room."""
    left = value > 50
    axes.axvline(value, color=MUTED, linewidth=1.4, linestyle=(0, (4, 3)))
    axes.annotate(
        f"paper: {value:g}, whole D",
        xy=(value, 0.97),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if left else 4, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        color=MUTED,
    )


def _label(row: str, name: str, parts: dict[str, Any]) -> str:
    if row == "pixels":
        return ROWS[row]
    network = parts["networks"][parts["checks"][name]["network"]]
    return f"{ROWS[row]},\n{network['complete_layers']} of {network['layers']} layers"


def _numbers(
    name: str, numbers: dict[str, Measurement], parts: dict[str, Any]
) -> dict[str, Measurement]:
    """The main number of every row that was run."""
    network = parts["networks"].get(parts["checks"][name]["network"])
    if network is None:
        return {}
    names = {row: number_name(name, STATED[name][0], row, network["complete_layers"])
             for row in ROWS}  # fmt: skip
    return {row: numbers[number] for row, number in names.items() if number in numbers}


def _table_rows(
    name: str, numbers: dict[str, Measurement], parts: dict[str, Any]
) -> list[dict[str, object]]:
    """One row for each kind of features; where the check was not run, one that says why."""
    check = parts["checks"][name]
    quantity, _, paper = STATED[name]
    network = parts["networks"].get(check["network"], {})
    found = _numbers(name, numbers, parts)
    rows = []
    for row in found or ["released"]:
        number, of_network = found.get(row), {} if row == "pixels" else network
        rows.append(
            {
                "network": TITLES[check["network"]] if row != "pixels" else "",
                "weights": ROWS[row],
                "layers used": of_network.get("complete_layers", ""),
                "of layers": of_network.get("layers", ""),
                "missing files": " ".join(network.get("missing", [])) if row == "released" else "",
                "features": check["features"][row] if number else "",
                "data": name,
                "training images": check.get("training_images", ""),
                "labels": check.get("labels", "all") if number else "",
                "test images": check.get("test_images", ""),
                "measured": f"{quantity}, %",
                "ours": with_interval(number) if number else f"not run: {check['not_run']}",
                "paper's, whole D": paper if row == "released" else "",
            }
        )
    return rows


if __name__ == "__main__":
    figure_command(figure)
