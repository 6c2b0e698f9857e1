"""The furnishings of a generated bedroom: bed, bedside table, lamps, pictures.

Each function adds polygons to a `Painter`. A piece against a wall is built in that wall's frame
(`Wall`): `along` it, `up`, and `out` into the room.
"""

from dataclasses import dataclass

import numpy as np

from data_prep.generated.drawing.layer import Colour, hsv, mix, shade
from data_prep.generated.drawing.perspective import Painter

UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Wall:
    """A wall: its lower left corner seen from inside, directions, and length in metres."""

    corner: np.ndarray
    along: np.ndarray
    out: np.ndarray
    length: float

    def at(self, along: float, up: float, out: float = 0.0) -> np.ndarray:
        """The world point (3,) at these distances in metres."""
        return self.corner + self.along * along + UP * up + self.out * out


@dataclass(frozen=True)
class Bed:
    """Place of the bed (its head at `wall`, from `start` along it) and its sizes in metres."""

    wall: Wall
    start: float
    width: float
    length: float
    height: float  # of the mattress' top


def slab(
    painter: Painter,
    wall: Wall,
    *,
    along: tuple[float, float],
    up: tuple[float, float],
    out: tuple[float, float],
    colour: Colour,
    pieces: tuple[int, int] = (1, 1),
) -> None:
    """A box given by its extents in the wall's frame."""
    edges = (
        wall.along * (along[1] - along[0]),
        wall.out * (out[1] - out[0]),
        UP * (up[1] - up[0]),
    )
    painter.box(wall.at(along[0], up[0], out[0]), edges, colour, pieces=pieces)


def rectangle(
    painter: Painter,
    wall: Wall,
    *,
    along: tuple[float, float],
    up: tuple[float, float],
    out: float,
    colour: Colour,
    glows: bool = False,
) -> None:
    """A flat rectangle parallel to the wall, at the distance `out` from it."""
    painter.quad(
        wall.at(along[0], up[0], out),
        wall.along * (along[1] - along[0]),
        UP * (up[1] - up[0]),
        wall.out,
        colour,
        glows=glows,
    )


def add_bed(painter: Painter, bed: Bed, rng: np.random.Generator) -> None:
    """Headboard, frame, mattress, pillows, blanket and, sometimes, a footboard."""
    frame = hsv(rng.uniform(0.04, 0.11), rng.uniform(0.1, 0.65), rng.uniform(0.22, 0.85))
    sheet = hsv(rng.uniform(0, 1), rng.uniform(0.0, 0.12), rng.uniform(0.86, 0.98))
    cover = hsv(rng.uniform(0, 1), rng.uniform(0.12, 0.66), rng.uniform(0.35, 0.92))
    wall, start, stop = bed.wall, bed.start, bed.start + bed.width
    head_height = bed.height + rng.uniform(0.3, 0.65)
    padded = rng.random() < 0.4
    board = mix(cover, (150.0, 140.0, 130.0), 0.5) if padded else frame
    side = (start - 0.05, stop + 0.05)
    slab(painter, wall, along=side, up=(0, head_height), out=(0, 0.08), colour=board)
    if padded or rng.random() < 0.5:
        parts = int(rng.integers(2, 6))
        for k in range(parts):
            span = bed.width / parts
            panel = (start + span * (k + 0.06), start + span * (k + 0.94))
            height = (bed.height, head_height - 0.07)
            rectangle(painter, wall, along=panel, up=height, out=0.081, colour=shade(board, 1.14))
    foot_out = bed.length + 0.08
    footboard = rng.random() < 0.4
    beyond = (painter.camera.position - wall.at(0, 0, foot_out)) @ wall.out > 0
    foot_height = bed.height + rng.uniform(-0.08, 0.12)

    def add_footboard() -> None:
        out = (foot_out, foot_out + 0.06)
        slab(painter, wall, along=side, up=(0, foot_height), out=out, colour=frame)

    if footboard and not beyond:
        add_footboard()
    low = bed.height - rng.uniform(0.18, 0.26)
    slab(painter, wall, along=side, up=(0.06, low), out=(0.08, foot_out), colour=frame)
    slab(
        painter,
        wall,
        along=(start, stop),
        up=(low, bed.height),
        out=(0.08, foot_out - 0.02),
        colour=sheet,
        pieces=(3, 6),
    )
    _add_pillows(painter, bed, rng, mix(sheet, cover, float(rng.choice([0.0, 0.0, 0.3, 0.8]))))
    _add_blanket(painter, bed, rng, cover, sheet)
    if footboard and beyond:
        add_footboard()


