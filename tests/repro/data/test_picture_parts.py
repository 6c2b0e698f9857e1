"""Metadata rotate a picture where they can be read, and never cause it to be lost."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
import simplejpeg
from PIL import Image, ImageOps, PngImagePlugin

from repro.bench.jpeg_database import photo_like
from repro.data.decoders import decode_stored
from repro.data.formats import UnreadableImage
from repro.data.images import decode, decode_square, square_and_shape
from repro.data.picture_parts import ORIENTATION_TAG, bare_jpeg, jpeg_segments

PICTURE = np.random.default_rng(0).integers(0, 256, (5, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1)
TURNED = (128, 80, 3)  # PICTURE upright by orientation 6


def encoded(kind, **options):
    stream = io.BytesIO()
    Image.fromarray(PICTURE).save(stream, kind, **options)
    return stream.getvalue()


def exif(orientation=6):
    made = Image.Exif()
    made[ORIENTATION_TAG] = orientation
    return made


JPEG = encoded("JPEG", quality=90)
TURNED_JPEG = encoded("JPEG", quality=90, exif=exif())
PNG = encoded("PNG")


def segment(marker, payload):
    return bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload


def behind_start(data, *segments):
    """Segments put directly behind a JPEG's first two bytes."""
    return data[:2] + b"".join(segments) + data[2:]


def chunk(kind, payload, *, right=True):
    check = zlib.crc32(kind + payload) ^ (0 if right else 1)
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", check)


def with_chunk(data, made):
    """A chunk put between a PNG's header and its pixels."""
    place = data.index(b"IDAT") - 4
    return data[:place] + made + data[place:]


# --- where the orientation is ----------------------------------------------------------------

BEFORE_EXIF = {
    "end of image and scan in a thumbnail": segment(
        0xED, b"Photoshop 3.0\0\xff\xd8\xff\xda\xff\xd9"
    ),
    "a whole picture in a profile": segment(0xE2, b"ICC_PROFILE\0\1\1" + JPEG),
    "the word Exif in a comment": segment(0xFE, b"Exif\0\0 is not here"),
    "XMP": segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"),
    "a marker without a length": b"\xff\x01",
    "filling": b"\xff\xff\xff",
    "64 KB": segment(0xE4, bytes(65_000)),
    "four of them": 4 * segment(0xE5, b"\xff\xda\xff\xc0" + bytes(9000)),
}


@pytest.mark.parametrize("segments", BEFORE_EXIF.values(), ids=BEFORE_EXIF)
def test_whatever_stands_before_exif_the_picture_is_turned(segments):
    data = behind_start(TURNED_JPEG, segments)
    with Image.open(io.BytesIO(TURNED_JPEG)) as opened:
        truth = np.asarray(ImageOps.exif_transpose(opened)).astype(int)
    assert truth.shape == TURNED
    assert np.abs(decode(data) - truth).mean() < 1


def test_the_word_exif_in_the_pixels_or_a_second_picture_turns_nothing():
    assert decode(JPEG + TURNED_JPEG).shape == PICTURE.shape
    assert decode(behind_start(JPEG, segment(0xE2, TURNED_JPEG))).shape == PICTURE.shape
    assert decode(behind_start(JPEG, segment(0xED, exif().tobytes()))).shape == PICTURE.shape


@pytest.mark.parametrize("kind", ["TIFF", "AVIF"])  # the others: test_images.py
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_every_format_is_turned_once(kind, orientation):
    data = encoded(kind, exif=exif(orientation))
    with Image.open(io.BytesIO(data)) as opened:
        truth = np.asarray(ImageOps.exif_transpose(opened).convert("RGB")).astype(int)
    assert truth.shape == (PICTURE.shape if orientation < 5 else TURNED)
    assert np.abs(decode(data) - truth).mean() < 1


