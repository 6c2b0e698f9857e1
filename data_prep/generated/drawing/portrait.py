"""One portrait, 96 x 96; the eyes are in the same place in every picture unless placed otherwise.

Layers from back to front: background, hair behind, neck and clothes, head (shaded by the light),
features, glasses, hair before.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from data_prep.generated.drawing import hair
from data_prep.generated.drawing.features import paint_features, paint_glasses
from data_prep.generated.drawing.head import Head, Person, mirrored
from data_prep.generated.drawing.layer import (
    Colour,
    Layer,
    gradient,
    hsv,
    lit,
    mix,
    over,
    shade,
    shadowed,
    smooth,
    to_bytes,
)

SIZE = 96  # pixels
EYES = (48.0, 42.0)  # pixels: the point midway between the eyes
SKINS: tuple[Colour, ...] = (
    (255, 226, 204),
    (246, 208, 177),
    (230, 182, 145),
    (205, 150, 110),
    (165, 112, 78),
    (122, 80, 56),
)
HAIRS: tuple[Colour, ...] = (
    (38, 32, 34),
    (72, 48, 36),
    (118, 76, 44),
    (176, 124, 66),
    (226, 190, 116),
    (168, 74, 38),
    (172, 170, 168),
)


@dataclass(frozen=True)
class Placement:
    """Position of a face relative to the usual place: pixels of 96, a factor, degrees clockwise."""

    right: float = 0.0
    down: float = 0.0
    scale: float = 1.0
    tilt: float = 0.0


USUAL = Placement()


def draw_person(
    rng: np.random.Generator, *, man: bool, smiling: bool, glasses: bool
) -> tuple[Person, dict[str, int]]:
    """A random person with the given attributes, and the numbers of hair and skin colour."""
    skin, tint = int(rng.integers(len(SKINS))), int(rng.integers(len(HAIRS)))
    skin_colour = shade(SKINS[skin], rng.uniform(0.95, 1.03))
    lips = mix(shade(skin_colour, 0.8), (170.0, 60.0, 62.0), 0.35)
    if not man:
        lips = mix(lips, hsv(rng.uniform(0.93, 1.02), 0.75, 0.78), rng.uniform(0.5, 0.9))
    style = rng.choice(5, p=[0.27, 0.24, 0.2, 0.19, 0.1] if man else [0.26, 0.24, 0.2, 0.2, 0.1])
    person = Person(
        man=man,
        smiling=smiling,
        glasses=glasses,
        skin=skin_colour,
        hair=shade(HAIRS[tint], rng.uniform(0.9, 1.1)),
        hair_style=int(style),
        beard=float(rng.choice([0.0, 0.25, 1.0], p=[0.5, 0.25, 0.25])) if man else 0.0,
        width=rng.uniform(0.96, 1.06) if man else rng.uniform(0.91, 0.99),
        jaw=rng.uniform(0.6, 1.0) if man else rng.uniform(0.0, 0.3),
        iris=hsv(rng.choice([0.08, 0.3, 0.57]), rng.uniform(0.35, 0.6), rng.uniform(0.3, 0.6)),
        lips=lips,
        clothes=hsv(rng.uniform(0, 1), rng.uniform(0.1, 0.75), rng.uniform(0.3, 0.95)),
        collar=int(rng.integers(3)),
        frame=hsv(rng.uniform(0, 1), rng.uniform(0.0, 0.5), rng.uniform(0.08, 0.2)),
        round_glasses=bool(rng.random() < 0.5),
        brow=rng.uniform(2.3, 3.2) if man else rng.uniform(1.2, 1.8),
        detail=int(rng.integers(1000)),
    )
    return person, {"skin": skin, "hair": tint}


def draw_portrait(
    person: Person, pose: float, rng: np.random.Generator, placement: Placement = USUAL
) -> np.ndarray:
    """Picture (96, 96, 3) uint8 of a person looking left (pose -1) to right (1)."""
    head = Head(pose)
    centre = (
        EYES[0] + placement.right + rng.uniform(-0.8, 0.8),
        EYES[1] + placement.down + rng.uniform(-0.8, 0.8),
    )
    scale = placement.scale * rng.uniform(0.97, 1.03)
    tilt = placement.tilt + rng.uniform(-3.5, 3.5)
    light_side = rng.uniform(-1, 1)
    picture = _background(rng)
    layers = [Layer(height=SIZE, width=SIZE) for _ in range(5)]
    for layer in layers:
        layer.place(centre=centre, scale=scale, degrees=tilt)
    back, body, face, features, front = layers
    hair.behind(back, person, head)
    _paint_body(body, person, head)
    _paint_head(face, person, head)
    paint_features(features, person, head)
    if person.glasses:
        paint_glasses(features, person, head)
    hair.before(front, person, head)

    across = gradient(height=SIZE, width=SIZE, degrees=0.0 if light_side < 0 else 180.0)
    strength = 0.12 + 0.22 * abs(light_side)
    light = 1.08 - strength * across
    skin_layer = face.reduced()
    rounded = light * (1.0 - 0.16 * _towards_edge(np.ascontiguousarray(skin_layer[..., 3])))
    parts = [lit(back.reduced(), light), lit(body.reduced(), light), lit(skin_layer, rounded)]
    for part, depth in zip(parts, (0.25, 0.0, 0.28), strict=True):
        if depth:
            picture = shadowed(
                picture, part[..., 3], shift=(-light_side, 3.0), blur=2.2, depth=depth
            )
        picture = over(picture, part)
    crown = lit(front.reduced(), light)
    skin = np.clip(shadowed(picture, crown[..., 3], shift=(0, 1.5), blur=1.2, depth=0.25), 0, 1)
    picture = over(skin, features.reduced())
    return to_bytes(over(picture, crown))


def _towards_edge(alpha: np.ndarray) -> np.ndarray:
    """(96, 96) in [0, 1]: 0 well inside the shape `alpha`, growing towards its outline."""
    return 1.0 - np.clip(cv2.GaussianBlur(alpha, (0, 0), 5.0) * 2 - 1, 0, 1)


def _background(rng: np.random.Generator) -> np.ndarray:
    first = hsv(rng.uniform(0, 1), rng.uniform(0.05, 0.55), rng.uniform(0.35, 1.0))
    second = mix(first, hsv(rng.uniform(0, 1), 0.4, rng.uniform(0.3, 1.0)), rng.uniform(0.1, 0.6))
    ramp = gradient(height=SIZE, width=SIZE, degrees=rng.uniform(0, 360))[..., None]
    colours = np.array([first, second], np.float32) / 255.0
    return colours[0] * (1 - ramp) + colours[1] * ramp


def _paint_body(layer: Layer, person: Person, head: Head) -> None:
    middle = np.array([head.outline(0, 0, 2)[0] * 0.8, 0.0])
    neck = 11.5 if person.man else 8.8
    skin = shade(person.skin, 0.84)
    throat = np.array([(-neck, 16), (neck, 16), (neck, 44), (-neck, 44)])
    layer.polygon(throat + middle, skin)
    wide, drop = (44.0, 42.0) if person.man else (36.0, 43.0)
    depth = (40.0, 50.0, 45.0)[person.collar]  # neckline: crew, V, shirt
    edge = neck + (1.5 if person.collar != 1 else 4.0)
    right = np.array(
        [
            (edge, 36.5),
            (edge + 7, 39),
            (wide * 0.72, drop + 2),
            (wide, drop + 11),
            (wide + 4, 62),
            (wide + 4, 140),  # below the picture, wherever the face is
        ]
    )
    left = right[::-1] * np.array([-1.0, 1.0])
    chest = np.array([(-edge, 36), (edge, 36), (0, depth + 4)])
    layer.polygon(chest + middle, shade(skin, 1.06))
    tip = np.array([[0.0, depth]])
    layer.polygon(np.concatenate([right, left, tip]) + middle, person.clothes)
    rim = np.concatenate([left[-1:], tip, right[:1]])
    layer.line(rim + middle, 1.8, shade(person.clothes, 0.78))
    if person.collar == 2:
        pale = mix(person.clothes, (255, 255, 255), 0.55)
        for sign in (-1.0, 1.0):
            flap = [(sign * edge, 35.5), (0.0, depth), (sign * 6, 52), (sign * (edge + 7), 42)]
            layer.polygon(np.array(flap) + middle, pale)


def _paint_head(layer: Layer, person: Person, head: Head) -> None:
    w, j = person.width, person.jaw
    for sign in (-1.0, 1.0):
        if sign * head.pose >= -0.2:  # the ear behind or level with the outline
            _paint_ear(layer, person, head, sign)
    right = [
        (9, -29, 0),
        (19, -23, 0),
        (23 * w, -9, 0),
        (23.2 * w, 3, 2),
        (21.8 * w, 13, 4),
        ((14.2 + 3.6 * j) * w, 23.5, 9),
        ((4.6 + 3.4 * j) * w, 30.6 + j, 16),
    ]
    layer.polygon(smooth(head.silhouette(mirrored(right))), person.skin)
    blush = mix(person.skin, (225.0, 95.0, 85.0), 0.16 if person.man else 0.28)
    for sign in (-1.0, 1.0):
        narrow = head.narrowing(sign * 13, 17)
        centre = head.at(sign * 13.0, 10.5, 17)
        layer.ellipse(centre, (5.0 * narrow, 3.6), mix(person.skin, blush, 0.6))
        layer.ellipse(centre, (3.4 * narrow, 2.4), blush)
        if sign * head.pose < -0.2:
            _paint_ear(layer, person, head, sign)
    if person.beard:
        _paint_beard(layer, person, head)


def _paint_ear(layer: Layer, person: Person, head: Head, sign: float) -> None:
    centre = head.at(sign * 23.8 * person.width, 5.0, -1)
    layer.ellipse(centre, (3.6, 6.2), shade(person.skin, 0.93), degrees=sign * 8)
    layer.ellipse(centre, (1.8, 3.8), shade(person.skin, 0.8), degrees=sign * 8)
    if not person.man:
        layer.ellipse((centre[0] + sign, centre[1] + 8.0), (2.0, 2.8), (240, 205, 90))


def _paint_beard(layer: Layer, person: Person, head: Head) -> None:
    w, j = person.width, person.jaw
    colour = mix(person.skin, person.hair, 0.26 + 0.6 * person.beard)
    low = 1.5 * person.beard
    outer = [
        (22.8 * w, 5, 2),
        (21.8 * w, 14, 4),
        ((14.2 + 3.6 * j) * w, 24 + low, 9),
        ((4.6 + 3.4 * j) * w, 31 + j + low, 16),
    ]
    inner = [(4.0, 13.6, 25), (9.5, 14.5, 23), (14.5, 14.5, 17), (20.0, 8.0, 9)]
    edge = head.silhouette(mirrored(outer))
    top = head.surface([(-x, y, z) for x, y, z in inner[::-1]] + inner)
    layer.polygon(np.concatenate([edge, top]), colour)
