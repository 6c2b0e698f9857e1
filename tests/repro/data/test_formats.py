"""repro/data/formats.py: what a file is, by its first bytes, whether there is a decoder or not."""

import io

import numpy as np
import pytest
from PIL import Image

from repro.data import optional_decoders
from repro.data.formats import HEAD_BYTES, UnreadableImage, sniff
from repro.data.images import decode

PICTURE = np.random.default_rng(0).integers(0, 256, (5, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1)


def container(major, *compatible):
    """The ftyp box of an ISO file."""
    brands = b"".join([major, bytes(4), *compatible])
    return (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands + bytes(64)


def encoded(kind, **options):
    stream = io.BytesIO()
    Image.fromarray(PICTURE).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("major", [b"avif", b"mif1", b"msf1", b"miaf"])
def test_an_avif_is_read_whatever_brand_comes_first(major):
    data = encoded("AVIF", quality=95)
    assert data[4:12] == b"ftypavif"
    renamed = data[:8] + major + data[12:]  # "avif" stays among the compatible brands
    assert sniff(renamed) == "avif"
    assert np.abs(decode(renamed).astype(int) - PICTURE).mean() < 5
    assert sniff(container(b"avis", b"msf1")) == "avif"  # a sequence


@pytest.mark.parametrize(
    ("head", "name"),
    [
        *((container(brand, b"mif1"), "heic") for brand in (b"heic", b"heix", b"heim", b"heis")),
        *((container(brand, b"msf1"), "heic") for brand in (b"hevc", b"hevx", b"hevm", b"hevs")),
        (container(b"mif1", b"mif1", b"heic"), "heic"),
        (container(b"msf1", b"hevc"), "heic"),
        (container(b"heic", b"mif1", b"avif"), "heic"),  # the major brand is the writer's choice
        (container(b"msf1"), "heif"),
        (container(b"mif1", *[b"none"] * 20), "heif"),
        (container(b"mif1", *[b"none"] * 60, b"heic"), "heic"),
        (container(b"crx ", b"isom"), "raw photo (CR3)"),
        (b"II+\0\x08\0\0\0", "BigTIFF"),
        (b"MM\0+\0\x08\0\0", "BigTIFF"),
        (b"P1\n2 2\n0 1 1 0\n", "PNM (P1)"),
        (b"P2 2 2 255 0 1 1 0", "PNM (P2)"),
        (b"P3\n# of a program\n1 1 255 0 1 1", "PNM (P3)"),
        (b"P7\nWIDTH 2\n", "PNM (P7)"),
        (b"Pf\n1 1\n-1\n", "PNM (Pf)"),
        (b"\0\0\1\0\1\0\x10\x10", "ICO"),
        (b"\0\0\2\0\1\0\x10\x10", "CUR"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"II\xbc\1\x20\0\0\0", "JPEG XR"),
        (b"8BPS\0\1", "PSD"),
        (b"v/1\1\2\0\0\0", "OpenEXR"),
        (b"#?RADIANCE\n", "HDR"),
        (b"DDS |\0\0\0", "DDS"),
        (b"qoif\0\0\0\1", "QOI"),
        (b"II*\0\x10\0\0\0CR\2\0", "raw photo (CR2)"),
        (b"FUJIFILMCCD-RAW 0201", "raw photo (RAF)"),
        (b"<svg xmlns=", "SVG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- drawn -->\n<svg>", "SVG"),
    ],
)
def test_a_format_without_a_decoder_is_named_and_says_what_to_do(head, name, monkeypatch):
    monkeypatch.setattr(optional_decoders, "_is_installed", lambda: False)
    assert sniff((head + bytes(HEAD_BYTES))[:HEAD_BYTES]) == name
    with pytest.raises(UnreadableImage) as caught:
        decode(head + bytes(200))
    assert caught.value.reason == "unsupported"
    assert name in str(caught.value)
    assert "save it as JPEG or PNG" in str(caught.value)


@pytest.mark.parametrize(
    "head",
    [
        container(b"isom", b"avc1", b"mp41"),  # a film
        container(b"qt  "),
        container(b"M4A ", b"mp42"),
        b"\0\0\1\xba\x44\0",  # MPEG
        b"P3rfect",
        b"Pf",
        b"P9\n1 1\n",
        b"<?xml version='1.0'?><html>",
        b"%PDF-1.7",
        b"PK\3\4",
        b"\x1f\x8b\x08",
        bytes(100),
        b"\xff\xd8",
    ],
)
def test_what_is_no_picture_is_called_none(head):
    with pytest.raises(UnreadableImage) as caught:
        decode(head)
    assert caught.value.reason == "not_an_image"


def test_a_code_stream_of_jpeg_2000_is_read_as_well():
    stream = io.BytesIO()
    Image.fromarray(PICTURE).save(stream, "JPEG2000", no_jp2=True)
    assert stream.getvalue()[:4] == b"\xff\x4f\xff\x51"
    assert (decode(stream.getvalue()) == PICTURE).all()
