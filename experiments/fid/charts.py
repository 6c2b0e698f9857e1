"""The chart of FID and KID by role.

Part of figure.py. Alone: `scores_chart(numbers, parts)`, of the measurements and parts.json.
"""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from repro.claims.measurement import Measurement
from repro.figures.drawing import INK, MUTED, PALETTE, PAPER, legend_above, new_figure

# (kind, against) -> label, marker, face colour, shift of its line within a role
KINDS = {
    ("samples", "training"): ("samples against training images", "o", PALETTE[0], 0.22),
    ("samples", "validation"): ("samples against held-out images", "o", PAPER, 0.0),
    ("real", "training"): ("held-out against training images", "x", MUTED, -0.22),
}


def scores_chart(numbers: dict[str, Measurement], parts: dict[str, Any]) -> Figure:
    """FID and KID next to each other, a row per role, a mark for each kind of comparison."""
    rows = {row["name"]: row for row in parts["rows"]}  # one of several trainings stands for all
    roles = list(dict.fromkeys(row["role"] for row in rows.values()))
    drawn, axes = new_figure(7.4, 1.9 + 0.62 * len(roles), columns=2)
    for one, metric in zip(axes[0], ("fid", "kid"), strict=True):
        for name, row in rows.items():
            place = roles[::-1].index(row["role"])
            _draw(one, metric, numbers[f"{metric}{name}"], row, place=place)
        one.set_title(metric.upper(), loc="left", fontsize=10, color=INK)
        one.set_yticks(range(len(roles)), roles[::-1])
        one.set_ylim(-0.5, len(roles) - 0.5)
        one.margins(x=0.12)
        one.locator_params(axis="x", nbins=4)
        one.grid(False, axis="y")
    axes[0, 0].set_xlim(left=0)
    drawn.supxlabel(parts["network"], fontsize=8, color=MUTED)
    axes[0, 1].set_yticklabels([])
    legend_above(drawn, axes[0, 0], columns=2)
    return drawn


def _draw(axes: Axes, metric: str, number: Measurement, row: dict[str, Any], *, place: int) -> None:
    label, marker, face, shift = KINDS[row["kind"], row["against"]]
    colour = MUTED if marker == "x" else PALETTE[0]
    height = place + shift
    assert number.value is not None
    if number.low is not None and number.high is not None:
        axes.plot([number.low, number.high], [height, height], color=colour, linewidth=1.2)
    axes.plot([number.value], [height], marker, color=colour, markerfacecolor=face, markersize=6,
              label=label)  # fmt: skip
    if metric == "fid" and row["warning"]:
        axes.annotate("too few images", (number.value, height), xytext=(6, 0), va="center",
                      textcoords="offset points", color=MUTED, annotation_clip=False)  # fmt: skip
