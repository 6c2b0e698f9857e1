"""An LMDB of photo-like JPEGs of LSUN's shape, for timing: shorter side 256, quality 75, 15 KB.

Where in the flow: the input of `python -m repro bench prepare`; tests of the crop draw their
pictures here too. A canvas of shaded shapes of all sizes, with texture whose amplitude falls as
1/frequency, has the edges, smooth areas and noise that determine the decoding time of a JPEG and
the cost of a wrong crop. Every picture is a window of a canvas, so all differ.

Alone: `write_database(FOLDER, images=1000)`.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lmdb
import numpy as np
from PIL import Image

from repro.rng import generator

QUALITY = 75  # LSUN's JPEG quality
CANVAS = 1024  # pixels per side
PICTURES_PER_CANVAS = 2000
SHAPES = 700  # on a canvas
SMALLEST, LARGEST = 10.0, 260.0  # half their longer side, pixels; density falls as its cube
TEXTURE = 8.0  # standard deviation, grey levels

# (height, width) -> share: mostly 4:3, like LSUN's bedrooms
SHAPES_OF_LSUN = {
    (256, 341): 0.65,
    (256, 256): 0.12,
    (256, 455): 0.11,
    (341, 256): 0.12,
}


@dataclass(frozen=True)
class Database:
    """The result: the folder, the number of pictures and their mean size in bytes."""

    folder: Path
    images: int
    mean_bytes: float


def write_database(folder: Path, *, images: int) -> Database:
    """An LMDB in `folder` (created here) with `images` pictures and LSUN-like hexadecimal keys."""
    folder.mkdir(parents=True)
    written = 0
    environment = lmdb.open(str(folder), map_size=2**30 + images * 2**17, lock=False, sync=False)
    with environment, environment.begin(write=True) as transaction:
        for number, data in enumerate(jpegs(images)):
            transaction.put(f"{number * 2654435761 % 2**32:08x}{number:032x}".encode(), data)
            written += len(data)
    return Database(folder=folder, images=images, mean_bytes=written / images)


def jpegs(images: int, *, seed: int = 0) -> Iterator[bytes]:
    """`images` JPEG files in the mixture of `SHAPES_OF_LSUN`."""
    shapes, shares = list(SHAPES_OF_LSUN), list(SHAPES_OF_LSUN.values())
    for number in range(images):
        if number % PICTURES_PER_CANVAS == 0:
            canvas = photo_like(CANVAS, seed=seed, index=number // PICTURES_PER_CANVAS)
        draw = generator(seed, "bench window", number)
        height, width = shapes[draw.choice(len(shapes), p=shares)]
        top, left = draw.integers(0, (CANVAS - height, CANVAS - width), endpoint=True)
        yield encoded(canvas[top : top + height, left : left + width])


def encoded(picture: np.ndarray, *, quality: int = QUALITY) -> bytes:
    """(H, W, 3) uint8 -> JPEG file, 4:2:0."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def photo_like(side: int, *, seed: int, index: int) -> np.ndarray:
    """(side, side, 3) uint8: overlapping shaded shapes of all sizes, and texture."""
    draw = generator(seed, "bench canvas", index)
    canvas = np.full((side, side, 3), 128, np.float32)
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    share = draw.random(SHAPES)  # half-lengths of density r^-3, largest first
    lengths = 1 / np.sqrt(share / SMALLEST**2 + (1 - share) / LARGEST**2)
    for number, length in enumerate(sorted(lengths, reverse=True)):
        row, column = draw.uniform(0, side, 2)
        inside = (
            slice(max(0, int(row - length)), int(row + length) + 1),
            slice(max(0, int(column - length)), int(column + length) + 1),
        )
        down, right = (rows[inside] - row) / length, (columns[inside] - column) / length
        flatness = draw.uniform(0.4, 1)
        if number % 3 == 0:
            covered = right**2 + (down / flatness) ** 2 < 1
        else:
            covered = np.abs(down) < flatness
        colour = draw.normal(125, 40) + draw.normal(0, 12, 3)
        slope_down, slope_right = draw.normal(0, 30, 2)
        shade = slope_down * down + slope_right * right
        canvas[inside][covered] = (colour + shade[..., None])[covered]
    return np.clip(canvas + _texture(side, draw)[..., None], 0, 255).astype(np.uint8)


def _texture(side: int, draw: np.random.Generator) -> np.ndarray:
    """(side, side) noise of mean 0 whose amplitude falls as 1/frequency."""
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(np.fft.rfft2(draw.standard_normal((side, side))) / frequency)
    return TEXTURE * noise / noise.std()
