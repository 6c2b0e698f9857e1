"""The chart of how many channels respond to beds, windows and lamps. Part of figure.py."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from data_prep.generated.drawing.scene import THINGS
from experiments.filters.thing_results import LEVEL, NOT_DRAWN
from repro.claims.measurement import Measurement
from repro.figures.drawing import INK, MUTED, PALETTE, new_figure

MARKS: dict[str, dict[str, Any]] = {  # side -> label and mark, from the top
    "trained": {"label": "trained", "color": PALETTE[0], "marker": "o"},
    "random_filters": {
        "label": "last convolution random, the others trained",
        "color": PALETTE[3],
        "marker": "D",
        "markerfacecolor": "white",
    },
    "untrained": {
        "label": "initial weights in all layers",
        "color": PALETTE[7],
        "marker": "s",
        "markerfacecolor": "white",
    },
}
OFFSETS = (-0.22, 0.0, 0.22)


def thing_chart(numbers: Mapping[str, Measurement]) -> Figure:
    """Shares of channels with their intervals, a group per thing; the reason if there are none."""
    measured = f"{THINGS[0]}_channels_trained" in numbers
    drawing, axes = new_figure(7.4, 3.5 if measured else 1.4)
    panel: Axes = axes[0, 0]
    title = "Channels of D's last layer that respond to a thing more than chance"
    panel.set_title(title, loc="left", color=INK, fontsize=11)
    if not measured:
        panel.set_axis_off()
        panel.text(0.0, 0.5, f"Not measured: {NOT_DRAWN}", wrap=True, va="center", color=INK)
        return drawing
    for row, thing in enumerate(THINGS):
        for offset, (side, mark) in zip(OFFSETS, MARKS.items(), strict=True):
            _mark(panel, numbers[f"{thing}_channels_{side}"], row + offset, mark, first=row == 0)
    panel.axvline(100 * LEVEL, color=MUTED, linestyle=(0, (3, 2)), linewidth=1.2)
    panel.text(100 * LEVEL + 0.6, -0.62, f"by chance {100 * LEVEL:g} %", color=MUTED, va="center")
    panel.set_yticks(range(len(THINGS)), THINGS)
    panel.set_ylim(len(THINGS) - 0.5, -0.8)
    panel.set_xlim(left=-2)
    panel.set_xlabel("% of the channels; farther right: more channels respond to it", color=INK)
    drawing.legend(loc="outside lower left", ncols=3, frameon=False)
    return drawing


def _mark(panel: Axes, one: Measurement, row: float, mark: dict[str, Any], *, first: bool) -> None:
    """One share in percent with its interval; first: the mark names its side in the legend."""
    assert one.value is not None
    assert one.low is not None
    assert one.high is not None
    ends = [[100 * (one.value - one.low)], [100 * (one.high - one.value)]]
    style = mark | {"label": mark["label"] if first else None}
    panel.errorbar(
        [100 * one.value], [row], xerr=ends, linestyle="none", capsize=3, elinewidth=1.4,
        markersize=7, **style,
    )  # fmt: skip