def test_a_png_may_tell_it_in_a_text():
    """ImageMagick's older way: EXIF in hexadecimal digits, packed; XMP as Pillow reads it."""
    raw = exif().tobytes()
    profile = f"\nexif\n{len(raw)}\n{raw.hex()}\n".encode()
    packed = b"Raw profile type exif\0\0" + zlib.compress(profile)
    assert decode(with_chunk(PNG, chunk(b"zTXt", packed))).shape == TURNED
    assert (
        decode(with_chunk(PNG, chunk(b"tEXt", b"Raw profile type exif\0" + profile))).shape
        == TURNED
    )
    told = PngImagePlugin.PngInfo()
    told.add_itxt("XML:com.adobe.xmp", '<a tiff:Orientation="6"/>', zip=True)
    assert decode(encoded("PNG", pnginfo=told)).shape == TURNED


@pytest.mark.parametrize("said", [0, 9, 77])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_orientation_that_there_is_not_turns_nothing(kind, said):
    data = encoded(kind, exif=exif(said))
    assert decode_stored(data, channels=3, at_least=None).orientation == 1
    assert decode(data).shape == PICTURE.shape


# --- metadata that cannot be read -------------------------------------------------------------

DAMAGED_CHUNKS = {
    "EXIF that is none": chunk(b"eXIf", b"\xff" * 40),
    "EXIF of no bytes": chunk(b"eXIf", b""),
    "EXIF cut within its table": chunk(b"eXIf", exif().tobytes()[6:20]),
    "EXIF with a wrong checksum": chunk(b"eXIf", exif().tobytes()[6:], right=False),
    "profile of 1.6 MB": chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1_600_000))),
    "profile that does not unpack": chunk(b"iCCP", b"a\0\0" + b"not packed"),
    "packed text of 2 MB": chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2_000_000))),
    "packed text of 80 MB": chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000))),
    "packed EXIF of 80 MB": chunk(
        b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(bytes(80_000_000))
    ),
    "text with a wrong checksum": chunk(b"tEXt", b"Author\0me", right=False),
    "text without an end": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0"),
    "many texts": 70 * chunk(b"tEXt", b"a\0" + bytes(1_000_000)),
    "time of three bytes": chunk(b"tIME", b"123"),
    "resolution of one byte": chunk(b"pHYs", b"1"),
    "gamma of no bytes": chunk(b"gAMA", b""),
    "chromaticities of two bytes": chunk(b"cHRM", b"12"),
    "rendering intent of no bytes": chunk(b"sRGB", b""),
    "an animation that is none": chunk(b"acTL", b"1"),
    "a chunk nobody knows": chunk(b"quUx", b"?", right=False),
}


@pytest.mark.parametrize("damaged", DAMAGED_CHUNKS.values(), ids=DAMAGED_CHUNKS)
def test_a_png_with_damaged_metadata_keeps_its_pixels(damaged):
    assert (decode(with_chunk(PNG, damaged)) == PICTURE).all()
    end = PNG.rindex(b"IEND") - 4
    assert (decode(PNG[:end] + damaged + PNG[end:]) == PICTURE).all()


@pytest.mark.parametrize(
    "behind", [b"", b"\0\0\0\0IE", b"\0\0\xff\0tEXtcut", b"junk that is no chunk"]
)
def test_a_png_is_whole_where_its_pixels_are(behind):
    end = PNG.rindex(b"IEND") - 4
    assert (decode(PNG[:end] + behind) == PICTURE).all()


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9])
def test_a_png_is_truncated_where_its_pixels_are(cut):
    start, end = PNG.index(b"IDAT"), PNG.rindex(b"IEND") - 4
    with pytest.raises(UnreadableImage) as caught:
        decode(PNG[: start + int(cut * (end - start))])
    assert caught.value.reason == "truncated"


def test_a_damaged_transparency_decides_pixels():
    with pytest.raises(UnreadableImage, match="corrupt"):
        decode(with_chunk(PNG, chunk(b"tRNS", bytes(6), right=False)))


DAMAGED_SEGMENTS = {
    "EXIF that is none": segment(0xE1, b"Exif\0\0" + b"\xff" * 60),
    "EXIF of no bytes": segment(0xE1, b"Exif\0\0"),
    "EXIF that leads beyond its end": segment(0xE1, b"Exif\0\0II*\0" + b"\xff\xff\xff\x7f"),
    "profile of pieces that are not there": segment(0xE2, b"ICC_PROFILE\0\x09\x03" + bytes(50)),
    "JFIF of version 9": segment(0xE0, b"JFIF\0\x09\x02\0\0\1\0\1\0\0"),
    "several pictures that are not there": segment(0xE2, b"MPF\0" + bytes(range(40))),
    "bytes between segments": segment(0xFE, b"a comment") + b"stray",
}


