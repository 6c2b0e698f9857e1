"""The pictures of the de-duplication: groups, recall by kind, precision, settings (paper §4.1.1).

Part of figure.py; draws the arrays of measure.py and measures nothing.
"""

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.dedup.tables import LABELS, Arrays, by_kind
from repro.figures.drawing import INK, MUTED, PALETTE, grid, new_figure

UNITS = {  # how to print a strength, e.g. "crop 5 %"
    "recompress": lambda s: f"JPEG quality {s:g}",
    "rescale": lambda s: f"rescale × {s:g}",
    "crop": lambda s: f"crop {100 * s:g} %",
    "brightness": lambda s: f"brightness × {s:g}",
    "noise": lambda s: f"noise sd {s:g}",
    "blur": lambda s: f"blur {s:g} px",
    "mirror": lambda s: "mirror",
    "contrast": lambda s: f"contrast × {s:g}",
    "grey": lambda s: "grey",
    "warmth": lambda s: f"warmth × {s:g}",
    "sharpen": lambda s: f"sharpened {s:g}",
    "caption": lambda s: f"caption {100 * s:g} %",
    "frame": lambda s: f"frame {100 * s:g} %",
    "rotate": lambda s: f"rotated {s:g}°",
}
SHORT = LABELS | {
    "autoencoder": "auto-\nencoder",
    "pixels": "equal\npixels",
    "untrained": "un-\ntrained",
}
MARKED = (0, 1, 2, 4, 8, 16, 24)  # distances written next to the autoencoder's curve
COLOURS = dict(zip(LABELS, PALETTE, strict=False))
SMALL = 8.5  # points
WRONG = (222, 143, 5)  # frame of an image that shows another original, according to the truth file
COLUMNS = 3  # groups side by side
FRAME = 2  # pixels


