"""Bytes of one image -> its stored pixels, or a typed reason why there are none.

Called by repro/data/images.py, which turns, crops and scales. JPEG goes through simplejpeg (scaled
decode without the interpreter lock; strict: a damaged file is an error), WebP through OpenCV,
everything else and CMYK through Pillow. The format is read from the first bytes, never from a file
name. Whatever cannot be read raises `UnreadableImage` with one of `REASONS`; nothing is filled in.

Alone: `decode(path.read_bytes(), channels=3)`.
"""

import io
from importlib.metadata import version
from typing import NamedTuple

import cv2
import numpy as np
import PIL
import simplejpeg
from PIL import Image

REASONS = ("empty", "not_an_image", "truncated", "corrupt", "unsupported", "too_large")
MAX_PIXELS = 89_478_485  # Pillow's own threshold for a decompression bomb

# First bytes -> name of the format. RIFF and ISO containers are told apart in `sniff`.
SIGNATURES = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg2000"),
    (b"BM", "bmp"),
)
ISO_BRANDS = {b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"mif1": "heic"}
PILLOW_FORMATS = {
    "jpeg": ("JPEG", "MPO"),
    "png": ("PNG",),
    "webp": ("WEBP",),
    "gif": ("GIF",),
    "tiff": ("TIFF",),
    "jpeg2000": ("JPEG2000",),
    "bmp": ("BMP",),
    "ppm": ("PPM",),
    "avif": ("AVIF",),
}
ORIENTATION_TAG = 0x0112  # EXIF
START_OF_SCAN = b"\xff\xda"  # of a JPEG: all that tells about it stands before