@pytest.mark.parametrize("damaged", DAMAGED_SEGMENTS.values(), ids=DAMAGED_SEGMENTS)
@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_a_jpeg_with_damaged_metadata_keeps_its_pixels(damaged, mode):
    stream = io.BytesIO()
    Image.fromarray(PICTURE).convert(mode).save(stream, "JPEG", quality=90)
    whole = stream.getvalue()
    assert (decode(behind_start(whole, damaged)) == decode(whole)).all()


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("filling", [bytes(1), bytes(10), bytes(5000), b"\xaa" * 300, b"junk here"])
def test_bytes_before_a_jpegs_end_are_no_damage(filling, progressive):
    data = encoded("JPEG", quality=90, progressive=progressive)
    for behind in (b"", bytes(100), JPEG):  # and behind it
        filled = data[:-2] + filling + data[-2:] + behind
        assert (decode(filled) == decode(data)).all()
        assert (decode_square(filled, 16) == decode_square(data, 16)).all()


def test_the_rest_of_a_damaged_scan_is_no_filling():
    """Random runs of a scan replaced: none that leaves bytes over passes for a whole picture."""
    stream, rng = io.BytesIO(), np.random.default_rng(1)
    Image.fromarray(photo_like(256, seed=0, index=0)).save(stream, "JPEG", quality=85)
    whole, complaints = stream.getvalue(), []
    for _ in range(100):
        place = int(rng.integers(whole.index(b"\xff\xda") + 14, len(whole) - 30))
        run = bytes(int(byte) % 255 for byte in rng.bytes(20))
        damaged = whole[:place] + run + whole[place + 20 :]
        with contextlib.suppress(ValueError):
            simplejpeg.decode_jpeg(damaged, strict=True)
            continue
        with pytest.raises(UnreadableImage) as caught:
            decode(damaged)
        complaints.append(str(caught.value))
    assert sum("extraneous" in complaint for complaint in complaints) > 20


def test_a_bare_jpeg_has_no_metadata_and_the_same_pixels():
    told = behind_start(TURNED_JPEG, *DAMAGED_SEGMENTS.values(), segment(0xFE, b"a comment"))
    bare = bare_jpeg(told)
    assert {s.marker for s in jpeg_segments(bare)} == {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
    assert (np.asarray(Image.open(io.BytesIO(bare))) == Image.open(io.BytesIO(JPEG))).all()


def test_a_webp_with_damaged_metadata_keeps_its_pixels():
    whole = encoded("WEBP", lossless=True, exif=exif(), icc_profile=b"no profile" * 9)
    place = whole.index(b"EXIF")
    damaged = whole[: place + 8] + b"\xff" * (len(whole) - place - 8)
    assert (decode(damaged) == PICTURE).all()
    assert (decode(whole[: place + 12]) == PICTURE).all()  # cut off within EXIF
    assert decode(whole).shape == TURNED
    with pytest.raises(UnreadableImage, match="truncated"):
        decode(whole[: whole.index(b"VP8L") + 100])


def test_an_avif_with_damaged_exif_keeps_its_pixels():
    told = exif(3)
    told[0x10F] = "a maker"  # Pillow leaves out EXIF that says no more than an orientation
    whole = encoded("AVIF", exif=told, icc_profile=b"no profile" * 9)
    place = whole.index(b"MM\0*")
    damaged = whole[:place] + b"\xff" * 12 + whole[place + 12 :]
    assert (decode(damaged) == decode(whole)).all()


def test_size_of_the_whole_picture_is_told_upright():
    for data in (TURNED_JPEG, encoded("PNG", exif=exif()), encoded("TIFF", exif=exif())):
        square, shape = square_and_shape(data, 8)
        assert square.shape == (8, 8, 3)
        assert shape == TURNED[:2]
