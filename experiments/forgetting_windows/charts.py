"""Charts and table of Fig 6: window area left by variant, and the curve over numbers of maps.

Part of figure.py.
"""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repro.claims.measurement import Measurement
from repro.figures.drawing import INK, MUTED, PALETTE, new_figure

VARIANTS = {  # variant -> (label, colour, line, marker, hatch)
    "positive": ("positive weight", PALETTE[3], "-", "o", ""),
    "random": ("random", PALETTE[7], (0, (4, 2)), "s", "//"),
    "lowest": ("lowest weight", PALETTE[0], (0, (1, 1.5)), "^", ".."),
}
ORDERS = {
    "positive": "highest weights first",
    "random": "at random (band: range of the sets)",
    "lowest": "lowest weights first",
}
COLUMNS = {
    "window_area_left": "window area left",
    "windows_gone": "pictures without windows now",
    "change_elsewhere": "change of the rest (grey levels)",
    "layout_kept": "layout kept",
}


def nothing(why: str) -> Figure:
    """A figure that says why there is none."""
    drawing, axes = new_figure(7.0, 1.6)
    axes[0, 0].set_axis_off()
    axes[0, 0].text(0.5, 0.5, why, ha="center", va="center", color=INK)
    return drawing


def layers(numbers: Mapping[str, Measurement], main: int) -> list[tuple[str, str]]:
    """Suffix of the measurements and name of each layer measured, the `main` one first."""
    pattern = re.compile(r"positive_maps(_layer_(\d+))?")
    matches = [match for name in numbers if (match := pattern.fullmatch(name))]
    matches.sort(key=lambda match: (match[1] is not None, int(match[2] or 0)))
    return [
        (match[1] or "", f"layer {match[2]} (check)" if match[2] else f"layer {main}")
        for match in matches
    ]


def bars(numbers: Mapping[str, Measurement], main: int) -> Figure:
    """Window area left and change elsewhere by variant, with intervals; a group a layer."""
    panels = {"window_area_left": "window area left", "change_elsewhere": "change of the rest"}
    units = {"window_area_left": "share of that before", "change_elsewhere": "grey levels"}
    drawing, axes = new_figure(7.6, 3.6, columns=2)
    for one, (quantity, title) in zip(axes[0], panels.items(), strict=True):
        _bar_panel(one, numbers, quantity, layers(numbers, main))
        one.set_title(title, loc="left", color=INK)
        one.set_ylabel(units[quantity], color=INK)
    axes[0, 0].axhline(1, color=MUTED, linewidth=1)
    axes[0, 0].set_ylim(0, max(1.08, axes[0, 0].get_ylim()[1]))
    other = numbers.get("change_elsewhere_other_sample")
    if other is not None and other.value is not None:
        axes[0, 1].axhline(other.value, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
        axes[0, 1].annotate("two different samples", (1, other.value), (-2, 2), ha="right",
                            xycoords=("axes fraction", "data"), textcoords="offset points",
                            color=MUTED)  # fmt: skip
        axes[0, 1].set_ylim(0, max(1.15 * other.value, axes[0, 1].get_ylim()[1]))
    handles, labels = axes[0, 0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False,
                   title="maps dropped", title_fontsize=9)  # fmt: skip
    return drawing


def _bar_panel(
    axes: Axes, numbers: Mapping[str, Measurement], quantity: str, groups: list[tuple[str, str]]
) -> None:
    for place, (variant, (label, colour, _, _, hatch)) in enumerate(VARIANTS.items()):
        found = [
            (k, one) for k, (suffix, _) in enumerate(groups)
            if (one := numbers.get(f"{quantity}_{variant}{suffix}")) and one.value is not None
        ]  # fmt: skip
        x = [k + (place - 1) * 0.26 for k, _ in found]
        height = [one.value or 0.0 for _, one in found]
        ends = np.array([one.hull or (np.nan, np.nan) for _, one in found]).reshape(-1, 2).T
        axes.bar(
            x, height, 0.22, color=colour, label=label, hatch=hatch, edgecolor="white",
            yerr=np.abs(ends - height), ecolor=INK, capsize=3,
        )  # fmt: skip
    axes.set_xticks(range(len(groups)), [name for _, name in groups])
    axes.grid(False, axis="x")


def curves(found: Mapping[str, np.ndarray]) -> Figure:
    """Window area left against maps dropped, and against the change of the rest."""
    drawing, axes = new_figure(7.6, 3.8, columns=2)
    counts, count = found["counts"], int(found["count"])
    positive = found["positive"][:, 0]  # (2, K)
    before = positive[0, 0]  # nothing dropped
    for variant, (_, colour, line, marker, _) in VARIANTS.items():
        values = found[variant]  # (2, sets, K): area, change
        area, change = values[0] / before, values[1]
        look = {"color": colour, "linestyle": line, "marker": marker, "markersize": 4}
        axes[0, 0].plot(counts, area.mean(axis=0), label=ORDERS[variant], **look)
        axes[0, 1].plot(change.mean(axis=0), area.mean(axis=0), **look)
        if len(area) > 1:
            band = {"color": colour, "alpha": 0.25, "linewidth": 0}
            axes[0, 0].fill_between(counts, area.min(axis=0), area.max(axis=0), **band)
    place = int(np.flatnonzero(counts == count)[0])
    axes[0, 0].axvline(count, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    for one, x in ((axes[0, 0], counts), (axes[0, 1], positive[1])):
        label = "all of positive weight" if one is axes[0, 0] else None
        ring = {"markersize": 11, "fillstyle": "none", "markeredgewidth": 1.6, "color": PALETTE[3]}
        one.plot(x[place], positive[0, place] / before, "o", label=label, **ring)
    axes[0, 0].set_xlabel("maps dropped", color=INK)
    axes[0, 1].set_xlabel("change of the rest (grey levels)", color=INK)
    axes[0, 0].set_ylabel("window area left (before = 1)", color=INK)
    for one in axes[0]:
        one.set_ylim(bottom=0)
        one.set_xlim(left=0)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    return drawing


def table(numbers: Mapping[str, Measurement], main: int) -> pd.DataFrame:
    """One row a layer and a variant; columns: each quantity with its interval."""
    rows: list[dict[str, object]] = []
    for suffix, name in layers(numbers, main):
        positive, all_maps = numbers[f"positive_maps{suffix}"], numbers[f"positive_maps{suffix}"].n
        for variant, (label, *_) in VARIANTS.items():
            count = positive.value or 0
            dropped = min(count, all_maps - count) if variant == "lowest" else count
            row: dict[str, object] = {
                "layer": name,
                "maps dropped": label,
                "number": int(dropped),
                "of": all_maps,
            }
            for quantity, words in COLUMNS.items():
                one = numbers.get(f"{quantity}_{variant}{suffix}")
                if one is not None:
                    row |= {words: one.value, f"{words} low": one.low, f"{words} high": one.high}
            rows.append(row)
    return pd.DataFrame(rows, columns=None if rows else ["layer", "maps dropped"]).round(4)