class UnreadableImage(Exception):  # noqa: N818 - a finding, not a fault
    """Bytes that are no readable image; `reason` is one of REASONS, the text says more."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class Stored(NamedTuple):
    """Pixels as stored, before any turning or cropping."""

    image: np.ndarray  # (H, W, channels) uint8
    orientation: int  # EXIF, 1 to 8
    extent: tuple[
        float, float
    ]  # true height and width: a scaled JPEG's last pixels are partly used
    libjpeg: bool  # decoded by it, so that scaling was its business as far as its scales go


def decoder_versions() -> dict[str, str]:
    """Versions of the libraries that decide the pixels, for the manifest of a dataset."""
    return {
        "opencv": cv2.__version__,
        "pillow": PIL.__version__,
        "simplejpeg": version("simplejpeg"),
    }


def sniff(data: bytes) -> str:
    """Name of the image format by its first bytes: "jpeg", "png", "webp", "gif", ...

    Raises UnreadableImage ("empty" or "not_an_image").
    """
    if not data:
        raise UnreadableImage("empty", "0 bytes")
    for signature, name in SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp" and data[8:12] in ISO_BRANDS:
        return ISO_BRANDS[data[8:12]]
    if data[:2] in (b"P4", b"P5", b"P6") and data[2:3].isspace():
        return "ppm"
    raise UnreadableImage("not_an_image", f"{len(data)} bytes starting with {data[:8]!r}")


def decode_stored(
    data: bytes, *, channels: int, at_least: int | None, centred: bool = False
) -> Stored:
    """Image bytes -> pixels, orientation and true size.

    A JPEG's shorter side is `at_least` pixels or more, where it has them; with `centred` it is
    twice that where a scale would give `at_least` exactly, but the borders of the centred square
    would lie within its pixels (see `_scaled_side`). Raises UnreadableImage.
    """
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 or 3, found {channels}")
    name = sniff(data)
    decoded = None
    if name == "jpeg":
        decoded = _decode_jpeg(data, channels=channels, at_least=at_least or 0, centred=centred)
    elif name == "webp":
        decoded = _decode_webp(data, channels=channels)
    if decoded is None:
        image, orientation = _decode_pillow(data, name, channels=channels)
        return Stored(image, orientation, (image.shape[0], image.shape[1]), libjpeg=False)
    image, extent = decoded
    orientation = 1
    if b"EXIF" in data if name == "webp" else data.find(b"Exif", 0, data.find(START_OF_SCAN)) >= 0:
        orientation = _orientation(data, name)
    return Stored(image, orientation, extent, libjpeg=name == "jpeg")


def _decode_jpeg(
    data: bytes, *, channels: int, at_least: int, centred: bool
) -> tuple[np.ndarray, tuple[float, float]] | None:
    """Scaled decode by libjpeg-turbo; None for what is left to Pillow (CMYK, odd subsampling)."""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
    except Exception:  # of a damaged header
        return None
    if height * width > MAX_PIXELS:
        raise UnreadableImage("too_large", f"{width}x{height} pixels")
    if colours in ("CMYK", "YCCK"):
        return None
    if centred:
        at_least = _scaled_side(height, width, at_least)
    try:
        image = simplejpeg.decode_jpeg(
            data,
            colorspace="RGB" if channels == 3 else "GRAY",
            min_height=at_least,
            min_width=at_least,
            strict=True,
        )
    except MemoryError:
        raise
    except Exception as error:
        reason = "truncated" if "premature end" in str(error).lower() else "corrupt"
        raise UnreadableImage(reason, str(error)) from None
    rows, columns = image.shape[:2]
    eighths = 8 * max(rows, columns) // max(height, width)  # libjpeg rounds sizes up
    return image, (min(height * eighths / 8, rows), min(width * eighths / 8, columns))


def _scaled_side(height: int, width: int, size: int) -> int:
    """Shorter side to decode a JPEG at, for its centred square at `size`: `size`, or twice that.

    341 columns at 1/4 leave 10.625 on either side of the 64 in the middle. To move a picture by
    such a fraction costs 1.9 grey levels on photos, by whatever kernel; from twice as many pixels
    the mean over the fractions is exact but for 0.6, and decoding takes an eighth longer.
    """
    shorter, margins = min(height, width), abs(height - width)
    eighths, rest = divmod(8 * size, shorter)  # libjpeg's scale that gives `size` exactly
    if rest == 0 and eighths <= 4 and margins * eighths % 16:  # one margin: no whole pixels
        return 2 * size
    return size


def _decode_webp(data: bytes, *, channels: int) -> tuple[np.ndarray, tuple[float, float]] | None:
    """WebP by OpenCV; None where it gives up, so that Pillow decides and words the reason."""
    if len(data) < 8 + int.from_bytes(data[4:8], "little"):
        raise UnreadableImage("truncated", "shorter than its RIFF header says")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if image is None or image.dtype != np.uint8 or image.ndim != 3:
        return None
    mode = "RGBA" if image.shape[2] == 4 else "RGB"
    code = cv2.COLOR_BGRA2RGBA if mode == "RGBA" else cv2.COLOR_BGR2RGB
    flat = _flatten(Image.fromarray(cv2.cvtColor(image, code)), channels=channels)
    return flat, (flat.shape[0], flat.shape[1])


def _decode_pillow(data: bytes, name: str, *, channels: int) -> tuple[np.ndarray, int]:
    """Pixels and EXIF orientation."""
    formats = PILLOW_FORMATS.get(name)
    if formats is None:
        raise UnreadableImage("unsupported", f"no decoder for {name}")
    try:
        with Image.open(io.BytesIO(data), formats=formats) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise UnreadableImage("too_large", f"{picture.width}x{picture.height} pixels")
            picture.load()
            orientation = picture.getexif().get(ORIENTATION_TAG, 1)
            image = _flatten(picture, channels=channels)
    except Image.DecompressionBombError as error:
        raise UnreadableImage("too_large", str(error)) from None
    except (UnreadableImage, MemoryError):
        raise
    except Exception as error:  # on damaged data Pillow's decoders raise nearly anything
        reason = "truncated" if "truncated" in str(error).lower() else "corrupt"
        raise UnreadableImage(reason, f"{name}: {error}") from None
    return image, orientation


def _orientation(data: bytes, name: str) -> int:
    """EXIF orientation of a picture whose pixels are already decoded; 1 where EXIF is damaged."""
    try:
        with Image.open(io.BytesIO(data), formats=PILLOW_FORMATS[name]) as picture:
            return picture.getexif().get(ORIENTATION_TAG, 1)
    except MemoryError:
        raise
    except Exception:  # of damaged EXIF
        return 1


def _flatten(picture: Image.Image, *, channels: int) -> np.ndarray:
    """Any Pillow picture -> (H, W, channels) uint8; transparency on white, 16 bits to 8."""
    if picture.mode.startswith("I"):
        values = np.asarray(picture).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise UnreadableImage("unsupported", "grey values outside 16 bits")
        picture = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    elif picture.mode == "F":
        raise UnreadableImage("unsupported", "floating-point pixels have no stated range")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    image = np.array(picture.convert("RGB" if channels == 3 else "L"))
    return image.reshape(*image.shape[:2], channels)
