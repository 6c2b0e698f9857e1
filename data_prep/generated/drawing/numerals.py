"""Digits as shapes: typefaces, a house number set in one of them, and its view in a crop.

`house_wall` paints them in colour. Typefaces are matplotlib's bundled fonts whose digits share one
line and one height, and OpenCV's strokes at three widths. A number is set on a strip on which every
digit is HEIGHT pixels high; a projective map takes the strip to the crop.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import ImageFont

SIZE = 32  # side of a crop, pixels
HEIGHT = 64  # of a digit on the strip, pixels
STRIP = (144, 288)  # height and width of the strip, pixels; the labelled digit is in its middle
FINE = 2  # masks have this multiple of the crop's size and are reduced by the area mean
RENDERED = 4  # a digit's outline is rendered at about this multiple of HEIGHT

FINE_AXIS = (np.arange(SIZE * FINE, dtype=np.float32) + 0.5) / FINE  # in a crop's pixels

FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic"),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"),
    *("cmb10", "cmr10", "cmss10", "cmtt10"),
)
STROKES = tuple(f"strokes {width}" for width in (20, 32, 46))  # pixels at the rendered size
TYPEFACES = FONTS + STROKES


@cache
def glyph(typeface: str, digit: int) -> np.ndarray:
    """The digit cut out at its bounding box: (HEIGHT, W) uint8, 255 = ink."""
    if typeface in STROKES:
        mask = _stroke_digit(digit, width=int(typeface.split()[1]))
    else:
        mask = _font_digit(typeface, digit)
    columns, rows = np.flatnonzero(mask.max(0)), np.flatnonzero(mask.max(1))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    width = max(1, round(box.shape[1] * HEIGHT / box.shape[0]))
    return cv2.resize(box, (width, HEIGHT), interpolation=cv2.INTER_AREA)


def _font_digit(typeface: str, digit: int) -> np.ndarray:
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{typeface}.ttf"
    font = ImageFont.truetype(str(path), RENDERED * HEIGHT)
    mask = font.getmask(str(digit), mode="L")
    return np.array(mask, np.uint8).reshape(mask.size[1], mask.size[0])


def _stroke_digit(digit: int, *, width: int) -> np.ndarray:
    mask = np.zeros((400, 400), np.uint8)
    cv2.putText(mask, str(digit), (80, 320), cv2.FONT_HERSHEY_SIMPLEX, 10.0, 255, width)
    return mask


@dataclass(frozen=True)
class Lettering:
    """How a number is set; nothing in it depends on the labelled digit. Lengths in strip pixels.

    stretch: width of the digits relative to the typeface's own. weight: growth of the strokes. gap:
    between digits. step: how much lower each digit is than its left neighbour. before, after:
    neighbours, nearest first. bends: (n, n, 2) shifts of the shapes sideways and down at n x n
    places of the crop, which act like further typefaces. plate: left, right, top and bottom, from
    the labelled digit's middle, of the sign behind the number; None without a sign.
    """

    typeface: str
    stretch: float
    weight: int
    gap: float
    step: float
    before: tuple[int, ...]
    after: tuple[int, ...]
    bends: np.ndarray
    plate: tuple[float, float, float, float] | None


def draw_lettering(rng: np.random.Generator) -> Lettering:
    """A random lettering; the neighbours' digits are equally frequent."""
    digits = tuple(int(d) for d in rng.integers(0, 10, 4))
    before, after = (int(n) for n in rng.choice(3, 2, p=[0.42, 0.4, 0.18]))
    reach = rng.uniform(0.9, 3.0, 2) * HEIGHT
    top, bottom = rng.uniform(0.58, 1.0, 2) * HEIGHT
    plate = (-float(reach[0]), float(reach[1]), -float(top), float(bottom))
    return Lettering(
        typeface=TYPEFACES[int(rng.integers(len(TYPEFACES)))],
        stretch=float(rng.uniform(0.72, 1.12)),
        weight=int(rng.integers(0, 6)),
        gap=float(rng.uniform(0.04, 0.28)) * HEIGHT,
        step=float(rng.normal(0, 0.12)) * HEIGHT if rng.random() < 0.15 else 0.0,
        before=digits[:before],
        after=digits[2 : 2 + after],
        bends=rng.normal(0, rng.uniform(0, 0.05) * HEIGHT, (5, 5, 2)).astype(np.float32),
        plate=plate if rng.random() < 0.35 else None,
    )


