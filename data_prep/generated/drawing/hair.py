"""Hair of the generated portraits: five styles for men and five for women.

`behind` is painted under the head, `before` over it (and over the clothes, for long hair).
"""

import numpy as np

from data_prep.generated.drawing.head import Head, Person, mirrored
from data_prep.generated.drawing.layer import Layer, shade, smooth

Curve = list[tuple[float, float, float]]  # points (x, y, z) on the head
MEN = ("side parting", "cropped", "quiff", "curly", "receding")
WOMEN = ("long", "wavy", "bob", "fringe", "bun")
WANTS_BACK = (True, False, True, True, False)  # hair at the nape, by index of the man's style


def behind(layer: Layer, person: Person, head: Head) -> None:
    """Hair at the back of the head, down to the shoulders for long hair."""
    dark = shade(person.hair, 0.72)
    if person.man:
        back = mirrored([(8, -33, -4), (22, -25, -4), (25.5, -8, -6), (24, 10, -8), (15, 20, -10)])
        if WANTS_BACK[person.hair_style]:
            layer.polygon(smooth(head.silhouette(back)), dark)
        return
    style = WOMEN[person.hair_style]
    if style == "bun":
        layer.ellipse(head.outline(0, -37, -8), (11, 9), dark)
        back = mirrored([(8, -33, -4), (23, -25, -4), (26, -8, -6), (23, 10, -8), (12, 18, -10)])
    elif style == "bob":
        back = mirrored([(8, -34, -4), (25, -26, -5), (31, -5, -6), (33, 18, -6), (29, 31, -6)])
    else:
        flare = 4.0 if style == "wavy" else 0.0
        back = mirrored(
            [
                (8, -34, -4),
                (25, -26, -5),
                (30, -5, -6),
                (31 + flare, 18, -7),
                (31, 36, -8),
                (31 + flare, 62, -8),
            ]
        )
    layer.polygon(smooth(head.silhouette(back)), dark)


def before(layer: Layer, person: Person, head: Head) -> None:
    """Hair on the crown, at the temples and, for long hair, down both sides."""
    if person.man:
        _man(layer, person, head)
    else:
        _woman(layer, person, head)


def _cap(
    layer: Layer,
    person: Person,
    head: Head,
    hairline: Curve,
    *,
    rise: float,
    side: float,
) -> None:
    """Hair between the crown (`rise` above the skull) and the hairline (left to right)."""
    top = -29.0 - rise
    crown = [
        (23.5, side, -4),
        (25.2, -8, -4),
        (23.5, -20, -3),
        (14, top + 4, -2),
        (0, top, -1),
        (-14, top + 4, -2),
        (-23.5, -20, -3),
        (-25.2, -8, -4),
        (-23.5, side, -4),
    ]
    outer = smooth(head.silhouette(crown), closed=False, steps=5)
    inner = smooth(head.surface(hairline), closed=False, steps=5)
    layer.polygon(np.concatenate([outer, inner]), person.hair)
    shine = [(x * 0.78, y * 0.80 - 3.5, 4.0) for x, y, _ in crown[2:7]]
    layer.line(smooth(head.silhouette(shine), closed=False, steps=4), 2.2, shade(person.hair, 1.22))


