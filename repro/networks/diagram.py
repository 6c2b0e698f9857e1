"""Draw G and D from their own layers: shapes, kernels, strides, costs, fields (Fig 1).

Where in the flow: experiments/architecture draws the networks of a run with it; from the command
line it draws any preset, without training anything:

    python -m repro diagram paper_64 --out paper_64.png
"""

import itertools
import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon

from repro.command_line import file_to_write, new_parser
from repro.figures.drawing import DPI, INK, MUTED, PALETTE, PAPER, save_figure
from repro.figures.style import Style
from repro.networks.layer_shapes import MapStack, Shape
from repro.specs.validation import nearest

WIDTH = 7.6  # inches
NAMES = 0.95  # inches, the column of row names
TALLEST = 1.15  # inches, the front of the largest maps
SLANT = (0.34, 0.26)  # of the height: offset of the back to the right and upwards
ROW = 0.2  # inches, a line of the table below the boxes


def network_diagram(networks: dict[str, list[MapStack]], *, field_words: dict[str, str]) -> Figure:
    """Draw one network per row, by title; field_words: what its fields are, by the same titles."""
    height = sum(_height(one) for one in networks.values())
    drawn = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor=PAPER)
    top = height
    for (title, one), colour in zip(networks.items(), PALETTE, strict=False):
        low = top - _height(one)
        axes = drawn.add_axes((0, low / height, 1, _height(one) / height))
        _draw_network(axes, one, title=title, field_words=field_words[title], colour=colour)
        top = low
    return drawn


def _height(network: list[MapStack]) -> float:
    """Inches of one network's drawing: title, boxes, table."""
    return 0.45 + TALLEST * (1 + SLANT[1]) + 0.3 + 5 * ROW + 0.15


def _draw_network(
    axes: Axes, network: list[MapStack], *, title: str, field_words: str, colour: str
) -> None:
    height = _height(network)
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    axes.text(0.12, height - 0.25, title, fontsize=10.5, fontweight="bold", color=INK, va="center")
    column = (WIDTH - NAMES) / len(network)
    middle = 5 * ROW + 0.4 + TALLEST / 2  # height of the boxes' centres
    largest = max(_side(stage.shape) for stage in network)
    ends: list[tuple[float, float]] = []
    for place, stage in enumerate(network):
        centre = NAMES + (place + 0.42) * column
        ends.append(_draw_box(axes, stage.shape, centre, middle, largest, column, colour))
    for (_, start), (end, _) in itertools.pairwise(ends):
        _draw_arrow(axes, start, end, middle)
    _draw_table(axes, network, column=column, field_words=field_words)


def _side(shape: Shape) -> int:
    return shape[-1] if len(shape) == 3 else 1


def _draw_box(
    axes: Axes, shape: Shape, centre: float, middle: float, largest: int, column: float, colour: str
) -> tuple[float, float]:
    """Draw a box for maps, a bar for units; returns its ends at the height of the arrows."""
    if len(shape) == 3:
        tall = TALLEST * (0.16 + 0.84 * (shape[1] / largest) ** 0.7)
        wide = column * (0.06 + 0.034 * math.log2(max(shape[0], 1)))
    else:
        tall, wide = 0.16 + 0.07 * math.log2(max(shape[0], 1)), 0.09
    slant = (SLANT[0] * tall * 0.6, SLANT[1] * tall) if len(shape) == 3 else (0.0, 0.0)
    left, low = centre - (wide + slant[0]) / 2, middle - tall / 2
    right, high = left + wide, low + tall
    faces = {
        0.85: [(left, low), (right, low), (right, high), (left, high)],
        0.55: [(right, low), (right, high), (right + slant[0], high + slant[1]),
               (right + slant[0], low + slant[1])],
        0.3: [(left, high), (right, high), (right + slant[0], high + slant[1]),
              (left + slant[0], high + slant[1])],
    }  # fmt: skip
    for alpha, corners in faces.items():
        axes.add_patch(Polygon(corners, facecolor=PAPER, edgecolor="none"))
        axes.add_patch(
            Polygon(corners, facecolor=colour, alpha=alpha, edgecolor=INK, linewidth=0.7)
        )
    return left, right + slant[0]


def _draw_arrow(axes: Axes, start: float, end: float, middle: float) -> None:
    arrow = FancyArrowPatch(
        (start + 0.04, middle), (end - 0.04, middle), arrowstyle="-|>", mutation_scale=8,
        color=MUTED, linewidth=1,
    )  # fmt: skip
    axes.add_patch(arrow)


def _draw_table(axes: Axes, network: list[MapStack], *, column: float, field_words: str) -> None:
    """Write below every box its shape, and the kind and cost of the layer before it."""
    names = ("values", "layer", "parameters", "products", field_words)
    for line, name in enumerate(names):
        y = 4.5 * ROW - line * ROW + 0.1
        axes.text(0.12, y, name, fontsize=8, color=MUTED, va="center")
        for place, stage in enumerate(network):
            x = NAMES + (place + 0.42) * column
            words = _cells(stage)[line]
            weight = "bold" if line == 0 else "normal"
            axes.text(
                x, y, words, fontsize=8, color=INK, va="center", ha="center", fontweight=weight
            )


def _cells(stage: MapStack) -> tuple[str, ...]:
    shape = "×".join(str(length) for length in stage.shape)
    if stage.layer is None or stage.field is None:
        return shape, "", "", "", ""
    layer = stage.layer
    words = "dense" if layer.kind == "dense" else f"{layer.kernel}×{layer.kernel}, /{layer.stride}"
    if layer.kind == "transposed convolution":
        words = f"{layer.kernel}×{layer.kernel}, ×{layer.stride}"
    size = f"{stage.field.size} px" if stage.field.size else "all"
    return shape, words, _short(layer.parameters), _short(layer.products), size


def _short(count: int) -> str:
    """Three digits: 13.1 M, 640 k, 96."""
    for factor, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= factor:
            return f"{count / factor:.3g}{letter}"
    return str(count)


def pair_diagram(pair: dict[str, list[MapStack]]) -> Figure:
    """G above, D below, from the stages of both, keyed "generator" and "discriminator"."""
    networks, words = {}, {}
    for which, field_words in (("generator", "a unit reaches"), ("discriminator", "a unit sees")):
        layers = [stage.layer for stage in pair[which] if stage.layer is not None]
        parameters, products = (
            sum(getattr(layer, key) for layer in layers) for key in ("parameters", "products")
        )
        sizes = f"{parameters:,} parameters, {2 * products / 1e9:.3f} GFLOP an image"
        title = f"{which.capitalize()}: {sizes}"
        networks[title], words[title] = pair[which], field_words
    return network_diagram(networks, field_words=words)


def main(argv: list[str] | None = None) -> None:
    # import torch late: the drawing itself works without it
    from repro.networks.layers import stages_of_pair
    from repro.specs.presets import read_presets

    presets = {preset.name: preset.spec.network for preset in read_presets()}
    parser = new_parser("diagram", __doc__)
    parser.add_argument("preset", help=f"one of {', '.join(presets)}")
    parser.add_argument("--out", type=file_to_write, required=True, help="PNG to write")
    given = parser.parse_args(argv)
    if given.preset not in presets:
        parser.error(f"no preset '{given.preset}'; {nearest(given.preset, presets)}")
    save_figure(given.out, pair_diagram(stages_of_pair(presets[given.preset])), style=Style())
    print(f"wrote {given.out}")