def draw_view(rng: np.random.Generator) -> np.ndarray:
    """A random projective map (3, 3) from the strip to a crop, both in pixels.

    The labelled digit is near the crop's middle, 19 to 29 pixels high.
    """
    scale = rng.uniform(19, 29) / HEIGHT
    turn = np.deg2rad(np.clip(rng.normal(0, 6), -20, 20))
    slant = np.clip(rng.normal(0, 0.12), -0.35, 0.35)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    view = np.eye(3)
    view[:2, :2] = scale * rotation @ np.array([[1.0, slant], [0.0, 1.0]])
    view[2, :2] = rng.normal(0, 0.0012, 2)  # vanishing line: depth differs by about a tenth
    centre = np.eye(3)
    centre[:2, 2] = -STRIP[1] / 2, -STRIP[0] / 2
    middle = np.eye(3)
    middle[:2, 2] = SIZE / 2 + np.clip(rng.normal(0, 0.8, 2), -2, 2)
    return middle @ view @ centre


def number_masks(
    digit: int, lettering: Lettering, view: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cover of each pixel of the crop by the digits, and by the plate behind them.

    Two arrays (SIZE, SIZE) float32 in [0, 1]. The labelled digit's bounding box is centred on the
    strip, whichever digit it is.
    """
    strip = np.zeros((*STRIP, 2), np.uint8)
    mask = _shape(digit, lettering)
    _set(strip, mask, right=0.0, down=0.0)
    for neighbours, side in ((lettering.before, -1), (lettering.after, 1)):
        edge = mask.shape[1] / 2
        for place, neighbour in enumerate(neighbours, 1):
            neighbour_mask = _shape(neighbour, lettering)
            middle = edge + lettering.gap + neighbour_mask.shape[1] / 2
            _set(strip, neighbour_mask, right=side * middle, down=side * place * lettering.step)
            edge += lettering.gap + neighbour_mask.shape[1]
    if lettering.plate is not None:
        left, right, top, bottom = lettering.plate
        rows = slice(max(0, round(STRIP[0] / 2 + top)), round(STRIP[0] / 2 + bottom))
        columns = slice(max(0, round(STRIP[1] / 2 + left)), round(STRIP[1] / 2 + right))
        strip[rows, columns, 1] = 255
    seen = cv2.remap(strip, *_looked_up(view, lettering.bends), cv2.INTER_LINEAR)
    small = cv2.resize(seen, (SIZE, SIZE), interpolation=cv2.INTER_AREA) * np.float32(1 / 255.0)
    return small[..., 0].copy(), small[..., 1].copy()


def _looked_up(view: np.ndarray, bends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Position on the strip of each fine pixel of the crop: x and y, (SIZE * FINE, SIZE * FINE)."""
    back = np.linalg.inv(view).astype(np.float32)
    x, y, w = (row[0] * FINE_AXIS + (row[1] * FINE_AXIS + row[2])[:, None] for row in back)
    bent = cv2.resize(bends, (SIZE * FINE, SIZE * FINE), interpolation=cv2.INTER_CUBIC)
    # OpenCV's coordinates refer to pixel centres: pixel 0 covers [-0.5, 0.5)
    return x / w + bent[..., 0] - np.float32(0.5), y / w + bent[..., 1] - np.float32(0.5)


def _shape(digit: int, lettering: Lettering) -> np.ndarray:
    """The digit at the lettering's stretch and weight: (HEIGHT + weight, W) uint8."""
    mask = glyph(lettering.typeface, digit)
    weight = lettering.weight
    mask = cv2.resize(mask, (max(1, round(mask.shape[1] * lettering.stretch)), HEIGHT))
    if weight == 0:
        return mask
    before, after = weight // 2, weight - weight // 2
    padded = cv2.copyMakeBorder(mask, before, after, before, after, cv2.BORDER_CONSTANT, value=0)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (weight + 1, weight + 1))
    return cv2.dilate(padded, brush)


def _set(strip: np.ndarray, mask: np.ndarray, *, right: float, down: float) -> None:
    """Set a digit with its middle at this distance right of and below the strip's, in pixels."""
    height, width = mask.shape
    top = round(STRIP[0] / 2 + down - height / 2)
    left = round(STRIP[1] / 2 + right - width / 2)
    from_x, to_x = max(0, left), min(STRIP[1], left + width)
    from_y, to_y = max(0, top), min(STRIP[0], top + height)
    if from_x < to_x and from_y < to_y:
        there = strip[from_y:to_y, from_x:to_x, 0]
        np.maximum(there, mask[from_y - top : to_y - top, from_x - left : to_x - left], out=there)
