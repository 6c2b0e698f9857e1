"""Pictures by Pillow: its readers, their complaints, and any type of pixels as plain ones.

Where in the flow: repro/data/decoders.py and jpeg_pixels.py use it for everything without a faster
decoder. Alone: `pillow_pixels(path.read_bytes(), "tiff", channels=3)`.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin

from repro.data.formats import UnreadableImage
from repro.data.optional_decoders import pillow_reader
from repro.data.picture_parts import orientation_of
from repro.data.tiff_pixels import keep_orientation_only, stated_range

MAX_PIXELS = 89_478_485  # in memory; Pillow's own threshold for a decompression bomb
SIXTEEN_BITS = (0, 65535)  # black and white
PILLOW_FORMATS = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
    "tiff": "TIFF",
    "jpeg2000": "JPEG2000",
    "bmp": "BMP",
    "ppm": "PPM",
    "avif": "AVIF",
}
NOT_HERE = re.compile(
    "unsupported|not supported|not available|unknown (pixel mode|data org)"
    "|data precision|sof type|not implemented",
    re.IGNORECASE,
)  # in complaints of decoders about valid pictures that they do not support
CUT_OFF = re.compile(
    "truncated|premature end|unexpected end of file|file size too small|insufficient input data",
    re.IGNORECASE,
)  # in complaints of decoders about pictures that end too early
DAMAGE = re.compile("marker type", re.IGNORECASE)  # "unsupported" only in damaged files


def pillow_pixels(data: bytes, name: str, *, channels: int) -> tuple[np.ndarray, int]:
    """(H, W, channels) uint8 and the EXIF orientation that remains to be undone."""
    with opened(data, name) as picture:
        if isinstance(picture, TiffImagePlugin.TiffImageFile):
            grey = stated_range(picture)
            keep_orientation_only(picture)
            return plain_pixels(picture, channels=channels, grey=grey), 1
        return plain_pixels(picture, channels=channels), orientation_of(picture)


@contextmanager
def opened(data: bytes, name: str) -> Iterator[ImageFile.ImageFile]:
    """Open a picture by Pillow's reader of its format; any error becomes UnreadableImage.

    Image.open would not say why the reader fails.
    """
    pillow_name = PILLOW_FORMATS.get(name) or pillow_reader(name)
    try:
        Image.init()
        with Image.OPEN[pillow_name][0](io.BytesIO(data), "") as picture:
            yield picture
    except Image.DecompressionBombError as error:
        raise UnreadableImage("too_large", str(error)) from None
    except (UnreadableImage, MemoryError):
        raise
    except Exception as error:  # on damaged data Pillow's decoders raise nearly anything
        raise UnreadableImage(reason_of(str(error)), f"{name}: {error}") from None


def plain_pixels(
    picture: ImageFile.ImageFile, *, channels: int, grey: tuple[int, int] = SIXTEEN_BITS
) -> np.ndarray:
    """(H, W, channels) uint8 of an opened picture. grey: as for `flatten`."""
    if picture.width * picture.height > MAX_PIXELS:
        raise UnreadableImage("too_large", f"{picture.width}x{picture.height} pixels")
    picture.load()
    return flatten(picture, channels=channels, grey=grey)


def flatten(
    picture: Image.Image, *, channels: int, grey: tuple[int, int] = SIXTEEN_BITS
) -> np.ndarray:
    """Any Pillow picture -> (H, W, channels) uint8; transparency on white, more bits to 8.

    grey: the values of black and white, where there is one value of more than 8 bits a pixel.
    """
    if picture.mode.startswith("I"):
        picture = Image.fromarray(_scaled(np.asarray(picture).astype(np.int64), *grey))
    elif picture.mode == "F":
        raise UnreadableImage("unsupported", "floating-point pixels have no stated range")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    image = np.array(picture.convert("RGB" if channels == 3 else "L"))
    return image.reshape(*image.shape[:2], channels)


def _scaled(values: np.ndarray, black: int, white: int) -> np.ndarray:
    """int64 from black to white, which may be the lower one -> uint8 from 0 to 255, rounded."""
    low, high = min(black, white), max(black, white)
    if values.min() < low or values.max() > high:
        raise UnreadableImage("unsupported", f"grey values outside {low} to {high}")
    bright = values - black if white > black else black - values
    return ((bright * 255 + (high - low) // 2) // (high - low)).astype(np.uint8)


def reason_of(complaint: str) -> str:
    """The reason that corresponds to a decoder's message."""
    if CUT_OFF.search(complaint):
        return "truncated"
    return (
        "unsupported" if NOT_HERE.search(complaint) and not DAMAGE.search(complaint) else "corrupt"
    )
