"""The pictures of the de-duplication: groups, recall by kind, precision, settings (paper §4.1.1).

Part of figure.py; draws the arrays of measure.py and measures nothing.
"""

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.dedup.tables import LABELS, Arrays, by_kind
from repro.dedup.perturbations import FRESH_KINDS
from repro.figures.drawing import INK, MUTED, PALETTE, grid, legend_above, new_figure
from repro.figures.side_by_side import side_by_side, stacked

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
COLOURS = dict(zip(LABELS, PALETTE, strict=False))
SMALL = 8.5  # points
DOTS = {"marker": "o", "markersize": 3}  # a distance each
RING = {"marker": "o", "markersize": 8, "markerfacecolor": "white", "markeredgewidth": 1.6}
WRONG = (222, 143, 5)  # frame of an image that shows another original, according to the truth file
ABREAST = 12  # images in a row of the sheet, at most, unless a group has more
FRAME = 2  # pixels
GAP = 8  # pixels between groups


def groups_sheet(images: np.ndarray, shown: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Groups (G, M, H, W, C) uint8 as one picture, row by row; framed where `wrong` (G, M).

    Only the images `shown` (G, M) take up space, so that a group is as wide as it is large.
    """
    if len(images) == 0:
        return np.full((64, 240, 3), 255, np.uint8)  # nothing was removed: an empty sheet
    images = np.array(np.broadcast_to(images, (*images.shape[:-1], 3)))
    framed = images.copy()
    framed[wrong] = WRONG
    framed[..., FRAME:-FRAME, FRAME:-FRAME, :] = images[..., FRAME:-FRAME, FRAME:-FRAME, :]
    rows: list[list[np.ndarray]] = [[]]
    room = ABREAST
    for members, there in zip(framed, shown, strict=True):
        count = int(there.sum())
        if count > room and rows[-1]:
            rows.append([])
            room = ABREAST
        rows[-1].append(grid(members[there], columns=count, gap=1))
        room -= count
    return stacked([side_by_side(row, gap=GAP) for row in rows], gap=GAP)


def recall_chart(study: Arrays, truth: Arrays) -> Figure:
    """Heat map: share of copies found, by kind and strength, per method.

    Left half: equal codes. Right half, where a truth file tells false pairs: at the largest
    distance d with at most 1 false pair in 100; grey where a method has none.
    """
    methods = study["methods"].tolist()
    copies = [(kind, strength) for kind, strength, *_ in by_kind(study, truth, 0, 0)]
    names = [_row_name(kind, strength) for kind, strength in copies]
    halves = [([0] * len(methods), "copies found, %: equal codes")]
    if truth:
        halves.append((study["allowed"].tolist(), "copies found, %: largest d allowed*"))
    drawing, axes = new_figure(8.6, 1.6 + 0.24 * len(names), columns=len(halves))
    for one, (distances, title) in zip(axes[0], halves, strict=True):
        shares = np.full((len(names), len(methods)), np.nan)
        for k, d in enumerate(distances):
            if d >= 0:
                shares[:, k] = [found / n for _, _, found, n in by_kind(study, truth, k, d)]
        labels = [
            f"{SHORT[m]}\n{'no d' if d < 0 else f'd = {d}'}"
            for m, d in zip(methods, distances, strict=True)
        ]
        _heat_map(one, shares, labels)
        groups = [kind.partition(":")[0] for kind, _ in copies]
        for row in np.flatnonzero([a != b for a, b in pairwise(groups)]):
            one.axhline(row + 0.5, color="white", linewidth=3)
        one.set_title(title, loc="left", fontsize=10, color=INK, pad=10)
    axes[0, 0].set_yticks(np.arange(len(names)), names, fontsize=SMALL)
    note = "d: bits in which codes may differ."
    if truth:
        axes[0, 1].set_yticks([])
        note += " * At most 1 false pair in 100; no d: even equal codes give more."
    drawing.supxlabel(note, x=0.01, ha="left", fontsize=9, color=INK)
    return drawing


def _row_name(kind: str, strength: float) -> str:
    """E.g. "crop 5 %"; copies of the truth file have no strength."""
    group, colon, name = kind.partition(": ")
    return f"{name} ({group} file)" if colon else UNITS[kind](strength)


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
        style = {"color": COLOURS[method], "linewidth": 1.4, **DOTS}
        if method == "pixels":  # has no distances
            style |= {"linestyle": "none", "marker": "D", "markersize": 7}
        for one, values in ((left, precision), (right, rate)):
            one.plot(recall, values, label=LABELS[method], **style)
            if method != "pixels":
                one.plot(recall[0], values[0], color=COLOURS[method], **RING)
    wrong = "false" if judged else "unjudged"
    left.set_xlabel(f"recall: {extra_copies(study)}", color=INK)
    left.set_ylabel("precision on pairs" + ("" if judged else ", at least"), color=INK)
    left.plot([], [], color=INK, linestyle="none", label="equal codes", **RING)
    left.axhline(0.99, color=MUTED, linewidth=1, linestyle=(0, (4, 4)), label="1 false pair in 100")
    left.set_ylim(-0.02, 1.06)
    right.set_yscale("symlog", linthresh=1)
    right.set_ylim(-0.3, None)
    right.set_xlabel(f"recall: {extra_copies(study)}", color=INK)
    right.set_ylabel(f"{wrong} pairs in a million", color=INK)
    for one in (left, right):
        one.set_xlim(-0.03, 1.03)
    legend_above(drawing, left, columns=5)
    return drawing


def settings_chart(settings: Arrays, study: Arrays, truth: Arrays) -> Figure:
    """Top: images removed, and wrongly so; bottom: copies found. By threshold and by radius.

    The copies of the truth file, where there is one, were searched with other radii only.
    """
    drawing, axes = new_figure(8.6, 4.8, rows=2, columns=2)
    panels = (
        ("threshold", "thresholds", "a unit is active above this (standard deviations)"),
        ("radius", "radii", "codes count as equal within this (bits of 128)"),
    )
    most = max(settings[f"{name}_removed"].max() for name, *_ in panels)
    style = {"marker": "o", "markersize": 4}
    for column, (name, values, label) in enumerate(panels):
        x = settings[f"{name}_{values}"]
        removed, recall = axes[0, column], axes[1, column]
        removed.plot(x, settings[f"{name}_removed"], label="images removed", **style)
        if not np.isnan(settings[f"{name}_wrong"]).any():
            wrong = "of these, wrong according to the truth file"
            removed.plot(x, settings[f"{name}_wrong"], label=wrong, **style)
        removed.set_ylim(0, 1.08 * max(1, most))
        found = settings[f"{name}_recall"]
        recall.plot(x, found, color=PALETTE[2], label=f"found: {extra_copies(study)}", **style)
        recall.set_ylim(0, 1.02)
        recall.set_xlabel(label, color=INK)
    counted, shares = _found_in_dataset(study, truth, settings["radius_radii"])
    if len(counted):
        style |= {"color": PALETTE[4], "marker": "s"}
        axes[1, 1].plot(counted, shares, label="found: copies in the dataset", **style)
    axes[0, 0].set_ylabel(f"images of {int(study['images']):,}", color=INK)
    axes[1, 0].set_ylabel("share of copies found", color=INK)
    curves = [curve for one in axes[:, 1] for curve in one.get_lines()]
    drawing.legend(handles=curves, loc="outside upper center", ncols=2, frameon=False)
    return drawing


def extra_copies(study: Arrays) -> str:
    """E.g. "extra copies of 7 new kinds": new where no setting of the hash was chosen on them."""
    kinds = set(study["kinds"].tolist())
    new = "new " if kinds <= set(FRESH_KINDS) else ""
    return f"extra copies of {len(kinds)} {new}kind{'s' if len(kinds) > 1 else ''}"


def _found_in_dataset(
    study: Arrays, truth: Arrays, radii: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The radii that were counted, and the share of the truth file's copies found within each."""
    furthest = truth["found"].shape[-1] if truth and truth["copies"].sum() else 0
    radii = radii[radii < furthest]
    if len(radii) == 0:
        return radii, radii
    row = study["methods"].tolist().index("autoencoder")
    return radii, truth["found"][row][:, radii].sum(axis=0) / truth["copies"].sum()