def _add_blanket(
    painter: Painter, bed: Bed, rng: np.random.Generator, cover: Colour, sheet: Colour
) -> None:
    begin = 0.08 + bed.length * rng.uniform(0.26, 0.5)
    end = bed.length + 0.10
    top = bed.height + 0.05
    drop = bed.height - rng.uniform(0.16, 0.38)
    side = (bed.start - 0.06, bed.start + bed.width + 0.06)
    pattern = rng.choice(["plain", "stripes", "throw"])
    second = hsv(rng.uniform(0, 1), rng.uniform(0.1, 0.7), rng.uniform(0.4, 0.95))
    bands = 9 if pattern == "stripes" else 6
    edges = np.linspace(begin, end, bands + 1)
    for k in np.argsort(edges[:-1]):  # from the head to the foot
        colour = cover
        if (pattern == "stripes" and k % 2) or (pattern == "throw" and k in (3, 4)):
            colour = second
        span = (float(edges[k]), float(edges[k + 1]))
        lift = 0.012 if colour is second and pattern == "throw" else 0.0
        slab(
            painter,
            bed.wall,
            along=(side[0] - lift, side[1] + lift),
            up=(max(0.05, drop), top + lift),
            out=span,
            colour=colour,
            pieces=(3, 1),
        )
    fold = (begin - 0.02, begin + rng.uniform(0.14, 0.26))
    slab(
        painter,
        bed.wall,
        along=side,
        up=(top - 0.02, top + 0.02),
        out=fold,
        colour=mix(sheet, cover, 0.15),
        pieces=(3, 1),
    )


def _add_pillows(painter: Painter, bed: Bed, rng: np.random.Generator, colour: Colour) -> None:
    count = 2 if bed.width > 1.35 else 1
    rows = 2 if rng.random() < 0.3 else 1
    for row in range(rows):
        small = 1.0 - 0.25 * row
        tint = colour if row == 0 else hsv(rng.uniform(0, 1), rng.uniform(0.2, 0.7), 0.8)
        tilt = np.deg2rad(rng.uniform(25, 60))
        lean = -bed.wall.out * np.cos(tilt) + UP * np.sin(tilt)
        normal = bed.wall.out * np.sin(tilt) + UP * np.cos(tilt)
        half = 0.5 * (bed.width / count - 0.08) * small
        for k in range(count):
            middle = bed.start + bed.width * (k + 0.5) / count
            out = 0.36 + 0.16 * row
            centre = bed.wall.at(middle, bed.height + 0.05, out) + lean * 0.2 * small
            angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
            x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.55 * half
            y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.55 * 0.24 * small
            flat = x[:, None] * bed.wall.along + y[:, None] * lean
            for depth, size, tone in ((0.0, 1.0, 0.80), (0.05, 0.97, 0.93), (0.09, 0.8, 1.03)):
                painter.add(centre + flat * size + normal * depth, normal, shade(tint, tone))


def add_table(
    painter: Painter, wall: Wall, *, start: float, width: float, height: float, colour: Colour
) -> None:
    """A bedside table with a drawer."""
    slab(
        painter, wall, along=(start, start + width), up=(0, height), out=(0.02, 0.4), colour=colour
    )
    drawer = (start + 0.04, start + width - 0.04)
    for low, high in ((0.06, 0.45), (0.52, 0.92)):
        rectangle(
            painter,
            wall,
            along=drawer,
            up=(height * low, height * high),
            out=0.401,
            colour=shade(colour, 1.18),
        )


def add_lamp(
    painter: Painter,
    base: np.ndarray,
    *,
    stem: float,
    radius: float,
    shade_height: float,
    colour: Colour,
    glows: bool,
) -> None:
    """A lamp with a conical shade on a stem of `stem` metres standing at `base`."""
    towards = painter.camera.position - base
    towards = np.array([towards[0], 0.0, towards[2]]) / np.hypot(towards[0], towards[2])
    right = np.array([towards[2], 0.0, -towards[0]])
    metal = (90.0, 84.0, 80.0)
    foot = base + UP * 0.015
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    disc = np.cos(angle)[:, None] * right + np.sin(angle)[:, None] * towards
    painter.add(foot + disc * radius * 0.55, UP, metal)
    painter.quad(base - right * 0.02, right * 0.04, UP * (stem + 0.05), towards, metal)
    low, high = base + UP * stem, base + UP * (stem + shade_height)
    strips = 6
    for k in range(strips):  # lit strips give the cone its roundness
        x0, x1 = np.sin(np.pi * (np.array([k, k + 1]) / strips - 0.5))
        tone = 1.0 - 0.22 * abs(x0 + x1) / 2
        points = np.array(
            [
                low + right * radius * x0,
                low + right * radius * x1,
                high + right * radius * 0.62 * x1,
                high + right * radius * 0.62 * x0,
            ]
        )
        painter.add(points, towards, shade(colour, tone), glows=glows)


def add_picture(
    painter: Painter,
    wall: Wall,
    *,
    along: tuple[float, float],
    up: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """A framed picture: a landscape or coloured fields."""
    frame = hsv(rng.uniform(0.05, 0.12), rng.uniform(0, 0.6), rng.choice([0.15, 0.4, 0.9]))
    rectangle(painter, wall, along=along, up=up, out=0.02, colour=frame)
    inner = (along[0] + 0.04, along[1] - 0.04)
    low, high = up[0] + 0.04, up[1] - 0.04
    count = int(rng.integers(2, 5))
    levels = np.sort(rng.uniform(0.15, 0.9, count - 1))
    hue = rng.uniform(0, 1)
    for k, (a, b) in enumerate(zip([0.0, *levels], [*levels, 1.0], strict=True)):
        band = (low + (high - low) * a, low + (high - low) * b)
        colour = hsv(hue + 0.09 * k, rng.uniform(0.15, 0.8), rng.uniform(0.3, 0.95))
        rectangle(painter, wall, along=inner, up=band, out=0.021, colour=colour)
