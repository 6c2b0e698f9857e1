"""Ten further things for the generated CIFAR-10, none of which the network is trained on.

Drawn in [-1, 1] x [-1, 1], y down; `OTHER_THINGS` maps class name to function.
"""

import numpy as np

from data_prep.generated.drawing.layer import (
    Layer,
    ellipse_points,
    mix,
    shade,
    smooth,
)
from data_prep.generated.drawing.things import INK, WHITE, Palette, Thing


def aeroplane(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """Seen from above at a slant: fuselage, swept wings, tail."""
    sweep = rng.uniform(0.3, 0.5)
    for sign, tone in ((-1.0, 0.92), (1.0, 0.72)):
        wing = [(0.22, sign * 0.08), (-0.12, sign * 0.08), (-sweep, sign * 0.95)]
        layer.polygon([*wing, (-sweep + 0.2, sign * 0.95)], shade(p.main, tone))
        tail = [(-0.62, sign * 0.05), (-0.84, sign * 0.05), (-0.98, sign * 0.42)]
        layer.polygon([*tail, (-0.84, sign * 0.42)], shade(p.second, tone))
    body = [(-0.92, 0), (-0.5, -0.13), (0.5, -0.16), (0.86, -0.1), (0.98, 0.0), (0.86, 0.1)]
    layer.polygon(smooth([*body, (0.5, 0.16), (-0.5, 0.13)], steps=6), p.pale)
    layer.polygon([(0.68, -0.1), (0.84, -0.07), (0.84, 0.07), (0.68, 0.1)], p.dark)
    layer.line([(-0.98, 0), (-0.55, 0)], 0.08, p.second)


def bicycle(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """Two wheels, a diamond frame, saddle and handlebar."""
    radius = rng.uniform(0.38, 0.43)
    for x in (-0.56, 0.56):
        layer.line(ellipse_points((x, 0.32), (radius, radius)), 0.12, p.dark)
        layer.ellipse((x, 0.32), (0.07, 0.07), p.dark)
    rear, crank, seat, front = (-0.56, 0.32), (-0.08, 0.32), (-0.22, -0.3), (0.4, -0.28)
    layer.line([rear, crank, front, seat, rear], 0.11, p.main)
    layer.line([seat, crank], 0.11, p.main)
    layer.line([(0.56, 0.32), (0.36, -0.5), (0.58, -0.58)], 0.1, p.main)
    layer.line([seat, (-0.25, -0.42)], 0.08, p.main)
    layer.line([(-0.4, -0.45), (-0.1, -0.45)], 0.13, p.dark)


def cat(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """A cat's head: pointed ears, eyes, nose, whiskers."""
    for sign in (-1.0, 1.0):
        layer.polygon([(sign * 0.8, -0.1), (sign * 0.72, -0.95), (sign * 0.1, -0.5)], p.main)
        inner = [(sign * 0.68, -0.3), (sign * 0.64, -0.74), (sign * 0.3, -0.5)]
        layer.polygon(inner, mix(p.main, p.second, 0.6))
    layer.ellipse((0, 0.12), (0.86, rng.uniform(0.66, 0.74)), p.main)
    layer.ellipse((0, 0.48), (0.42, 0.28), mix(p.main, WHITE, 0.55))
    for sign in (-1.0, 1.0):
        layer.ellipse((sign * 0.38, -0.02), (0.19, 0.2), p.pale)
        layer.ellipse((sign * 0.38, -0.02), (0.08, 0.18), INK)
        for end in (0.28, 0.5):
            layer.line([(sign * 0.3, 0.4), (sign * 1.0, end)], 0.05, p.dark)
    layer.polygon([(-0.13, 0.24), (0.13, 0.24), (0, 0.4)], p.dark)
    mouth = [(-0.2, 0.56), (0, 0.48), (0.2, 0.56)]
    layer.line(mouth, 0.06, p.dark)


def flower(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """Petals around a disc on a stem with two leaves."""
    green = shade(p.second, 0.7)
    layer.line([(0, 0), (0.04, 0.5), (0, 1.0)], 0.1, green)
    layer.ellipse((0.24, 0.68), (0.28, 0.1), green, degrees=-30)
    layer.ellipse((-0.22, 0.78), (0.26, 0.1), green, degrees=30)
    petals = int(rng.integers(5, 8))
    for k in range(petals):
        turn = 360.0 * k / petals + 12
        radians = np.deg2rad(turn)
        centre = (0.38 * np.cos(radians), -0.32 + 0.38 * np.sin(radians))
        layer.ellipse(centre, (0.32, 0.19), shade(p.main, 0.85 + 0.3 * (k % 2)), degrees=turn)
    layer.ellipse((0, -0.32), (0.22, 0.22), p.pale)
    layer.ellipse((0, -0.32), (0.12, 0.12), p.second)


def bottle(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """A slim bottle with neck, cap and label."""
    half = rng.uniform(0.28, 0.36)
    right = [(0.11, -0.8), (0.11, -0.42), (half, -0.12), (half, 0.9), (half - 0.06, 0.97)]
    left = [(-x, y) for x, y in right[::-1]]
    layer.polygon([*right, *left], p.main)
    layer.polygon([(0.1, -0.12), *right[2:], (0.1, 0.97)], shade(p.main, 0.72))
    layer.polygon([(-0.15, -0.98), (0.15, -0.98), (0.15, -0.76), (-0.15, -0.76)], p.dark)
    layer.polygon([(-half, 0.15), (half, 0.15), (half, 0.6), (-half, 0.6)], p.pale)
    layer.ellipse((0, 0.37), (0.13, 0.13), p.second)
    layer.line([(-half + 0.1, -0.02), (-half + 0.1, 0.12)], 0.06, mix(p.main, WHITE, 0.6))


def chair(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """Slanted view: back with slats, seat, four legs."""
    tall = rng.uniform(-0.98, -0.85)
    dark = shade(p.main, 0.66)
    for x, y in ((-0.28, 0.12), (0.62, 0.12)):
        layer.line([(x, y), (x, 0.72)], 0.11, dark)
    for x in (-0.58, 0.32):
        layer.line([(x, 0.28), (x, 0.95)], 0.12, p.main)
    for x in (-0.28, 0.62):
        layer.line([(x, tall), (x, 0.05)], 0.12, p.main)
    for y in (tall + 0.05, tall + 0.3, tall + 0.55):
        layer.line([(-0.28, y), (0.62, y)], 0.13, p.main)
    seat = [(-0.28, 0.0), (0.68, 0.0), (0.4, 0.28), (-0.64, 0.28)]
    layer.polygon(seat, p.second)
    front = [(-0.64, 0.28), (0.4, 0.28), (0.4, 0.38), (-0.64, 0.38)]
    layer.polygon(front, shade(p.second, 0.7))


def cloud(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """The sun with rays behind a cloud."""
    middle = np.array([-0.3, -0.35])
    for k in range(10):
        angle = 2 * np.pi * k / 10 + rng.uniform(-0.1, 0.1)
        way = np.array([np.cos(angle), np.sin(angle)])
        layer.line([middle + way * 0.46, middle + way * 0.64], 0.1, p.main)
    layer.ellipse((-0.3, -0.35), (0.36, 0.36), p.main)
    for tone, lift in ((0.8, 0.05), (1.0, 0.0)):
        colour = shade(p.pale, tone)
        for x, y, r in ((-0.45, 0.38, 0.3), (-0.05, 0.15, 0.4), (0.42, 0.22, 0.34)):
            layer.ellipse((x, y + lift), (r, r), colour)
        layer.ellipse((0.68, 0.42), (0.26, 0.26 + lift), colour)
        base = [(-0.45, 0.3 + lift), (0.68, 0.3 + lift), (0.68, 0.68 + lift), (-0.45, 0.68 + lift)]
        layer.polygon(base, colour)


def apple(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """A round fruit with a dent, stalk and leaf."""
    low = rng.uniform(0.84, 0.94)
    right = [
        (0.0, -0.38),
        (0.35, -0.55),
        (0.8, -0.3),
        (0.82, 0.25),
        (0.45, low),
        (0.12, low - 0.08),
    ]
    left = [(-x, y) for x, y in right[:0:-1]]
    outline = smooth([*right, *left], steps=7)
    layer.polygon(outline, shade(p.main, 0.8))
    layer.polygon(outline * 0.9 - np.array([0.07, 0.02]), p.main)
    layer.ellipse((-0.42, -0.08), (0.13, 0.26), mix(p.main, WHITE, 0.6), degrees=20)
    layer.line(smooth([(0, -0.34), (0.04, -0.6), (0.14, -0.86)], closed=False), 0.11, p.dark)
    layer.ellipse((0.38, -0.74), (0.28, 0.13), p.second, degrees=-22)


def guitar(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """A body with a waist, sound hole, neck and head."""
    wide = rng.uniform(0.44, 0.5)
    half = [(0.0, -0.12), (0.32, -0.08), (0.34, 0.14), (0.27, 0.3), (wide, 0.56), (0.36, 0.92)]
    outline = smooth([*half, (0, 0.98), *[(-x, y) for x, y in half[:0:-1]]], steps=6)
    layer.polygon(outline, shade(p.main, 0.68))
    layer.polygon((outline - np.array([0, 0.45])) * 0.88 + np.array([0, 0.45]), p.main)
    layer.line([(0, 0.2), (0, -0.72)], 0.14, p.dark)
    layer.polygon([(-0.14, -0.98), (0.14, -0.98), (0.11, -0.7), (-0.11, -0.7)], p.second)
    layer.ellipse((0, 0.32), (0.16, 0.16), INK)
    layer.line([(-0.2, 0.7), (0.2, 0.7)], 0.1, p.dark)
    layer.line([(0, -0.7), (0, 0.7)], 0.03, p.pale)


def clock(layer: Layer, p: Palette, rng: np.random.Generator) -> None:
    """An alarm clock: face, hands, two bells, feet."""
    for sign in (-1.0, 1.0):
        layer.ellipse((sign * 0.48, -0.66), (0.3, 0.2), p.second, degrees=sign * 35)
        layer.line([(sign * 0.4, 0.66), (sign * 0.58, 0.94)], 0.14, p.dark)
    layer.line([(0, -0.6), (0, -0.86)], 0.12, p.dark)
    layer.ellipse((0, 0.1), (0.76, 0.76), p.main)
    layer.ellipse((0, 0.1), (0.59, 0.59), p.pale)
    for k in range(12):
        angle = np.pi * k / 6
        way = np.array([np.cos(angle), np.sin(angle)])
        long = 0.42 if k % 3 == 0 else 0.48
        layer.line([way * long + [0, 0.1], way * 0.52 + [0, 0.1]], 0.05, p.dark)
    for length, thick in ((0.28, 0.11), (0.44, 0.08)):
        angle = rng.uniform(0, 2 * np.pi)
        end = (length * np.sin(angle), 0.1 - length * np.cos(angle))
        layer.line([(0, 0.1), end], thick, p.dark)


OTHER_THINGS: dict[str, Thing] = {
    "aeroplane": aeroplane,
    "apple": apple,
    "bicycle": bicycle,
    "bottle": bottle,
    "cat": cat,
    "chair": chair,
    "clock": clock,
    "cloud": cloud,
    "flower": flower,
    "guitar": guitar,
}
