"""The drawings of Fig 7: the sums, their success with and without realism, the measures of realism.

Part of figure.py.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from repro.claims.measurement import Measurement
from repro.figures.drawing import INK, MUTED, PALETTE, grid, legend_above, new_figure, show_picture

WIDTH, HEIGHT = 9.0, 1.356  # inches: width of the figure, height of a row of exemplars
CONTROL_HEIGHTS = (1.35, 1.35)  # of the two rows below the exemplars, in units of an exemplar's
ORDER = ("one_exemplar", "three_exemplars", "many_exemplars", "pixel_space", "random_direction")
SERIES: dict[str, tuple[str, dict[str, Any]]] = {
    "success": (
        "all wanted attributes found",
        {"color": PALETTE[0], "marker": "o", "markersize": 8},
    ),
    "success_and_realistic": (
        "found, and as realistic as most plain samples",
        {"color": PALETTE[3], "marker": "D", "markersize": 8, "markerfacecolor": "white"},
    ),
    "success_and_realistic_wider": (
        "the same by a classifier of blends that learnt the pixels' own kind of sum too",
        {"color": PALETTE[2], "marker": "s", "markersize": 8, "markerfacecolor": "white"},
    ),
}
KINDS = {  # from the top; variants follow
    "real_images": "real images",
    "blurred_real_images": "real images, some blurred",
    "real_blends": "blends of real images",
    "real_sums_of_three": "sums of three real images",
    "plain_samples": "plain samples",
    "sample_blends": "blends of plain samples",
}
BLEND_SCORES = {  # the two rules of realism differ in them
    "blend_score": "classifier of blends",
    "wider_blend_score": "the wider one: sums of three too",
}
SHADE = "#e6e8eb"
REAL_OR_NOT = {"real": PALETTE[2], "samples": MUTED, "variants": PALETTE[0]}


def variant_names(realism: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Variant -> its name in the figures, with its number of exemplars."""
    one, few, many = realism["exemplars"].tolist()
    return {
        "one_exemplar": f"{one} exemplar",
        "three_exemplars": f"{few} exemplars",
        "many_exemplars": f"{many} exemplars",
        "pixel_space": f"pixels of {few} exemplars",
        "random_direction": "random direction",
    }


def sums(arrays: np.lib.npyio.NpzFile) -> Figure:
    """All sums, stacked vertically."""
    count = len(arrays["names"])
    blocks = [
        {key.partition(" ")[2]: arrays[key] for key in arrays.files if key.startswith(f"{number} ")}
        for number in range(count)
    ]
    rows = [max(len(block[f"exemplars_{place}"]) for place in "abc") for block in blocks]
    heights = [HEIGHT * (row + sum(CONTROL_HEIGHTS) + 0.35) for row in rows]
    drawing = Figure(figsize=(WIDTH, sum(heights)), layout="constrained", facecolor="white")
    parts = drawing.subfigures(count, 1, squeeze=False, height_ratios=heights)
    for number, part in enumerate(parts[:, 0]):
        names, by = arrays["names"][number].tolist(), str(arrays["by"][number])
        if by:
            part.suptitle(f"Exemplars {by}", x=0.01, ha="left", color=INK)
        _draw_sum(part, names, blocks[number], rows=rows[number])
    return drawing


def _draw_sum(
    part: SubFigure, names: list[str], block: dict[str, np.ndarray], *, rows: int
) -> None:
    """One sum: latent space at the top, pixel space at the bottom."""
    heights = [rows + 0.35, *CONTROL_HEIGHTS]
    axes = part.subplots(3, 4, width_ratios=[1, 1, 1, 3.1], height_ratios=heights)
    operators = ("", "− ", "+ ")
    for column, place in enumerate("abc"):
        exemplars = block[f"exemplars_{place}"]  # (exemplars, H, W, C)
        blank = np.full((rows - len(exemplars), *exemplars.shape[1:]), 255, np.uint8)
        show_picture(axes[0, column], grid(np.concatenate([exemplars, blank]), 1))
        name = operators[column] + names[column]
        axes[0, column].set_title(_two_lines(name), loc="left", color=INK)
        show_picture(axes[1, column], block["means"][column])
        show_picture(axes[2, column], block["pixel_means"][column])
    axes[1, 0].set_title("G at the mean z", loc="left", color=INK)
    axes[2, 0].set_title("Control: mean of the pixels", loc="left", color=INK)
    for place_ in (axes[1, 3], axes[0, 3]):
        place_.remove()
    result = part.add_subplot(axes[0, 3].get_subplotspec().get_gridspec()[0:2, 3])
    show_picture(result, grid(block["grid"], 3))
    title = f"= {names[3]}?\nmiddle: G(Y); around it: noise added to Y"
    result.set_title(title, loc="left", color=INK)
    show_picture(axes[2, 3], block["pixel_result"])
    axes[2, 3].set_title("the same sum of pixels, clipped", loc="left", color=INK)


