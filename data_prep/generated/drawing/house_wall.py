"""A house number on its wall as a camera in the street sees it: colours, light and lost detail.

`draw_house_number` draws one crop of SVHN's kind. Everything except the labelled digit's shape
(`numerals`) is drawn independently of the class.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from data_prep.generated.drawing.jpeg import from_jpeg, to_jpeg
from data_prep.generated.drawing.layer import hsv, shadowed, to_bytes
from data_prep.generated.drawing.numerals import SIZE, draw_lettering, draw_view, number_masks

LIGHT_DIGITS = 0.66  # share of the pictures with digits lighter than their background
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
AXIS = np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2  # pixels from the middle


@dataclass(frozen=True)
class Paint:
    """Colours (3,) float32 in [0, 1]: background, around the plate, digits, their outline."""

    behind: np.ndarray
    around: np.ndarray
    digits: np.ndarray
    outline: np.ndarray


def draw_house_number(digit: int, rng: np.random.Generator) -> np.ndarray:
    """A crop (SIZE, SIZE, 3) uint8 with `digit` in its middle."""
    lettering, view, paint = draw_lettering(rng), draw_view(rng), draw_paint(rng)
    digits, plate = number_masks(digit, lettering, view)
    if lettering.plate is None:
        picture = _wall(paint.behind, rng)
    else:
        picture = _laid(_wall(paint.around, rng), plate, paint.behind)
    picture = _shaded(picture, digits, rng)
    if rng.random() < 0.12:
        picture = _laid(picture, cv2.dilate(digits, np.ones((3, 3), np.uint8)), paint.outline)
    picture = _embossed(_laid(picture, digits, paint.digits), digits, rng)
    return _photographed(_lit(picture, rng), rng)


def draw_paint(rng: np.random.Generator) -> Paint:
    """Random colours; those of the digits and of their background differ in lightness."""
    contrast = 0.12 + 0.6 * rng.beta(1.2, 1.8)
    dark = rng.uniform(0.04, 0.96 - contrast)
    lightness = (dark, dark + contrast)
    light_digits = int(rng.random() < LIGHT_DIGITS)
    return Paint(
        behind=_colour(lightness[1 - light_digits], rng),
        around=_colour(rng.uniform(0.1, 0.9), rng),
        digits=_colour(lightness[light_digits], rng),
        outline=_colour(rng.uniform(0.05, 0.95), rng),
    )


def _colour(lightness: float, rng: np.random.Generator) -> np.ndarray:
    """A random colour of this luma: greyish, or of brick, wood and cream, or blue."""
    hue = rng.normal(0.06, 0.05) if rng.random() < 0.55 else rng.normal(0.6, 0.06)
    if rng.random() < 0.1:
        hue = rng.uniform(0, 1)
    tint = np.array(hsv(hue, rng.beta(1.1, 3.4), 1.0), np.float32) / 255.0
    colour = np.minimum(tint * np.float32(lightness / float(tint @ LUMA)), 1.0)
    reached = float(colour @ LUMA)  # too low where a saturated colour was clipped at 1
    return colour + (1.0 - colour) * np.float32((lightness - reached) / (1.0 - reached))


def _laid(picture: np.ndarray, mask: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """`colour` painted over the picture where `mask` (SIZE, SIZE) covers it."""
    return picture + mask[..., None] * (colour - picture)


def _wall(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Plaster, boards or courses of bricks, with an edge of something else: (SIZE, SIZE, 3)."""
    coarse = rng.normal(0, rng.uniform(0, 0.07), (6, 6)).astype(np.float32)
    blotches = cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    wall: np.ndarray = colour * (1.0 + blotches)[..., None]
    if rng.random() < 0.35:
        period, width = rng.uniform(4, 16), rng.uniform(0.7, 2.0)  # pixels
        across = _distance(90.0 * rng.integers(0, 2) + rng.normal(0, 5)) + rng.uniform(0, period)
        joint = np.clip(width - np.abs(across % period - period / 2), 0, 1)
        wall = wall * (1.0 + rng.uniform(-0.35, 0.2) * joint)[..., None]
    for _ in range(int(rng.choice(3, p=[0.6, 0.3, 0.1]))):  # a door frame, a letter box, a pipe
        beyond = _distance(90.0 * rng.integers(0, 4) + rng.normal(0, 6)) - rng.uniform(8, 16)
        wall = _laid(wall, np.clip(beyond, 0, 1), _colour(rng.uniform(0.05, 0.95), rng))
    return wall


def _distance(degrees: float) -> np.ndarray:
    """Distance of each pixel from the middle in direction `degrees`: (SIZE, SIZE), pixels."""
    x, y = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return AXIS[None, :] * np.float32(x) + AXIS[:, None] * np.float32(y)


def _shaded(picture: np.ndarray, digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The shadow that raised digits cast on the wall, in some pictures."""
    if rng.random() < 0.65:
        return picture
    shift = (float(rng.uniform(-2, 2)), float(rng.uniform(0.3, 2)))
    blur, depth = rng.uniform(0.4, 1.2), rng.uniform(0.2, 0.6)
    return shadowed(picture, digits, shift=shift, blur=blur, depth=depth)


def _embossed(picture: np.ndarray, digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A gleam along one side of the digits and shade along the other, in some pictures."""
    if rng.random() < 0.7:
        return picture
    dx, dy = (float(v) for v in rng.uniform(-1, 1, 2))
    slope = dx * cv2.Sobel(digits, -1, 1, 0) + dy * cv2.Sobel(digits, -1, 0, 1)
    return picture + np.float32(rng.uniform(0.02, 0.07)) * slope[..., None]


def _lit(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Uneven light, in some pictures the edge of a shadow, haze, and the camera's white balance."""
    picture = picture * (1.0 + rng.uniform(0, 0.02) * _distance(rng.uniform(0, 360)))[..., None]
    if rng.random() < 0.15:
        edge = (_distance(rng.uniform(0, 360)) - rng.uniform(-10, 10)) / rng.uniform(1, 4)
        shade = rng.uniform(0.3, 0.6) * np.clip(edge, 0, 1)
        picture = picture * (1.0 - shade)[..., None]
    haze = rng.uniform(0, 0.25) if rng.random() < 0.4 else 0.0
    picture = picture * (1 - haze) + haze * rng.uniform(0.3, 0.7)
    return picture * rng.uniform(0.92, 1.08, 3).astype(np.float32)


def _photographed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, a coarser resolution, noise and JPEG's artefacts: (SIZE, SIZE, 3) uint8."""
    if rng.random() < 0.6:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.4))
    side = int(rng.integers(11, SIZE)) if rng.random() < 0.5 else SIZE  # pixels of the camera
    if side < SIZE:
        picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    noise = rng.standard_normal(picture.shape, np.float32) * np.float32(rng.uniform(0, 0.05))
    pixels = to_bytes(picture + noise)
    if rng.random() < 0.7:
        pixels = from_jpeg(to_jpeg(pixels, quality=int(rng.integers(30, 95))))
    if side < SIZE:
        pixels = cv2.resize(pixels, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    return pixels
