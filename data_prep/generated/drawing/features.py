"""Eyes, brows, nose, mouth and glasses of the generated portraits.

The mouth alone distinguishes smiling from neutral, and the frame glasses from none: both are drawn
large enough to survive the reduction to 32 pixels.
"""

import numpy as np

from data_prep.generated.drawing.head import Head, Person
from data_prep.generated.drawing.layer import Layer, ellipse_points, mix, shade, smooth

EYE_X = 10.5
INK = (46.0, 32.0, 30.0)


def paint_features(layer: Layer, person: Person, head: Head) -> None:
    """Everything on the face except the frame of the glasses."""
    if person.glasses:
        for sign in (-1.0, 1.0):
            layer.polygon(_rim(person, head, sign), mix(person.skin, (255, 255, 255), 0.25))
    for sign in (-1.0, 1.0):
        _paint_eye(layer, person, head, sign)
        _paint_brow(layer, person, head, sign)
    _paint_nose(layer, person, head)
    if person.smiling:
        _paint_smile(layer, person, head)
    else:
        _paint_closed_mouth(layer, person, head)


def _paint_eye(layer: Layer, person: Person, head: Head, sign: float) -> None:
    x, y = head.at(sign * EYE_X, 0.0, 20.0)
    half = 5.0 * head.narrowing(sign * EYE_X, 20.0)
    lower = 1.9 if person.smiling else 2.6
    tilt = 0.0 if person.man else -0.5
    outer, inner = (x + sign * half, y + tilt), (x - sign * half, y + 0.4)
    upper = [inner, (x - sign * half * 0.45, y - 2.4), (x + sign * half * 0.4, y - 2.7), outer]
    lid = smooth(upper, closed=False, steps=4)
    under = [outer, (x + sign * half * 0.4, y + lower), (x - sign * half * 0.45, y + lower), inner]
    layer.polygon(np.concatenate([lid, smooth(under, closed=False, steps=4)]), (252, 250, 247))
    gaze = x + 1.3 * head.pose
    squeeze = min(1.0, half / 5.0 + 0.15)
    layer.ellipse((gaze, y - 0.1), (2.6 * squeeze, 2.6), person.iris)
    layer.ellipse((gaze, y - 0.1), (1.5 * squeeze, 1.5), (20, 16, 18))
    layer.ellipse((gaze + 0.9, y - 1.0), (0.75, 0.75), (255, 255, 255))
    layer.line(lid, 1.1 if person.man else 1.7, INK)
    if not person.man:
        layer.line([outer, (outer[0] + sign * 1.8, outer[1] - 1.7)], 1.3, INK)
    crease = lid - np.array([0.0, 1.7])
    layer.line(crease[2:-2], 0.6, shade(person.skin, 0.76))


def _paint_brow(layer: Layer, person: Person, head: Head, sign: float) -> None:
    colour = mix(shade(person.hair, 0.7), INK, 0.35)
    arch = 0.6 if person.man else 2.0
    level = -7.0 if person.man else -7.6
    raised = 0.8 if person.smiling else 0.0
    points = [
        (4.6, level - 0.3, 22.0),
        (10.5, level - arch - raised, 21.0),
        (16.5, level + 0.8, 17.0),
    ]
    line = head.surface([(sign * x, y, z) for x, y, z in points])
    layer.line(smooth(line, closed=False, steps=5), person.brow, colour)


def _paint_nose(layer: Layer, person: Person, head: Head) -> None:
    dark, light = shade(person.skin, 0.80), shade(person.skin, 1.10)
    wide = 4.3 if person.man else 3.4
    side = -1.0 if head.pose > 0.05 else 1.0  # the side that turns away is in the shade
    ridge = [(1.2 * -side, 1.0, 24), (0.4 * -side, 9.0, 29.5), (wide * -side, 11.5, 25)]
    layer.polygon(head.surface([*ridge, (2.6 * -side, 5.0, 22)]), shade(person.skin, 0.9))
    base = [(-wide, 10.6, 25), (-wide * 0.7, 12.4, 26), (0, 12.8, 29.5), (wide * 0.7, 12.4, 26)]
    line = smooth(head.surface([*base, (wide, 10.6, 25)]), closed=False, steps=4)
    layer.line(line, 1.2, dark)
    layer.ellipse(head.at(0, 9.2, 29.5), (1.5, 1.7), light)


