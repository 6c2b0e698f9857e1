"""Numbers of more than 8 bits in TIFF, PNG and PGM: scaled by the white that is stated, or refused.

The TIFFs are written here by hand, tag by tag, since Pillow writes few of these kinds.
"""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from repro.data.formats import UnreadableImage
from repro.data.images import decode


def tiff(rows, *, bits, kind=1, photometric=1, more=(), order="<"):
    """One strip of grey pixels. rows: (H, W), or bytes of 4 pixels. kind: the tag SampleFormat."""
    height, width = (1, 4) if isinstance(rows, bytes) else rows.shape
    if not isinstance(rows, bytes):
        rows = rows.astype(rows.dtype.newbyteorder(order)).tobytes()
    own = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1}
    own |= {278: height, 279: len(rows), 339: kind, **dict(more)}
    strip, tags = rows, sorted(own.items())
    strip += bytes(len(strip) % 2)
    table = struct.pack(f"{order}H", len(tags))
    table += b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in tags)
    start = {"<": b"II*\0", ">": b"MM\0*"}[order]
    return start + struct.pack(f"{order}I", 8 + len(strip)) + strip + table + bytes(4)


def grey(data):
    image = decode(data)
    assert (image == image[..., :1]).all()
    return image[0, :, 0].tolist()


SIXTEEN = np.array([[0, 200, 128 * 257, 65535]], np.uint16)


def test_sixteen_bits_by_their_white():
    for order in "<>":
        assert grey(tiff(SIXTEEN, bits=16, order=order)) == [0, 1, 128, 255]
    assert grey(tiff(SIXTEEN, bits=16, photometric=0)) == [255, 254, 127, 0]
    assert grey(tiff(np.array([[0, 100, 255]], np.uint8), bits=8, photometric=0)) == [255, 155, 0]


def test_twelve_bits_by_theirs():
    packed = bytes([0x00, 0x08, 0x00, 0xFF, 0xFF, 0xFF])  # 0, 2048, 4095, 4095
    assert grey(tiff(packed, bits=12)) == [0, 128, 255, 255]


def test_other_formats_of_sixteen_and_ten_bits():
    stream = io.BytesIO()
    Image.fromarray(SIXTEEN).save(stream, "PNG")
    assert grey(stream.getvalue()) == [0, 1, 128, 255]
    assert grey(b"P5 4 1 65535 " + SIXTEEN.astype(">u2").tobytes()) == [0, 1, 128, 255]
    ten = np.array([0, 256, 512, 1023], ">u2").tobytes()
    assert grey(b"P5 4 1 1023 " + ten) == [0, 64, 128, 255]


UNSTATED = {
    "32 bits, dark": tiff(np.array([[0, 200]], np.uint32), bits=32),
    "32 bits, bright": tiff(np.array([[0, 4_000_000_000]], np.uint32), bits=32),
    "32 bits, signed": tiff(np.array([[0, 200]], np.int32), bits=32, kind=2),
    "16 bits, signed": tiff(np.array([[0, 200]], np.int16), bits=16, kind=2),
    "8 bits, signed": tiff(np.array([[0, -100]], np.int8), bits=8, kind=2),
    "64 bits": tiff(np.array([[0, 200]], np.uint64), bits=64),
    "floating point": tiff(np.array([[0, 0.5]], np.float32), bits=32, kind=3),
    "half precision": tiff(np.array([[0, 0.5]], np.float16), bits=16, kind=3),
    "32 bits, the other order": tiff(np.array([[0, 200]], np.int32), bits=32, kind=2, order=">"),
}


@pytest.mark.parametrize("data", UNSTATED.values(), ids=UNSTATED)
def test_numbers_without_a_stated_white_are_refused(data):
    with pytest.raises(UnreadableImage) as caught:
        decode(data)
    assert caught.value.reason == "unsupported"
    assert "scale it to 8 or 16 bits a channel" in str(caught.value) or "pixel mode" in str(
        caught.value
    )


def test_a_reduced_copy_is_not_taken_for_the_photo():
    """In cameras' raw photos, which are TIFFs, the first picture is a thumbnail."""
    with pytest.raises(UnreadableImage, match=r"unsupported: .* reduced copy.* export it as JPEG"):
        decode(tiff(SIXTEEN, bits=16, more=[(254, 1)]))
    assert grey(tiff(SIXTEEN, bits=16, more=[(254, 0)])) == [0, 1, 128, 255]


@pytest.mark.parametrize("tag", [34665, 34853, 700, 34675, 33723, 34377, 282, 296, 306, 37500])
def test_metadata_of_a_tiff_that_lead_nowhere_lose_no_pixel(tag):
    """EXIF, GPS, XMP, colour profile, captions, resolution, date, a maker's notes."""
    assert grey(tiff(SIXTEEN, bits=16, more=[(tag, 2**31 - 2)])) == [0, 1, 128, 255]


def test_a_tiff_is_turned_by_its_own_tag():
    data = tiff(SIXTEEN, bits=16, more=[(274, 6), (34665, 2**31 - 2)])
    assert decode(data)[:, 0, 0].tolist() == [0, 1, 128, 255]
    assert grey(tiff(SIXTEEN, bits=16, more=[(274, 77)])) == [0, 1, 128, 255]
