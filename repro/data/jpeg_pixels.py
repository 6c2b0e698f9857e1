"""JPEGs by libjpeg-turbo, scaled by eighths while they are decoded.

Where in the flow: repro/data/decoders.py passes every JPEG here. The decode is strict: damage is an
error, except in metadata and in filling before the end. CMYK and odd subsampling go through Pillow.
Alone: `jpeg_pixels(path.read_bytes(), channels=3, at_least=64, centred=True)`.
"""

import re

import numpy as np
import simplejpeg

from repro.data.formats import UnreadableImage
from repro.data.picture_parts import (
    Stored,
    bare_jpeg,
    jpeg_held_whole,
    jpeg_orientation,
    jpeg_scan_end,
)
from repro.data.pillow_pixels import MAX_PIXELS, opened, plain_pixels, reason_of

MAX_HELD = MAX_PIXELS * 3 // 2  # of a JPEG whose coefficients are held as well, 6 bytes per pixel
EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0xd9")  # a warning of libjpeg's
# More bytes than these before a JPEG's end, unless all are equal, are the rest of a damaged scan:
# of 563 such scans (bits flipped, 20 bytes replaced) one in fifty leaves fewer.
MOST_FILLING = 16


def jpeg_pixels(data: bytes, *, channels: int, at_least: int, centred: bool) -> Stored:
    """Decode by libjpeg-turbo, scaled; CMYK and odd subsampling by Pillow, scaled if too large.

    at_least: pixels of the shorter side; 0: not scaled.
    """
    orientation = jpeg_orientation(data)
    shape, colours = _jpeg_header(data)
    if shape is None or colours in ("CMYK", "YCCK"):
        return _pillow_jpeg(data, orientation, channels=channels, at_least=at_least)
    height, width = shape
    if centred:
        at_least = _scaled_side(height, width, at_least)
    _refuse_too_large(data, height, width, at_least)
    image = _libjpeg(data, channels=channels, at_least=at_least)
    rows, columns = image.shape[:2]
    eighths = 8 * max(rows, columns) // max(height, width)  # libjpeg rounds sizes up
    extent = (min(height * eighths / 8, rows), min(width * eighths / 8, columns))
    return Stored(image, orientation, extent, libjpeg=True, shape=shape)


def _pillow_jpeg(data: bytes, orientation: int, *, channels: int, at_least: int) -> Stored:
    with opened(bare_jpeg(data), "jpeg") as picture:
        shape, scale = (picture.height, picture.width), 1
        if at_least and picture.width * picture.height > MAX_PIXELS:
            picture.draft(None, (at_least, at_least))
            scale = round(max(shape) / max(picture.size))
        image = plain_pixels(picture, channels=channels)
    extent = (shape[0] / scale, shape[1] / scale)
    return Stored(image, orientation, extent, libjpeg=False, shape=shape)


def _jpeg_header(data: bytes) -> tuple[tuple[int, int] | None, str]:
    """Height and width, and how colours are coded; None where libjpeg-turbo does without."""
    for each in (data, bare_jpeg(data)):
        try:
            height, width, colours, _ = simplejpeg.decode_jpeg_header(each)
        except Exception:
            continue
        return (height, width), colours
    return None, ""


def _refuse_too_large(data: bytes, height: int, width: int, at_least: int) -> None:
    """Raise UnreadableImage where the picture would take too much memory, scaled by eighths."""
    if height * width <= MAX_PIXELS:
        return
    eighths = min(8, -(-8 * at_least // min(height, width))) if at_least else 8
    held = jpeg_held_whole(data) and height * width > MAX_HELD
    if held or height * width * eighths**2 > 64 * MAX_PIXELS:
        raise UnreadableImage("too_large", f"{width}x{height} pixels")


def _libjpeg(data: bytes, *, channels: int, at_least: int) -> np.ndarray:
    """Strict decode, if necessary without metadata and without filling before the end."""
    try:
        return _strictly(data, channels=channels, at_least=at_least)
    except UnreadableImage:
        bare = bare_jpeg(data)
    try:
        return _strictly(bare, channels=channels, at_least=at_least)
    except UnreadableImage as error:
        whole = _unfilled(bare, str(error))
        if whole is None:
            raise
    return _strictly(whole, channels=channels, at_least=at_least)


def _strictly(data: bytes, *, channels: int, at_least: int) -> np.ndarray:
    """Decode what libjpeg accepts without a warning. at_least: as for `jpeg_pixels`."""
    try:
        return simplejpeg.decode_jpeg(
            data,
            colorspace="RGB" if channels == 3 else "GRAY",
            min_height=at_least,
            min_width=at_least,
            strict=True,
        )
    except MemoryError:
        raise
    except Exception as error:
        raise UnreadableImage(reason_of(str(error)), str(error)) from None


def _unfilled(data: bytes, complaint: str) -> bytes | None:
    """A JPEG without the filling before its end of which libjpeg complains; None: there is none."""
    found = EXTRANEOUS.search(complaint)
    if found is None:
        return None
    end = jpeg_scan_end(data)
    filling = data[max(0, end - int(found[1])) : end]
    if len(filling) > MOST_FILLING and len(set(filling)) > 1:
        return None
    return data[: end - len(filling)] + data[end:]


def _scaled_side(height: int, width: int, size: int) -> int:
    """Shorter side at which to decode a JPEG for its centred square: `size`, or twice that.

    341 columns at 1/4 leave 10.625 on either side of the 64 in the middle. Shifting a picture by
    such a fraction costs 1.9 grey levels on photos, by any kernel; from twice the number of pixels
    the mean over the fractions is exact to within 0.6, and decoding takes an eighth longer.
    """
    shorter, margins = min(height, width), abs(height - width)
    eighths, rest = divmod(8 * size, shorter)  # libjpeg's scale that gives exactly `size`
    if rest == 0 and eighths <= 4 and margins * eighths % 16:  # one margin: no whole pixels
        return 2 * size
    return size
