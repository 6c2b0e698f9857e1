"""One thing against a background; everything unrelated to its class is random.

Position, size, tilt, mirroring, colours, background, clutter, light and shadow are drawn
independently of the class.
"""

from dataclasses import dataclass

import numpy as np

from data_prep.generated.drawing.layer import (
    Layer,
    ellipse_points,
    gradient,
    hsv,
    lit,
    mix,
    over,
    shadowed,
    to_bytes,
)
from data_prep.generated.drawing.things import Thing, draw_palette


@dataclass(frozen=True)
class Nuisance:
    """How much the pictures of one set vary, apart from the class."""

    scale: tuple[float, float]  # the thing's extent as a share of the picture's
    degrees: float  # tilt to either side
    clutter: int  # maximum number of shapes in the background
    contrast: float  # of those shapes with the background, at most
    shift: float  # from the middle, beyond what fits: share of the picture's side


def draw_still_life(
    thing: Thing, *, size: int, nuisance: Nuisance, rng: np.random.Generator
) -> np.ndarray:
    """Picture (size, size, 3) uint8."""
    picture = _background(size, nuisance, rng)
    layer = Layer(height=size, width=size)
    scale = size / 2 * rng.uniform(*nuisance.scale)
    slack = max(0.0, size / 2 - scale) + nuisance.shift * size
    middle = size / 2 + rng.uniform(-slack, slack, 2)
    layer.place(
        centre=(float(middle[0]), float(middle[1])),
        scale=float(scale),
        degrees=float(rng.uniform(-nuisance.degrees, nuisance.degrees)),
        mirrored=bool(rng.random() < 0.5),
    )
    thing(layer, draw_palette(rng), rng)
    ramp = gradient(height=size, width=size, degrees=rng.uniform(0, 360))
    part = lit(layer.reduced(), 1.0 + rng.uniform(0.15, 0.4) * (0.45 - ramp))
    shift = (rng.uniform(-0.04, 0.04) * size, rng.uniform(0.02, 0.05) * size)
    depth = rng.uniform(0.15, 0.4)
    picture = shadowed(picture, part[..., 3], shift=shift, blur=0.03 * size, depth=depth)
    exposure = rng.uniform(0.8, 1.1) * rng.uniform(0.94, 1.06, 3).astype(np.float32)
    return to_bytes(over(picture, part) * exposure)


def _background(size: int, nuisance: Nuisance, rng: np.random.Generator) -> np.ndarray:
    first = hsv(rng.uniform(0, 1), rng.uniform(0.05, 0.6), rng.uniform(0.25, 1.0))
    second = mix(first, hsv(rng.uniform(0, 1), 0.4, rng.uniform(0.2, 1.0)), rng.uniform(0.1, 0.7))
    ramp = gradient(height=size, width=size, degrees=rng.uniform(0, 360))[..., None]
    ends = np.array([first, second], np.float32) / 255.0
    picture = ends[0] * (1 - ramp) + ends[1] * ramp
    layer = Layer(height=size, width=size)
    if rng.random() < 0.4:  # a table or the ground
        level = size * rng.uniform(0.55, 0.85)
        tilt = size * rng.uniform(-0.08, 0.08)
        ground = mix(second, hsv(rng.uniform(0, 1), 0.3, rng.uniform(0.2, 0.9)), 0.6)
        corners = [(0, level - tilt), (size, level + tilt), (size, size), (0, size)]
        layer.polygon(corners, ground)
    for _ in range(int(rng.integers(nuisance.clutter // 3, nuisance.clutter + 1))):
        tint = hsv(rng.uniform(0, 1), rng.uniform(0.1, 0.7), rng.uniform(0.2, 1.0))
        colour = mix(first, tint, rng.uniform(0.15, nuisance.contrast))
        centre = (float(rng.uniform(0, size)), float(rng.uniform(0, size)))
        radii = (float(size * rng.uniform(0.06, 0.3)), float(size * rng.uniform(0.04, 0.2)))
        count = int(rng.choice([4, 5, 24]))
        turn = float(rng.uniform(0, 360))
        if rng.random() < 0.3:
            end = np.array(centre) + rng.uniform(-0.6, 0.6, 2) * size
            layer.line([centre, end], size * float(rng.uniform(0.02, 0.08)), colour)
        else:
            layer.polygon(ellipse_points(centre, radii, degrees=turn, count=count), colour)
    return over(picture, layer.reduced())