def groups_sheet(images: np.ndarray, shown: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Groups (G, M, H, W, C) uint8 as one picture, three per row, framed where `wrong` (G, M)."""
    if len(images) == 0:
        return np.full((64, 240, 3), 255, np.uint8)  # nothing was removed: an empty sheet
    images = np.array(np.broadcast_to(images, (*images.shape[:-1], 3)))
    framed = images.copy()
    framed[wrong] = WRONG
    framed[..., FRAME:-FRAME, FRAME:-FRAME, :] = images[..., FRAME:-FRAME, FRAME:-FRAME, :]
    framed[~shown] = 255
    strips = np.stack([grid(members, columns=len(members), gap=1) for members in framed])
    return grid(strips, columns=min(COLUMNS, len(strips)), gap=8)


def recall_chart(study: Arrays, truth: Arrays) -> Figure:
    """Heat map: share of copies found, by kind and strength, per method.

    Left half: equal codes. Right half: at the largest distance with at most 1 false pair in 100;
    grey where a method has none.
    """
    methods = study["methods"].tolist()
    names = [_row_name(kind, strength) for kind, strength, *_ in by_kind(study, truth, 0, 0)]
    drawing, axes = new_figure(8.6, 1.6 + 0.24 * len(names), columns=2)
    for one, distances, title in (
        (axes[0, 0], [0] * len(methods), "equal codes"),
        (axes[0, 1], study["allowed"].tolist(), "at most 1 false pair in 100"),
    ):
        shares = np.full((len(names), len(methods)), np.nan)
        for k, d in enumerate(distances):
            if d >= 0:
                shares[:, k] = [found / n for _, _, found, n in by_kind(study, truth, k, d)]
        labels = [
            f"{SHORT[m]}\n{'none' if d < 0 else f'd = {d}'}"
            for m, d in zip(methods, distances, strict=True)
        ]
        _heat_map(one, shares, labels)
        for row in np.flatnonzero([a.split()[0] != b.split()[0] for a, b in pairwise(names)]):
            one.axhline(row + 0.5, color="white", linewidth=3)
        one.set_title(f"copies found, %: {title}", loc="left", fontsize=10, color=INK, pad=10)
    axes[0, 0].set_yticks(np.arange(len(names)), names, fontsize=SMALL)
    axes[0, 1].set_yticks([])
    return drawing


def _row_name(kind: str, strength: float) -> str:
    return UNITS[kind](strength) if kind in UNITS else kind


def _heat_map(axes: Axes, shares: np.ndarray, labels: list[str]) -> None:
    """Shares (rows, columns) in [0, 1] as coloured cells with percentages; NaN: a grey cell."""
    axes.set_facecolor("#e6e8eb")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for row, column in np.argwhere(~np.isnan(shares)):
        share = shares[row, column]
        colour = "white" if share > 0.6 else INK
        text = f"{100 * share:.0f}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=SMALL)
    axes.set_xticks(np.arange(len(labels)), labels, fontsize=SMALL, rotation=0)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(False)
    for edge in ("left", "bottom"):
        axes.spines[edge].set_visible(False)


def precision_recall_chart(study: Arrays, *, judged: bool) -> Figure:
    """Left: precision against recall along the distances. Right: false pairs per million pairs."""
    drawing, axes = new_figure(8.6, 4.0, columns=2)
    left, right = axes[0]
    for k, method in enumerate(study["methods"].tolist()):
        there = study["false_pairs"][k] >= 0
        recall, precision = study["recall"][k, there], study["precision"][k, there]
        rate = study["false_pairs"][k, there] / max(int(study["pairs"]), 1) * 1e6
        style = {"color": COLOURS[method], "marker": "o", "markersize": 3, "linewidth": 1.4}
        label = f"equal pixels, {recall[0]:.2f}" if method == "pixels" else LABELS[method]
        left.plot(recall, precision, label=label, **style)
        right.plot(recall, rate, **style)
        for d in (d for d in MARKED if d < there.sum() and method == "autoencoder"):
            for one, value in ((left, precision[d]), (right, rate[d])):
                one.annotate(
                    str(d), (recall[d], value), (3, 5), textcoords="offset points",
                    fontsize=SMALL, color=COLOURS[method], ha="left",
                )  # fmt: skip
    wrong = "false" if judged else "unjudged"
    left.set_xlabel("recall of the planted copies", color=INK)
    left.set_ylabel("precision on pairs", color=INK)
    left.axhline(0.99, color=MUTED, linewidth=0.8, linestyle=(0, (4, 4)))
    left.set_ylim(-0.02, 1.06)
    right.set_yscale("symlog", linthresh=1)
    right.set_ylim(-0.3, None)
    right.set_xlabel("recall of the planted copies", color=INK)
    right.set_ylabel(f"{wrong} pairs in a million", color=INK)
    lowest = np.nanmin(np.delete(study["recall"][:, 0], list(LABELS).index("pixels")))
    for one in (left, right):  # equality of pixels finds next to nothing: it may be outside
        one.set_xlim(max(-0.03, lowest - 0.08), 1.03)
    drawing.legend(loc="outside upper center", ncols=7, frameon=False, fontsize=SMALL)
    return drawing


def settings_chart(settings: Arrays, *, images: int) -> Figure:
    """Top: images removed, and wrongly so; bottom: planted copies found. By threshold, radius."""
    drawing, axes = new_figure(8.6, 4.6, rows=2, columns=2)
    panels = (
        ("threshold", "thresholds", "a unit is active above this (standard deviations)"),
        ("radius", "radii", "codes count as equal within this (bits of 128)"),
    )
    for column, (name, values, label) in enumerate(panels):
        x = settings[f"{name}_{values}"]
        removed, recall = axes[0, column], axes[1, column]
        style = {"marker": "o", "markersize": 4}
        removed.plot(x, settings[f"{name}_removed"], label="removed", **style)
        if not np.isnan(settings[f"{name}_wrong"]).any():
            wrong = "of these, wrong according to the truth file"
            removed.plot(x, settings[f"{name}_wrong"], label=wrong, **style)
        removed.set_ylim(0, 1.08 * max(1, settings[f"{name}_removed"].max()))
        recall.plot(x, settings[f"{name}_recall"], color=PALETTE[2], **style)
        recall.set_ylim(0, 1.02)
        recall.set_xlabel(label, color=INK)
    axes[0, 0].set_ylabel(f"images of {images:,}", color=INK)
    axes[1, 0].set_ylabel("planted copies found", color=INK)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    return drawing
