"""The parts of an encoded picture that determine its pixels, and its EXIF orientation.

Where in the flow: repro/data/decoders.py passes only the pixels' parts to the decoders, so that
unreadable metadata (a damaged EXIF block, a huge colour profile, a wrong checksum in a text) never
lose a picture. Segments, chunks and boxes are walked by their lengths; a search for bytes would
find those of a thumbnail or of a profile. Pillow reads the orientation itself; an unreadable one is
1, upright as stored.

Alone: `png_parts(path.read_bytes()).orientation`.
"""

import re
import warnings
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from repro.data.formats import UnreadableImage

ORIENTATION_TAG = 0x0112  # EXIF
MOST_TEXT = 2**20  # bytes of a compressed text that are unpacked
EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"  # how a JPEG's APP1 segments begin
PNG_EXIF, PNG_XMP = b"Raw profile type exif", b"XML:com.adobe.xmp"  # keywords of texts
WEBP_PIXELS = (b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF")
WEBP_METADATA = 0x20 | 0x08 | 0x04  # flags in VP8X: a colour profile, EXIF, XMP follow
AVIF_EXIF = re.compile(rb"(infe\x02.{7})Exif", re.DOTALL)  # box: version, flags, item, type
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame, by the kind of coding
PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


warnings.filterwarnings("ignore", "Corrupt EXIF data", UserWarning)  # Pillow's, without a file name


class Stored(NamedTuple):
    """Pixels as stored, before any turning or cropping."""

    image: np.ndarray  # (H, W, channels) uint8
    orientation: int  # EXIF, 1 to 8
    extent: tuple[
        float, float
    ]  # true height and width: a scaled JPEG's last pixels are partly used
    libjpeg: bool  # decoded by libjpeg, which has scaled as far as its scales allow
    shape: tuple[int, int]  # height and width of the whole picture, before a JPEG is scaled


class Parts(NamedTuple):
    """A picture's file without its metadata, and its EXIF orientation, 1 to 8."""

    pixels: bytes
    orientation: int


def orientation_in(metadata: dict[str, Any]) -> int:
    """EXIF orientation as Pillow finds it in a picture's `info`; 1 where it is unreadable."""
    if not metadata:
        return 1
    carrier = Image.new("1", (1, 1))
    carrier.info.update(metadata)
    return orientation_of(carrier)


def orientation_of(picture: Image.Image) -> int:
    """EXIF orientation of an opened picture; 1 where it is unreadable."""
    try:
        found = picture.getexif().get(ORIENTATION_TAG, 1)
    except MemoryError:
        raise
    except Exception:  # damaged EXIF
        return 1
    return found if found in range(1, 9) else 1


# --- JPEG -------------------------------------------------------------------------------------


class Segment(NamedTuple):
    """A marker of a JPEG; the payload is at start:end, after the marker and the length."""

    marker: int
    start: int
    end: int


def jpeg_segments(data: bytes) -> Iterator[Segment]:
    """All segments up to and including the first scan's, as far as the lengths lead."""
    place = 2
    while 0 <= (place := data.find(b"\xff", place)) <= len(data) - 4:
        marker = data[place + 1]
        if marker == 0xFF:  # filling before a marker
            place += 1
        elif marker in ALONE:
            place += 2
        else:
            end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
            yield Segment(marker, place + 4, end)
            if marker in (START_OF_SCAN, END_OF_IMAGE):
                return
            place = end


def jpeg_orientation(data: bytes) -> int:
    """EXIF orientation of a JPEG, for any segments before EXIF."""
    if EXIF not in data and XMP not in data:  # the walk takes 25 microseconds, a tenth of a decode
        return 1
    metadata: dict[str, Any] = {}
    for marker, start, end in jpeg_segments(data):
        if marker == 0xE1 and data.startswith(EXIF, start):
            metadata.setdefault("exif", data[start:end])
        elif marker == 0xE1 and data.startswith(XMP, start):
            metadata.setdefault("xmp", data[start + len(XMP) : end])
    return orientation_in(metadata)


def jpeg_held_whole(data: bytes) -> bool:
    """Whether a decoder must hold all coefficients of a JPEG at once, at any scale.

    This is so where the picture comes in several scans.
    """
    colours = 0
    for marker, start, _ in jpeg_segments(data):
        if marker in PROGRESSIVE:
            return True
        if marker in FRAMES and start + 6 <= len(data):
            colours = data[start + 5]
        if marker == START_OF_SCAN and start < len(data):
            return data[start] < colours
    return False


def bare_jpeg(data: bytes) -> bytes:
    """A JPEG without its metadata: it keeps only the APPn segments that say how colours are coded.

    JFIF's version is set to 1.01, for which no decoder has a warning.
    """
    kept, last = [data[:2]], 2
    for marker, start, end in jpeg_segments(data):
        if marker == START_OF_SCAN:
            break
        payload, last = data[start:end], end
        jfif = marker == 0xE0 and payload.startswith(b"JFIF\0")
        if jfif:
            payload = payload[:5] + b"\x01\x01" + payload[7:]
        metadata_segment = marker in range(0xE0, 0xF0) or marker == 0xFE  # APPn, comment
        if not metadata_segment or jfif or (marker == 0xEE and payload.startswith(b"Adobe")):
            kept.append(b"\xff" + bytes([marker]) + data[start - 2 : start] + payload)
    return b"".join([*kept, data[last:]])


def jpeg_scan_end(data: bytes) -> int:
    """Position of the marker after the last scan; the length of `data` where there is none."""
    place = next((s.end for s in jpeg_segments(data) if s.marker == START_OF_SCAN), len(data))
    while 0 <= (place := data.find(b"\xff", place)) < len(data) - 1:
        marker = data[place + 1]
        if marker == END_OF_IMAGE:
            return place
        if marker in (0x00, 0xFF) or marker in ALONE:  # coded data
            place += 1 if marker == 0xFF else 2
        else:  # a segment between scans
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return len(data)


# --- PNG --------------------------------------------------------------------------------------


def png_parts(data: bytes) -> Parts:
    """Parts of a PNG: its critical chunks, and the transparency, unchanged.

    Other chunks are read only for the orientation, and only where their checksum is right.
    """
    kept, ended = [data[:8]], False
    metadata: dict[str, Any] = {}
    for kind, start, end in _png_chunks(data):
        if kind == b"CgBI":
            raise UnreadableImage("unsupported", "Apple's own kind of PNG; save it as plain PNG")
        if not kind[0] & 0x20 or kind == b"tRNS":
            kept.append(data[start:end])
            ended = ended or kind == b"IEND"
        elif _checks(data, start, end):
            metadata |= _png_metadata(kind, data[start + 8 : end - 4])
    if not ended:
        kept.append(b"\0\0\0\0IEND\xaeB`\x82")
    return Parts(b"".join(kept), orientation_in(metadata))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of each chunk, as far as the lengths lead; the last may be cut off."""
    place = 8
    while place + 8 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if not kind.isalpha():
            return
        end = place + 12 + length
        yield kind, place, min(end, len(data))
        if kind == b"IEND":
            return
        place = end


def _checks(data: bytes, start: int, end: int) -> bool:
    """Whether a chunk's checksum matches its bytes."""
    return zlib.crc32(data[start + 4 : end - 4]) == int.from_bytes(data[end - 4 : end], "big")


def _png_metadata(kind: bytes, payload: bytes) -> dict[str, Any]:
    """Metadata that may contain the orientation, under Pillow's names."""
    if kind == b"eXIf":
        return {"exif": EXIF + payload}
    keyword, _, rest = payload.partition(b"\0")
    if keyword == PNG_EXIF and kind in (b"tEXt", b"zTXt"):
        text = rest if kind == b"tEXt" else _unpacked(rest[1:])
        return {PNG_EXIF.decode(): text.decode("latin-1")}
    if keyword == PNG_XMP and kind == b"iTXt" and rest[:2] in (b"\0\0", b"\1\0"):
        text = rest[2:].split(b"\0", 2)[-1]  # after language and translated keyword
        return {"xmp": _unpacked(text) if rest[0] else text}
    return {}


def _unpacked(packed: bytes) -> bytes:
    """The beginning of a compressed text; nothing where it is damaged."""
    try:
        return zlib.decompressobj().decompress(packed, MOST_TEXT)
    except zlib.error:
        return b""


# --- WebP -------------------------------------------------------------------------------------


def webp_parts(data: bytes) -> Parts:
    """Parts of a WebP. Raises UnreadableImage("truncated") where a chunk of pixels is cut off."""
    kept: list[bytes] = []
    metadata: dict[str, Any] = {}
    pixels, place = False, 12
    while place + 8 <= len(data):
        head, place = data[place : place + 8], place + 8
        kind, length = head[:4], int.from_bytes(head[4:], "little")
        payload = data[place : place + length]
        if kind in WEBP_PIXELS or kind == b"VP8X":
            if len(payload) < length:
                break
            if kind == b"VP8X":
                payload = bytes([payload[0] & ~WEBP_METADATA]) + payload[1:] if payload else b""
            pixels = pixels or kind in (b"VP8 ", b"VP8L", b"ANMF")
            kept.append(head + payload + bytes(length % 2))
        elif len(payload) == length and kind in (b"EXIF", b"XMP "):
            metadata.setdefault("exif" if kind == b"EXIF" else "xmp", payload)
        place += length + length % 2
    else:
        if pixels:
            body = b"WEBP" + b"".join(kept)
            whole = b"RIFF" + len(body).to_bytes(4, "little") + body
            return Parts(whole, orientation_in(metadata))
    cut_off = len(data) < 8 + int.from_bytes(data[4:8], "little")
    raise UnreadableImage("truncated" if cut_off else "corrupt", "webp: not all of its pixels")


# --- AVIF -------------------------------------------------------------------------------------


def without_exif(data: bytes) -> bytes:
    """An AVIF with its EXIF item under a name that nobody reads; its rotation is stored elsewhere.

    libavif refuses pictures with EXIF that it cannot read.
    """
    return AVIF_EXIF.sub(rb"\1none", data, count=1)
