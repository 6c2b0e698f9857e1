"""Pictures, plots and tables as files: readable, colour-blind safe, the same bytes every time.

Where in the flow: the last step of every experiment (`figure.py`), of training (samples, curves)
and so the source of all the report shows. A run whose numbers are no result of the paper carries a
banner ("SYNTHETIC DATA", "TINY - not a result"), stamped here into every picture, so that a figure
cut out of its report still says what it is. No pyplot, so no state between two calls; matplotlib's
own defaults, whatever a matplotlibrc of the user's says.

Alone: `save_picture(Path("walk.png"), grid(images, columns=10), style=Style())`.
"""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from repro.artefacts.whole_file import atomic_write
from repro.figures.style import Style

# seaborn's "colorblind" palette, written out so that no pyplot is imported (a test compares them).
PALETTE = (
    "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc",
    "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9",
)  # fmt: skip
INK, MUTED, PAPER = "#1c2024", "#5f6872", "#ffffff"
TROUBLE = "#b3261e"
BANNER_INK, BANNER_PAPER = "#3b2a00", "#ffdf80"  # contrast 10:1
DPI = 150
READABLE_WIDTH = 720  # pixels: the width a report's column gives a figure
SMALLEST_WIDTH = 240  # pixels: below it banner and title are unreadable


matplotlib.rcdefaults()  # once, here: charts draw into a figure long after it has been made


def grid(images: np.ndarray, columns: int, *, gap: int = 2, background: int = 255) -> np.ndarray:
    """Tile images row by row into one picture.

    images (N, H, W, C) uint8 -> (rows*(H+gap)-gap, columns*(W+gap)-gap, C) uint8; `gap` in pixels,
    empty places and gaps are `background` (0..255). Raises ValueError on any other array.
    """
    if images.ndim != 4 or images.dtype != np.uint8 or len(images) == 0:
        raise ValueError(
            f"grid: expected a non-empty uint8 array (N, H, W, C), found {images.dtype} "
            f"{images.shape}; repro.data.images.to_uint8 turns a tensor in [-1, 1] into one"
        )
    if columns < 1:
        raise ValueError(f"grid: columns must be at least 1, found {columns}")
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    tiles = np.full((rows * columns, height + gap, width + gap, channels), background, np.uint8)
    tiles[:count, :height, :width] = images
    picture = (
        tiles.reshape(rows, columns, height + gap, width + gap, channels)
        .transpose(0, 2, 1, 3, 4)
        .reshape(rows * (height + gap), columns * (width + gap), channels)
    )
    return np.ascontiguousarray(picture[: picture.shape[0] - gap, : picture.shape[1] - gap])


def save_picture(
    path: Path, picture: np.ndarray, *, style: Style, title: str = "", scale: int | None = None
) -> None:
    """Write a pixel picture, each pixel enlarged to a `scale` x `scale` block, with banner, title.

    picture (H, W), (H, W, 1) or (H, W, 3) uint8. `scale` None: the integer (1..8) that brings the
    width nearest to 720 pixels. Raises ValueError on any other array.
    """
    if picture.ndim == 2:
        picture = picture[:, :, None]
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (1, 3):
        raise ValueError(
            f"{path.name}: expected a uint8 picture (H, W, 1 or 3), found {picture.dtype} "
            f"{picture.shape}"
        )
    if scale is None:
        scale = min(8, max(1, round(READABLE_WIDTH / picture.shape[1])))
    picture = np.broadcast_to(picture, (*picture.shape[:2], 3))
    enlarged = Image.fromarray(picture.repeat(scale, axis=0).repeat(scale, axis=1))
    _write_png(path, _stamped(enlarged, banner=style.banner, title=title), kind="pixels")


def save_figure(path: Path, figure: Figure, *, style: Style) -> None:
    """Write a matplotlib figure (Agg, 150 dpi) with its banner; small text is enlarged.

    The smallest text is 8 pt, and more on figures wider than 7.6 inches, so that it is still about
    10 pixels tall when the figure is shown 700 pixels wide.
    """
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()  # creates the tick labels
    _enlarge_small_text(figure, smallest=max(8.0, 1.05 * figure.get_figwidth()))
    canvas.draw()
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    _write_png(path, _stamped(pixels, banner=style.banner, title=""), kind="plot")