def _two_lines(name: str) -> str:
    """A concept's name broken near its middle to fit over its column."""
    words = name.split(" ")
    if len(name) < 14 or len(words) < 3:
        return name
    cut = min(range(1, len(words)), key=lambda k: abs(len(" ".join(words[:k])) - len(name) / 2))
    return " ".join(words[:cut]) + "\n" + " ".join(words[cut:])


def success_chart(numbers: Mapping[str, Measurement], realism: Mapping[str, np.ndarray]) -> Figure:
    """Shares with their intervals, a row per variant; small marks are the individual sums."""
    drawing, axes = new_figure(8.6, 5.4)
    panel = axes[0, 0]
    for offset, (quantity, (label, mark)) in zip((-0.26, 0, 0.26), SERIES.items(), strict=True):
        for row, variant in enumerate(ORDER):
            one = numbers[f"{quantity}_{variant}"]
            ends = [[_value(one) - _end(one.low)], [_end(one.high) - _value(one)]]
            panel.errorbar(
                [_value(one)], [row + offset], xerr=ends, capsize=3, elinewidth=1.4,
                linestyle="none", label=label if row == 0 else None, **mark,
            )  # fmt: skip
            prefix = f"{quantity}_{variant}: "
            parts = [_value(m) for name, m in numbers.items() if name.startswith(prefix)]
            panel.plot(
                parts, [row + offset + 0.11] * len(parts), linestyle="none", marker="|",
                markersize=7, color=mark["color"],
            )  # fmt: skip
    names = variant_names(realism)
    panel.set_yticks(range(len(ORDER)), [names[variant] for variant in ORDER])
    panel.set_ylim(len(ORDER) - 0.45, -0.55)
    panel.set_xlim(-0.02, 1.02)
    panel.set_xlabel("share of results, all sums together, with 95 % intervals", color=INK)
    legend_above(drawing, panel, _stroke(), columns=1, left=True)
    return drawing


def _stroke() -> Line2D:
    label = "each sum on its own, in the colour of its mark"
    return Line2D([], [], linestyle="none", marker="|", markersize=9, color=INK, label=label)


def realism_chart(realism: Mapping[str, np.ndarray]) -> Figure:
    """Blend scores by kind of picture: median, middle half, middle nine tenths."""
    variants = variant_names(realism)
    rows = {**KINDS, **{variant: variants[variant] for variant in ORDER}}
    drawing, axes = new_figure(8.6, 5.4, columns=len(BLEND_SCORES))
    for panel, (measure, title) in zip(axes[0], BLEND_SCORES.items(), strict=True):
        for row, kind in enumerate(rows):
            _spread(panel, realism[f"{measure}, {kind}"], row, _colour(kind))
        panel.set_yticks(range(len(rows)), list(rows.values()))
        panel.set_ylim(len(rows) - 0.4, -0.6)
        panel.set_title(title, loc="left", color=INK)
        panel.set_xlabel("logit (higher: more likely a blend)", color=INK)
        for edge in (3.5, 5.5):
            panel.axhline(edge, color=MUTED, linewidth=0.7)
    low, high = np.sort([panel.get_xlim() for panel in axes[0]], axis=0)[[0, -1], [0, 1]]
    for panel, measure in zip(axes[0], BLEND_SCORES, strict=True):
        panel.axvspan(low, float(realism[f"highest, {measure}"]), color=SHADE, zorder=0)
        panel.set_xlim(low, high)
    axes[0, 1].tick_params(labelleft=False)
    drawing.legend(handles=_key(), loc="outside upper left", ncols=2, frameon=False)
    return drawing


def _value(one: Measurement) -> float:
    return np.nan if one.value is None else one.value


def _end(end: float | None) -> float:
    return np.nan if end is None else end


def _colour(kind: str) -> str:
    if kind in ORDER:
        return REAL_OR_NOT["variants"]
    return REAL_OR_NOT["real" if "real" in kind else "samples"]


def _key() -> list[Artist]:
    """The meaning of colours, strokes and shading."""
    words = {"real": "real images, and made of them", "samples": "plain samples, and made of them"}
    words["variants"] = "results of sums"
    return [
        *(Line2D([], [], color=REAL_OR_NOT[k], linewidth=6, label=words[k]) for k in words),
        Line2D([], [], color=INK, linewidth=1.3, label="thin: middle nine tenths, thick: half"),
        Line2D(
            [], [], linestyle="none", marker="o", markerfacecolor="white", markeredgecolor=INK,
            label="median",
        ),
        Patch(facecolor=SHADE, label="range of most plain samples"),
    ]  # fmt: skip


def _spread(panel: Axes, values: np.ndarray, row: int, colour: str) -> None:
    low, first, middle, third, high = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
    panel.plot([low, high], [row, row], color=colour, linewidth=1.3)
    panel.plot([first, third], [row, row], color=colour, linewidth=6, solid_capstyle="butt")
    panel.plot([middle], [row], marker="o", markersize=5, color="white", markeredgecolor=INK)