def _lip(head: Head, half: float, levels: tuple[float, ...]) -> np.ndarray:
    """A curve from the left to the right corner of the mouth through these heights."""
    x = np.linspace(-half, half, len(levels))
    points = [(a, y, 25.0 - 0.05 * a * a) for a, y in zip(x, levels, strict=True)]
    return smooth(head.surface(points), closed=False, steps=5)


def _paint_closed_mouth(layer: Layer, person: Person, head: Head) -> None:
    half = 6.6 if person.man else 6.0
    full = 1.0 if person.man else 1.45
    line = _lip(head, half, (20.3, 20.0, 20.2, 20.0, 20.3))
    top = _lip(head, half, (20.3, 20.0 - 1.3 * full, 20.0 - 0.9 * full, 20.0 - 1.3 * full, 20.3))
    bottom = _lip(head, half, (20.3, 20.2 + 1.6 * full, 20.2 + 2.1 * full, 20.2 + 1.6 * full, 20.3))
    layer.polygon(np.concatenate([top, bottom[::-1]]), person.lips)
    layer.line(line, 0.9, shade(person.lips, 0.5))


def _paint_smile(layer: Layer, person: Person, head: Head) -> None:
    half = 10.2 if person.man else 9.6
    full = 1.1 if person.man else 1.6
    upper = _lip(head, half, (16.6, 18.3, 18.9, 18.3, 16.6))
    lower = _lip(head, half, (16.6, 22.6, 24.6, 22.6, 16.6))
    teeth = _lip(head, half * 0.92, (17.4, 21.4, 22.8, 21.4, 17.4))
    rim = np.concatenate([upper, lower[::-1]])
    layer.line(rim, 2.0 * full, person.lips, closed=True)
    layer.polygon(rim, (96, 30, 34))
    layer.polygon(np.concatenate([upper, teeth[::-1]]), (255, 253, 249))
    for sign in (-1.0, 1.0):
        fold = [(sign * 6.8, 11.0, 23), (sign * 11.0, 13.2, 20), (sign * 12.6, 17.2, 17)]
        crease = smooth(head.surface(fold), closed=False, steps=4)
        layer.line(crease, 0.9, shade(person.skin, 0.80))


def _rim(person: Person, head: Head, sign: float) -> np.ndarray:
    """Outline (48, 2) of one lens."""
    half = 8.3 * head.narrowing(sign * EYE_X, 22.0)
    power, tall = (2.3, 7.4) if person.round_glasses else (5.0, 6.2)
    centre = head.at(sign * (EYE_X + 0.4), 0.9, 23.0)
    return ellipse_points(centre, (half, tall), power=power, count=48)


def paint_glasses(layer: Layer, person: Person, head: Head) -> None:
    """A dark frame with rims, bridge and arms."""
    inner_edges = []
    for sign in (-1.0, 1.0):
        rim = _rim(person, head, sign)
        layer.line(rim, 2.5, person.frame, closed=True)
        (x, y), half = (rim.max(0) + rim.min(0)) / 2, np.ptp(rim[:, 0]) / 2
        glint = [(x - half * 0.1, y - 3.6), (x - half * 0.55, y + 1.4)]
        layer.line(glint, 0.8, (255, 255, 255))
        inner_edges.append((x - sign * half, y - 1.0))
        hinge = (x + sign * half, y - 1.5)
        ear = head.at(sign * 23.0 * person.width, 0.5, 1.0)
        if sign * (ear[0] - hinge[0]) > 0:
            layer.line([hinge, ear], 2.0, person.frame)
    middle = (np.array(inner_edges[0]) + inner_edges[1]) / 2 - np.array([0.0, 1.2])
    layer.line([inner_edges[0], middle, inner_edges[1]], 2.3, person.frame)
