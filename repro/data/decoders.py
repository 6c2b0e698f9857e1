"""Decode the bytes of one image to its stored pixels, or give a typed reason for failure.

Where in the flow: repro/data/images.py calls it, then turns, crops and scales. JPEG goes through
simplejpeg (scaled decode without the interpreter lock; strict: a damaged file is an error), WebP
through OpenCV, everything else and CMYK through Pillow, for HEIC with the reader of an optional
package (repro/data/optional_decoders.py). repro/data/formats.py identifies the format;
repro/data/picture_parts.py keeps metadata from the decoders. Unreadable bytes raise
`UnreadableImage` with one of `REASONS`; nothing is filled in.

Alone: `decode_stored(path.read_bytes(), channels=3, at_least=None)`.
"""

from importlib.metadata import version

import cv2
import numpy as np
import PIL
from PIL import Image

from repro.data.formats import sniff
from repro.data.jpeg_pixels import jpeg_pixels
from repro.data.optional_decoders import versions as optional_versions
from repro.data.picture_parts import Stored, png_parts, webp_parts, without_exif
from repro.data.pillow_pixels import flatten, pillow_pixels


def decoder_versions() -> dict[str, str]:
    """Versions of the libraries that determine the pixels, for the manifest of a dataset."""
    return {
        "opencv": cv2.__version__,
        "pillow": PIL.__version__,
        "simplejpeg": version("simplejpeg"),
        **optional_versions(),
    }


def decode_stored(
    data: bytes, *, channels: int, at_least: int | None, centred: bool = False
) -> Stored:
    """Image bytes -> pixels, orientation and true size.

    A JPEG's shorter side is at least `at_least` pixels, unless it is smaller. With `centred` it is
    twice that where a scale would give exactly `at_least` but the borders of the centred square
    would fall within pixels (see `jpeg_pixels`). Raises UnreadableImage.
    """
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 or 3, found {channels}")
    name = sniff(data)
    if name == "jpeg":
        return jpeg_pixels(data, channels=channels, at_least=at_least or 0, centred=centred)
    image = orientation = None
    if name in ("png", "webp"):
        data, orientation = (png_parts if name == "png" else webp_parts)(data)
    elif name == "avif":
        data = without_exif(data)
    if name == "webp":
        image = _decode_webp(data, channels=channels)
    if image is None:
        image, found = pillow_pixels(data, name, channels=channels)
        orientation = orientation or found
    shape = image.shape[0], image.shape[1]
    return Stored(image, orientation or 1, shape, libjpeg=False, shape=shape)


def _decode_webp(data: bytes, *, channels: int) -> np.ndarray | None:
    """WebP by OpenCV; None where it gives up, so that Pillow decides and gives the reason."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if image is None or image.dtype != np.uint8 or image.ndim != 3:
        return None
    mode = "RGBA" if image.shape[2] == 4 else "RGB"
    code = cv2.COLOR_BGRA2RGBA if mode == "RGBA" else cv2.COLOR_BGR2RGB
    return flatten(Image.fromarray(cv2.cvtColor(image, code)), channels=channels)