def save_table(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as CSV: six significant digits, no index column, Unix line ends."""
    text = frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    with atomic_write(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def new_figure(
    width: float = 7.0, height: float = 3.6, *, rows: int = 1, columns: int = 1
) -> tuple[Figure, np.ndarray]:
    """A figure in our style and its axes, array (rows, columns); sizes in inches."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for one in axes.flat:
        one.set_prop_cycle(color=PALETTE)
        one.spines[["top", "right"]].set_visible(False)
        one.spines[["left", "bottom"]].set_color(MUTED)
        one.tick_params(colors=MUTED, labelcolor=INK)
        one.grid(True, color="#e6e8eb", linewidth=0.8)
        one.set_axisbelow(True)
    return figure, axes


def empty_figure(why: str) -> Figure:
    """A low figure that says why there is nothing to draw."""
    figure, axes = new_figure(7.0, 1.6)
    axes[0, 0].set_axis_off()
    axes[0, 0].text(0.5, 0.5, why, ha="center", va="center", color=INK)
    return figure


def legend_above(
    figure: Figure,
    axes: Axes,
    *further: Artist,
    columns: int,
    left: bool = False,
    title: str | None = None,
) -> None:
    """Give the whole figure a legend on top: what is labelled in one panel, then `further`."""
    handles, labels = axes.get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))  # a label that several marks share, once
    if named or further:
        figure.legend(
            handles=[*named.values(), *further],
            loc="outside upper left" if left else "outside upper center",
            ncols=columns,
            frameon=False,
            title=title,
            title_fontsize=9,
        )


def show_picture(axes: Axes, picture: np.ndarray, *, title: str = "") -> None:
    """Show a uint8 picture (H, W, C) in an axes: sharp pixels, no ticks, no frame."""
    axes.imshow(picture.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(title, loc="left", fontsize=9, color=INK)


def training_curves(log: pd.DataFrame, *, began: Mapping[str, int] | None = None) -> Figure:
    """Losses (nats) of both networks, and D's probabilities before and after its update, by step.

    log: column step and any of loss_d, loss_g, d_real, d_fake_before, d_fake_after (probabilities
    in [0, 1]); NaN where a step has no value. Pale: every logged step; strong: running mean over
    about a thirtieth of the run. A column diversity (of the samples, real images = 1) adds a panel.
    A column trouble (lists of names, else NaN) gives each trouble a labelled vertical line, at its
    step in `began` or, where that does not name it, at the first line that does. Raises ValueError
    without step or any curve.
    """
    panels = {
        "loss (nats)": {"loss_d": "discriminator", "loss_g": "generator"},
        "probability “real”": {
            "d_real": "D(x)",
            "d_fake_before": "D(G(z)) before the update",
            "d_fake_after": "D(G(z)) after the update",
        },
    }
    known = [column for columns in panels.values() for column in columns]
    if "step" not in log or not any(column in log for column in known):
        raise ValueError(
            f"training log: expected step and some of {', '.join(known)}; "
            f"found {', '.join(map(str, log.columns)) or 'no columns'}"
        )
    levels: list[float | None] = [None, 0.5]  # drawn dashed
    if "diversity" in log and log["diversity"].notna().any():
        panels["diversity"] = {"diversity": "of the samples; real images have 1"}
        levels.append(1.0)
    figure, axes = new_figure(7.0, 2.7 * len(panels), rows=len(panels))
    axes[0, 0].get_gridspec().set_height_ratios([3.0, 3.0, 2.0][: len(panels)])
    for one, level, (label, columns) in zip(axes[:, 0], levels, panels.items(), strict=True):
        for colour, (column, name) in zip(PALETTE, columns.items(), strict=False):
            if column not in log:
                one.plot([], [], color=colour, label=f"{name} (not logged)")
                continue
            _draw_curve(one, log=log[["step", column]].dropna(), name=name, colour=colour)
        if level is not None:
            one.axhline(level, color=MUTED, linewidth=0.8, linestyle=(0, (4, 4)))
        if one is not axes[0, 0]:
            one.sharex(axes[0, 0])
        one.set_ylabel(label, color=INK)
        one.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1), borderpad=0)
    axes[1, 0].set_ylim(-0.02, 1.02)
    axes[-1, 0].set_xlabel("minibatch", color=INK)
    _mark_troubles(axes[:, 0], log, began or {})
    return figure


