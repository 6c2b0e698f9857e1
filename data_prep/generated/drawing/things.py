"""Ten things for the generated ImageNet: one function each, drawn in [-1, 1] x [-1, 1], y down.

`THINGS` maps class name to function; the network is trained on these, never on the other ten
(`other_things`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data_prep.generated.drawing.layer import (
    Colour,
    Layer,
    ellipse_points,
    hsv,
    mix,
    shade,
    smooth,
)

WHITE: Colour = (250.0, 249.0, 245.0)
INK: Colour = (40.0, 38.0, 44.0)


@dataclass(frozen=True)
class Palette:
    """Colours of one drawing, independent of its subject."""

    main: Colour
    second: Colour
    dark: Colour
    pale: Colour


Thing = Callable[[Layer, Palette, np.random.Generator], None]


def draw_palette(rng: np.random.Generator) -> Palette:
    """Two different hues, a dark and a pale one."""
    hue = rng.uniform(0, 1)
    other = hue + rng.uniform(0.2, 0.8)
    return Palette(
        main=hsv(hue, rng.uniform(0.5, 0.9), rng.uniform(0.55, 0.95)),
        second=hsv(other, rng.uniform(0.4, 0.85), rng.uniform(0.5, 0.95)),
        dark=hsv(rng.uniform(0, 1), rng.uniform(0.1, 0.5), rng.uniform(0.12, 0.28)),
        pale=hsv(rng.uniform(0, 1), rng.uniform(0.02, 0.15), rng.uniform(0.88, 1.0)),
    )


def star_points(spikes: int, inner: float, *, radius: float = 1.0) -> np.ndarray:
    """Corners (2 * spikes, 2) of a star with one spike upwards."""
    angle = np.arange(2 * spikes) * np.pi / spikes - np.pi / 2
    length = np.where(np.arange(2 * spikes) % 2 == 0, radius, radius * inner)
    return np.stack([np.cos(angle), np.sin(angle)], -1) * length[:, None]


def car(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """Side view: body, cabin with windows, two wheels."""
    roof = rng.uniform(-0.5, -0.42)
    cabin = [(-0.62, -0.05), (-0.4, roof), (0.22, roof), (0.55, -0.05)]
    layer.polygon(cabin, shade(p.main, 0.9))
    glass = mix(p.pale, (150, 205, 235), 0.6)
    layer.polygon(
        [(-0.5, -0.06), (-0.34, roof + 0.09), (-0.12, roof + 0.09), (-0.12, -0.06)], glass
    )
    layer.polygon([(-0.03, -0.06), (-0.03, roof + 0.09), (0.18, roof + 0.09), (0.42, -0.06)], glass)
    body = [(-0.97, 0.1), (-0.9, -0.06), (0.5, -0.1), (0.88, 0.0), (0.98, 0.14), (0.98, 0.36)]
    layer.polygon(smooth([*body, (-0.97, 0.36)], steps=4), p.main)
    layer.polygon([(-0.96, 0.24), (0.97, 0.24), (0.97, 0.36), (-0.96, 0.36)], shade(p.main, 0.72))
    layer.ellipse((0.9, 0.1), (0.07, 0.07), (255, 240, 170))
    layer.ellipse((-0.92, 0.1), (0.05, 0.07), (225, 50, 50))
    layer.line([(-0.08, -0.06), (-0.08, 0.24)], 0.03, shade(p.main, 0.7))
    for x in (-0.55, 0.55):
        layer.ellipse((x, 0.36), (0.24, 0.24), INK)
        layer.ellipse((x, 0.36), (0.11, 0.11), (205, 205, 210))


def house(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """Front view: wall, roof, door, windows, chimney."""
    wall = mix(p.pale, p.second, 0.25)
    layer.polygon([(0.35, -0.3), (0.35, -0.85), (0.58, -0.85), (0.58, -0.2)], shade(p.main, 0.7))
    layer.polygon([(-0.72, -0.2), (0.72, -0.2), (0.72, 0.85), (-0.72, 0.85)], wall)
    layer.polygon([(0.3, -0.2), (0.72, -0.2), (0.72, 0.85), (0.3, 0.85)], shade(wall, 0.93))
    layer.polygon([(-0.95, -0.12), (0.0, -0.9), (0.95, -0.12)], p.main)
    layer.polygon([(-0.95, -0.12), (0.95, -0.12), (0.9, -0.03), (-0.9, -0.03)], shade(p.main, 0.75))
    door = rng.uniform(-0.2, 0.05)
    layer.polygon(
        [(door, 0.25), (door + 0.3, 0.25), (door + 0.3, 0.85), (door, 0.85)], shade(p.dark, 1.6)
    )
    layer.ellipse((door + 0.24, 0.56), (0.03, 0.03), (240, 210, 110))
    for x in (-0.58, 0.34):
        layer.polygon([(x, 0.12), (x + 0.3, 0.12), (x + 0.3, 0.48), (x, 0.48)], WHITE)
        pane = [(x + 0.04, 0.16), (x + 0.26, 0.16), (x + 0.26, 0.44), (x + 0.04, 0.44)]
        layer.polygon(pane, (130, 190, 230))
        layer.line([(x + 0.15, 0.14), (x + 0.15, 0.46)], 0.04, WHITE)
        layer.line([(x + 0.02, 0.3), (x + 0.28, 0.3)], 0.04, WHITE)


def tree(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """A trunk with a round crown, or a conifer."""
    leaf = hsv(rng.choice([rng.uniform(0.22, 0.42), rng.uniform(0.02, 0.13)]), 0.65, 0.62)
    bark = hsv(rng.uniform(0.05, 0.09), 0.55, rng.uniform(0.3, 0.5))
    if rng.random() < 0.4:
        layer.polygon([(-0.1, 0.5), (0.1, 0.5), (0.12, 0.98), (-0.12, 0.98)], bark)
        for k in range(3):
            top, low, half = -0.98 + 0.42 * k, -0.28 + 0.42 * k, 0.42 + 0.16 * k
            layer.polygon([(0, top), (half, low), (-half, low)], shade(leaf, 0.85 + 0.12 * k))
            layer.polygon([(0, top), (half, low), (half * 0.2, low)], shade(leaf, 0.72 + 0.12 * k))
        return
    layer.polygon([(-0.12, 0.0), (0.12, 0.0), (0.2, 0.98), (-0.2, 0.98)], bark)
    layer.line([(0, 0.4), (0.3, 0.0)], 0.1, bark)
    spots = [(0, -0.5, 0.45), (-0.42, -0.2, 0.38), (0.42, -0.22, 0.38), (0.0, -0.1, 0.42)]
    for tone, shrink, lift in ((0.78, 1.0, 0.0), (1.0, 0.85, -0.07), (1.2, 0.42, -0.2)):
        for x, y, r in spots:
            radius = r * shrink * rng.uniform(0.94, 1.06)
            layer.ellipse((x - 0.06 * (1 - shrink), y + lift), (radius, radius), shade(leaf, tone))


def cup(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """A mug with a handle, a stripe and steam."""
    layer.line(ellipse_points((0.5, 0.15), (0.36, 0.36)), 0.15, shade(p.main, 0.85))
    flare = rng.uniform(0.0, 0.12)
    sides = [(-0.6, -0.4), (0.6, -0.4), (0.6 - flare, 0.78), (-0.6 + flare, 0.78)]
    base = ellipse_points((0, 0.78), (0.6 - flare, 0.14))
    layer.polygon(base, p.main)
    layer.polygon(sides, p.main)
    layer.polygon([(0.2, -0.4), (0.6, -0.4), (0.6 - flare, 0.8), (0.2, 0.9)], shade(p.main, 0.85))
    layer.polygon([(-0.59, 0.05), (0.59, 0.05), (0.58, 0.32), (-0.58, 0.32)], p.pale)
    layer.ellipse((0, -0.4), (0.6, 0.17), shade(p.main, 1.2))
    layer.ellipse((0, -0.38), (0.51, 0.12), (92, 58, 38))
    for x in (-0.2, 0.18):
        steam = [(x, -0.62), (x + 0.08, -0.74), (x - 0.05, -0.86), (x + 0.05, -1.0)]
        layer.line(smooth(steam, closed=False), 0.06, WHITE)


def fish(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """Side view: body, fins, tail, eye, stripes."""
    fin = shade(p.second, 0.95)
    layer.polygon(smooth([(-0.5, 0), (-0.98, -0.48), (-0.84, 0), (-0.98, 0.48)], steps=5), fin)
    layer.polygon(smooth([(-0.35, -0.3), (0.0, -0.75), (0.35, -0.62), (0.3, -0.3)], steps=5), fin)
    layer.polygon(smooth([(-0.1, 0.35), (-0.2, 0.68), (0.15, 0.62), (0.25, 0.35)], steps=5), fin)
    tall = rng.uniform(0.42, 0.52)
    body = [(-0.62, 0), (-0.2, -tall * 0.9), (0.3, -tall), (0.8, -0.2), (0.97, 0.04), (0.75, 0.28)]
    outline = smooth([*body, (0.3, tall), (-0.2, tall * 0.9)], steps=6)
    layer.polygon(outline, p.main)
    layer.ellipse((0.2, tall * 0.62), (0.5, tall * 0.3), mix(p.main, WHITE, 0.45))
    for x in (-0.22, 0.08):
        stripe = [(x, -tall * 0.8), (x + 0.1, -tall * 0.8), (x + 0.16, 0), (x + 0.1, tall * 0.75)]
        layer.polygon(smooth([*stripe, (x, tall * 0.75), (x + 0.06, 0)], steps=4), fin)
    layer.ellipse((0.62, -0.12), (0.13, 0.13), WHITE)
    layer.ellipse((0.65, -0.12), (0.07, 0.07), INK)
    layer.line([(0.95, 0.08), (0.74, 0.15)], 0.05, shade(p.main, 0.5))


def key(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """A ring, a shaft and a bit with teeth."""
    metal = mix(p.main, (235, 200, 95), rng.uniform(0.2, 0.8))
    dark = shade(metal, 0.72)
    layer.line([(-0.2, 0.06), (0.94, 0.06)], 0.19, dark)
    for x, length in ((0.56, 0.42), (0.84, 0.36 + 0.1 * rng.random())):
        layer.line([(x, 0.06), (x, length)], 0.17, dark)
        layer.line([(x, 0.0), (x, length - 0.06)], 0.12, metal)
    layer.line(ellipse_points((-0.56, 0.03), (0.32, 0.32)), 0.22, dark)
    layer.line(ellipse_points((-0.56, 0.0), (0.32, 0.32)), 0.19, metal)
    layer.line([(-0.2, 0.0), (0.92, 0.0)], 0.16, metal)
    layer.line([(-0.15, -0.04), (0.9, -0.04)], 0.04, shade(metal, 1.3))


def star(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """Five spikes, each with a light and a dark half."""
    corners = star_points(5, rng.uniform(0.42, 0.52))
    layer.line(corners, 0.1, shade(p.main, 0.55), closed=True)
    for k in range(10):
        tone = 1.15 if k % 2 else 0.82
        layer.polygon([(0, 0), corners[k], corners[(k + 1) % 10]], shade(p.main, tone))


def umbrella(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """A canopy of alternating panels and a hooked handle."""
    layer.line([(0, -0.9), (0, 0.72)], 0.08, p.dark)
    hook = ellipse_points((-0.16, 0.72), (0.16, 0.2), start=0, stop=180, count=12)
    layer.line(hook, 0.1, p.dark)
    top = np.array([0.0, -0.78])
    rim = np.linspace(-0.96, 0.96, 6)
    arc = ellipse_points((0, 0.0), (0.96, 0.78), start=180, stop=360)
    layer.polygon(arc, p.main)
    for k in range(5):
        left, right = rim[k], rim[k + 1]
        tint = p.main if k % 2 == 0 else p.second
        share = np.linspace(0, 1, 9)[:, None]
        bulge = np.sqrt(1 - (1 - share) ** 2)

        def rib(x: float, share: np.ndarray = share, bulge: np.ndarray = bulge) -> np.ndarray:
            return top + np.concatenate([x * bulge, 0.78 * share], axis=1)

        scallop = [((left + right) / 2, -0.08)]
        panel = np.concatenate([rib(left), scallop, rib(right)[::-1]])
        layer.polygon(panel, shade(tint, 1.1 - 0.09 * k))


def mushroom(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """A spotted cap on a pale stem."""
    stem = mix(p.pale, (245, 232, 205), 0.6)
    wide = rng.uniform(0.2, 0.28)
    foot = [(-wide, -0.1), (wide, -0.1), (wide * 1.3, 0.8), (0, 0.95), (-wide * 1.3, 0.8)]
    layer.polygon(smooth(foot, steps=5), stem)
    right = [(wide * 0.3, -0.1), (wide, -0.1), (wide * 1.3, 0.8), (wide * 0.5, 0.92)]
    layer.polygon(right, shade(stem, 0.86))
    layer.ellipse((0, 0.02), (0.8, 0.17), shade(stem, 0.75))
    cap = [(-0.92, 0.02), (-0.75, -0.5), (0, -0.9), (0.75, -0.5), (0.92, 0.02), (0, -0.04)]
    layer.polygon(smooth(cap, steps=7), p.main)
    for x, y, r in ((-0.45, -0.32, 0.13), (0.02, -0.6, 0.14), (0.45, -0.3, 0.15), (0, -0.22, 0.1)):
        layer.ellipse((x, y), (r * rng.uniform(0.8, 1.15), r * 0.85), WHITE)


def boat(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """A sailing boat: hull, mast, two sails, a pennant."""
    layer.line([(0, -0.92), (0, 0.45)], 0.07, shade(p.dark, 1.8))
    tip = rng.uniform(0.66, 0.8)
    layer.polygon([(0.06, -0.82), (0.06, 0.3), (tip, 0.3)], p.pale)
    layer.polygon([(-0.07, -0.7), (-0.07, 0.3), (-tip * 0.85, 0.3)], mix(p.pale, p.second, 0.6))
    layer.polygon([(0, -1.0), (0.3, -0.91), (0, -0.82)], p.second)
    hull = [(-0.95, 0.42), (0.98, 0.42), (0.7, 0.85), (-0.66, 0.85)]
    layer.polygon(hull, p.main)
    layer.polygon([(-0.95, 0.42), (0.98, 0.42), (0.92, 0.52), (-0.89, 0.52)], WHITE)
    layer.polygon([(-0.74, 0.74), (0.78, 0.74), (0.7, 0.85), (-0.66, 0.85)], shade(p.main, 0.7))


THINGS: dict[str, Thing] = {
    "boat": boat,
    "car": car,
    "cup": cup,
    "fish": fish,
    "house": house,
    "key": key,
    "mushroom": mushroom,
    "star": star,
    "tree": tree,
    "umbrella": umbrella,
}
