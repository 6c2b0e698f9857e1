"""Windows of a generated bedroom: sky, panes, frame, sill and curtains."""

from dataclasses import dataclass

import numpy as np

from data_prep.generated.drawing.furniture import Wall, rectangle, slab
from data_prep.generated.drawing.layer import Colour, hsv, mix, shade
from data_prep.generated.drawing.perspective import Painter


@dataclass(frozen=True)
class Sky:
    """The view through every window of one room."""

    zenith: Colour
    horizon: Colour
    land: Colour
    horizon_height: float  # share of the pane's height that is land


@dataclass(frozen=True)
class Window:
    """A window: its wall and its outer extents in metres along and up that wall."""

    wall: Wall
    along: tuple[float, float]
    up: tuple[float, float]

    def corners(self) -> np.ndarray:
        """(4, 3) corners of the frame in the world."""
        (a, b), (low, high) = self.along, self.up
        return np.array([self.wall.at(x, y) for x, y in ((a, low), (b, low), (b, high), (a, high))])


@dataclass(frozen=True)
class WindowStyle:
    """Properties shared by all windows of one room."""

    panes: tuple[int, int]  # columns, rows
    frame: Colour
    curtain: Colour | None
    drawn: float  # share of the width covered by the curtain at each side


def draw_style(rng: np.random.Generator) -> WindowStyle:
    """White or wooden frames, one to six panes, curtains in under half of the rooms."""
    curtain = hsv(rng.uniform(0, 1), rng.uniform(0.05, 0.6), rng.uniform(0.5, 0.95))
    return WindowStyle(
        panes=((1, 1), (2, 1), (2, 2), (2, 3), (1, 2))[int(rng.integers(5))],
        frame=(245.0, 243.0, 238.0) if rng.random() < 0.75 else hsv(0.08, 0.5, 0.5),
        curtain=curtain if rng.random() < 0.45 else None,
        drawn=float(rng.uniform(0.04, 0.16)),
    )


def draw_sky(rng: np.random.Generator) -> Sky:
    """Mostly clear day; sometimes overcast, sunset or night fall."""
    weather = rng.choice(["clear", "pale", "sunset", "dusk"], p=[0.55, 0.27, 0.1, 0.08])
    hue = rng.uniform(0.53, 0.60)
    zenith, horizon = {
        "clear": (hsv(hue, rng.uniform(0.4, 0.65), 0.97), hsv(hue, 0.16, 1.0)),
        "pale": (hsv(hue, 0.14, 0.97), hsv(hue, 0.03, 1.0)),
        "sunset": (hsv(hue, 0.35, 0.85), hsv(rng.uniform(0.03, 0.09), 0.4, 1.0)),
        "dusk": (hsv(hue + 0.06, 0.75, 0.42), hsv(hue + 0.04, 0.45, 0.7)),
    }[str(weather)]
    land = hsv(rng.uniform(0.24, 0.40), rng.uniform(0.25, 0.5), rng.uniform(0.5, 0.8))
    if weather == "dusk":
        land = shade(land, 0.4)
    return Sky(zenith, horizon, land, float(rng.choice([0.0, rng.uniform(0.12, 0.4)])))


def add_window(
    painter: Painter, window: Window, sky: Sky, style: WindowStyle, *, ceiling: float
) -> None:
    """Paint a window; `ceiling`: height of the room, which limits the curtain rod."""
    frame = style.frame
    wall, (a, b), (low, high) = window.wall, window.along, window.up
    rectangle(painter, wall, along=(a, b), up=(low, high), out=0.012, colour=frame)
    edge = 0.055
    inner, bottom, top = (a + edge, b - edge), low + edge, high - edge
    middle = bottom + (top - bottom) * sky.horizon_height
    levels = np.linspace(middle, top, 7)
    for k in range(6):
        colour = mix(sky.horizon, sky.zenith, k / 5)
        band = (float(levels[k]), float(levels[k + 1]))
        rectangle(painter, wall, along=inner, up=band, out=0.014, colour=colour, glows=True)
    if sky.horizon_height > 0:
        for share, tone in ((1.0, 1.12), (0.62, 0.9)):
            band = (bottom, bottom + (middle - bottom) * share)
            land = shade(sky.land, tone)
            rectangle(painter, wall, along=inner, up=band, out=0.015, colour=land, glows=True)
    columns, rows = style.panes
    for k in range(1, columns):
        x = inner[0] + (inner[1] - inner[0]) * k / columns
        rectangle(
            painter, wall, along=(x - 0.02, x + 0.02), up=(bottom, top), out=0.02, colour=frame
        )
    for k in range(1, rows):
        y = bottom + (top - bottom) * k / rows
        rectangle(painter, wall, along=inner, up=(y - 0.02, y + 0.02), out=0.02, colour=frame)
    slab(
        painter,
        wall,
        along=(a - 0.05, b + 0.05),
        up=(low - 0.05, low),
        out=(0.0, 0.12),
        colour=shade(frame, 1.05),
    )
    if style.curtain is not None:
        _add_curtains(painter, window, style.curtain, drawn=style.drawn, ceiling=ceiling)


def _add_curtains(
    painter: Painter, window: Window, colour: Colour, *, drawn: float, ceiling: float
) -> None:
    wall, (a, b), (low, high) = window.wall, window.along, window.up
    covered = (b - a) * drawn
    top, bottom = min(high + 0.12, ceiling - 0.04), max(0.03, low - 0.12)
    for first, last in ((a - 0.14, a + covered), (b - covered, b + 0.14)):
        folds = 6
        edges = np.linspace(first, last, folds + 1)
        for k in range(folds):
            rectangle(
                painter,
                wall,
                along=(float(edges[k]), float(edges[k + 1])),
                up=(bottom, top),
                out=0.13,
                colour=shade(colour, (1.0, 1.12, 0.86)[k % 3]),
            )
    rod = (top - 0.015, top + 0.02)
    rectangle(painter, wall, along=(a - 0.2, b + 0.2), up=rod, out=0.131, colour=(70.0, 60.0, 55.0))