def _mark_troubles(panels: np.ndarray, log: pd.DataFrame, began: Mapping[str, int]) -> None:
    """Draw a vertical line through all panels where each trouble began, or was found."""
    named = log[log["trouble"].notna()] if "trouble" in log else log[:0]
    found: dict[str, int] = {}
    for step, names in zip(named["step"], named.get("trouble", []), strict=True):
        for name in names:
            found.setdefault(name, int(step))
    marks = {name: (step, "found at") for name, step in found.items()}
    marks |= {name: (step, "from") for name, step in began.items()}
    for index, (name, (step, since)) in enumerate(sorted(marks.items(), key=lambda mark: mark[1])):
        for axes in panels:
            axes.axvline(step, color=TROUBLE, linewidth=1.1, linestyle=(0, (1, 1.5)))
        late = step > log["step"].max() / 2
        label = panels[0].annotate(
            f"{name.replace('_', ' ')} {since} {step:,}",
            xy=(step, 0.98 - 0.13 * index),  # stacked: they may begin together
            xycoords=("data", "axes fraction"),
            xytext=(-4 if late else 4, 0),
            textcoords="offset points",
            ha="right" if late else "left",
            va="top",
            color=TROUBLE,
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )
        label.set_in_layout(False)


def _draw_curve(axes: Axes, *, log: pd.DataFrame, name: str, colour: str) -> None:
    step, value = log.iloc[:, 0], log.iloc[:, 1]
    smooth = value.rolling(max(1, len(log) // 30), center=True, min_periods=1).mean()
    axes.plot(step, value, color=colour, alpha=0.25, linewidth=0.8)
    axes.plot(step, smooth, color=colour, linewidth=1.8, label=name,
              marker="o" if len(log) < 3 else None)  # fmt: skip


def _enlarge_small_text(figure: Figure, *, smallest: float) -> None:
    """Raise text below `smallest` points; tick labels through their axis, which recreates them."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if any(float(label.get_fontsize()) < smallest for label in axis.get_ticklabels()):
                axis.set_tick_params(labelsize=smallest)
    for text in figure.findobj(Text):
        if isinstance(text, Text) and float(text.get_fontsize()) < smallest:
            text.set_fontsize(smallest)


def _stamped(picture: Image.Image, *, banner: str, title: str) -> Image.Image:
    """The picture under its banner strip and title; widened where the text needs it."""
    bold, plain = font(14, bold=True), font(15)
    lines = title.splitlines()
    words = [bold.getlength(banner) + 24, *(plain.getlength(line) + 4 for line in lines)]
    width = int(max(picture.width, SMALLEST_WIDTH, *words))
    strip = 26 if banner else 0
    top = strip + (21 * len(lines) + 8 if lines else 0)
    sheet = Image.new("RGB", (width, top + picture.height), PAPER)
    draw = ImageDraw.Draw(sheet)
    if banner:
        draw.rectangle((0, 0, width, strip - 1), fill=BANNER_PAPER)
        draw.text((12, strip / 2), banner, font=bold, fill=BANNER_INK, anchor="lm")
    for index, line in enumerate(lines):
        draw.text((2, strip + 14 + 21 * index), line, font=plain, fill=INK, anchor="lm")
    sheet.paste(picture, (0, top))
    return sheet


def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans as shipped with matplotlib: the same glyphs on every machine."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


def _write_png(path: Path, picture: Image.Image, *, kind: str) -> None:
    """Write a PNG without dates or versions, whole or not at all.

    Its text field `Kind` ("pixels" or "plot") tells the report whether to keep pixels sharp.
    """
    kind_of_picture = PngInfo()
    kind_of_picture.add_text("Kind", kind)
    with atomic_write(path) as temporary:
        picture.save(temporary, format="PNG", dpi=(DPI, DPI), pnginfo=kind_of_picture)