def _man(layer: Layer, person: Person, head: Head) -> None:
    style = MEN[person.hair_style]
    middle: Curve

    side = 1.0 if person.detail % 2 else -1.0
    temple = [(-22.5, 4, 3), (-20.5, -6, 9)]
    right_temple = [(20.5, -6, 9), (22.5, 4, 3)]
    if style == "side parting":
        middle = [(-17, -14, 14), (-9 * side, -20, 17), (3 * side, -17, 18), (17, -14, 14)]
        middle.sort()
        _cap(layer, person, head, [*temple, *middle, *right_temple], rise=4.5, side=6)
        parting = [(-9 * side, -20, 17), (-8 * side, -27, 10), (-7 * side, -32, 4)]
        layer.line(head.surface(parting), 1.0, shade(person.hair, 0.65))
    elif style == "cropped":
        middle = [(-18, -15, 13), (-8, -19.5, 17), (8, -19.5, 17), (18, -15, 13)]
        _cap(layer, person, head, [*temple, *middle, *right_temple], rise=1.5, side=5)
    elif style == "quiff":
        middle = [(-18, -15, 13), (-9, -20, 17), (8, -21, 17), (18, -15, 13)]
        _cap(layer, person, head, [*temple, *middle, *right_temple], rise=5.0, side=5)
        wave: Curve = [(-13, -20, 17), (-15, -30, 14), (-4, -38, 12), (11, -37, 12), (17, -27, 14)]
        wave = [(x * side, y, z) for x, y, z in wave] + [(4 * side, -20, 18)]
        layer.polygon(smooth(head.surface(wave)), shade(person.hair, 1.12))
    elif style == "curly":
        middle = [(-17, -15, 14), (-8, -18, 17), (8, -18, 17), (17, -15, 14)]
        _cap(layer, person, head, [*temple, *middle, *right_temple], rise=4.0, side=5)
        for k, angle in enumerate(np.linspace(188, 352, 11)):
            x, y = 23 * np.cos(np.deg2rad(angle)), -8 + 25 * np.sin(np.deg2rad(angle))
            tone = (1.0, 1.15, 0.85)[(k + person.detail) % 3]
            layer.ellipse(head.outline(x, y, 2), (5.6, 5.2), shade(person.hair, tone))
        for k in range(4):
            point = head.at(-12 + 8 * k, -20 + 1.5 * (k % 2), 15)
            layer.ellipse(point, (5.2, 4.4), shade(person.hair, (1.1, 0.9)[k % 2]))
    else:  # receding: hair at the sides only
        for sign in (-1.0, 1.0):
            patch = [
                (sign * 24.4, 6, -3),
                (sign * 25.5, -8, -5),
                (sign * 22.0, -20, -4),
            ]
            inner = [(sign * 19.5, -14, 8), (sign * 21, -4, 6), (sign * 22.3, 5, 3)]
            points = np.concatenate([head.silhouette(patch), head.surface(inner)])
            layer.polygon(smooth(points, steps=4), person.hair)


def _woman(layer: Layer, person: Person, head: Head) -> None:
    style = WOMEN[person.hair_style]
    middle: Curve

    side = 1.0 if person.detail % 2 else -1.0
    temple, right_temple = [(-22.5, 4, 3), (-20, -4, 9)], [(20, -4, 9), (22.5, 4, 3)]
    if style == "fringe":
        middle = [(-18.5, -8, 13), (-9, -10.5, 18), (0, -10, 19), (9, -10.5, 18), (18.5, -8, 13)]
    elif style == "bun":
        middle = [(-18, -13, 13), (-9, -19, 17), (0, -21, 18), (9, -19, 17), (18, -13, 13)]
    else:  # parted
        middle = [
            (-18, -9, 13),
            (-11, -15 - 2 * side, 16),
            (-4 * side, -22, 17),
            (11, -15 + 2 * side, 16),
            (18, -9, 13),
        ]
    _cap(layer, person, head, [*temple, *middle, *right_temple], rise=4.5, side=8)
    if style == "bun":
        return
    length = {"bob": 31.0, "long": 60.0, "wavy": 58.0, "fringe": 48.0}[style]
    for sign in (-1.0, 1.0):
        _lock(layer, person, head, sign, length, wavy=style == "wavy")


def _lock(
    layer: Layer, person: Person, head: Head, sign: float, length: float, *, wavy: bool
) -> None:
    """Hair that falls from the temple beside the face."""
    levels = np.linspace(-16, length, 8)
    sway = 2.2 * np.sin(np.arange(8) * 1.9 + person.detail) if wavy else np.zeros(8)
    outward = np.interp(levels, [-16, 0, 20, 60], [23.0, 28.5, 31.0, 31.5])
    inward = np.interp(levels, [-16, 0, 12, 28, 60], [18.0, 20.5, 20.0, 18.5, 17.0])
    outer = [(sign * (o + s), y, -3) for o, s, y in zip(outward, sway, levels, strict=True)]
    inner = [(sign * (i + s), y, 7) for i, s, y in zip(inward, sway, levels, strict=True)]
    edge = smooth(head.silhouette(outer), closed=False, steps=3)
    face = smooth(head.surface(inner), closed=False, steps=3)
    tip = [(edge[-1] + face[-1]) / 2 + [0.0, 4.0]]
    layer.polygon(np.concatenate([edge, tip, face[::-1]]), person.hair)
    for share, tone in ((0.35, 1.18), (0.7, 0.84)):
        strand = edge[4:-2] * (1 - share) + face[4:-2] * share
        layer.line(strand, 1.1, shade(person.hair, tone))
