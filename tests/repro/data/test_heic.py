"""HEIC by pillow-heif: pixels, damage, a missing package."""

import io
import sys
from importlib.metadata import version

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from repro.data import optional_decoders, pillow_pixels
from repro.data.decoders import decoder_versions
from repro.data.formats import REASONS, UnreadableImage
from repro.data.images import decode, decode_square
from repro.data.optional_decoders import describe_missing_package, pillow_reader

HEIC = pillow_reader("heic")
PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1)
NEAR = 1.0  # grey levels on average, of HEVC at quality 95


def encoded(pixels=PIXELS, **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, HEIC, quality=95, **options)
    return stream.getvalue()


def distance(first, second):
    return np.abs(first.astype(int) - second.astype(int)).mean()


@pytest.fixture
def not_installed(monkeypatch):
    """Without the package, as after a plain installation."""
    monkeypatch.setattr(Image, "OPEN", {k: v for k, v in Image.OPEN.items() if k != "HEIF"})
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    optional_decoders._is_installed.cache_clear()
    yield
    optional_decoders._is_installed.cache_clear()


def test_colours_grey_and_size():
    found = decode(encoded())
    assert found.shape == PIXELS.shape
    assert distance(found, PIXELS) < NEAR
    grey = np.asarray(Image.fromarray(PIXELS).convert("L"))
    assert distance(decode(encoded(grey), channels=1)[..., 0], grey) < NEAR
    assert decode_square(encoded(), 20).shape == (20, 20, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_phone_s_picture_is_upright_once(orientation):
    """The container turns the picture; its EXIF says so again and must not turn it twice."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(PIXELS)
    picture.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(picture))
    found = decode(encoded(exif=exif.tobytes()))
    assert found.shape == expected.shape
    assert distance(found, expected) < NEAR


def test_transparency_becomes_white():
    layer = np.dstack([PIXELS, np.full(PIXELS.shape[:2], 255, np.uint8)])
    layer[:, :64, 3] = 0
    found = decode(encoded(layer))
    assert found[:, 4:60].min() > 250
    assert distance(found[:, 68:], PIXELS[:, 68:]) < NEAR


def test_ten_bits_become_eight():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    stream = io.BytesIO()
    deep = np.broadcast_to(ramp[None, :, None], (64, 256, 3)).copy()
    pillow_heif.from_bytes("RGB;16", (256, 64), deep.tobytes()).save(stream, quality=95)
    assert b"pixi" in stream.getvalue()
    assert np.abs(decode(stream.getvalue()).mean(axis=(0, 2)) - np.arange(256)).max() < 3


@pytest.mark.parametrize("primary", [0, 1])
def test_of_a_burst_the_picture_that_viewers_show(primary):
    burst = encoded(
        save_all=True, append_images=[Image.fromarray(255 - PIXELS)], primary_index=primary
    )
    assert distance(decode(burst), [PIXELS, 255 - PIXELS][primary]) < NEAR


def test_whatever_is_cut_off_is_reported():
    data, reasons = encoded(), []
    for end in range(16, len(data), 3):
        with pytest.raises(UnreadableImage) as caught:
            decode(data[:end])
        reasons.append(caught.value.reason)
    assert set(reasons) <= {"truncated", "corrupt"}
    assert reasons.count("truncated") > len(reasons) / 2


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(12, 900), st.integers(0, 255)), max_size=6))
def test_changed_bytes_give_a_picture_or_a_reason(changes):
    data = bytearray(encoded())
    for place, value in changes:
        data[place] = value
    reason = None
    try:
        assert decode_square(bytes(data), 16).shape == (16, 16, 3)
    except UnreadableImage as error:
        reason = error.reason
    assert reason in (None, *REASONS)


def test_a_picture_of_too_many_pixels_is_not_decoded(monkeypatch):
    monkeypatch.setattr(pillow_pixels, "MAX_PIXELS", PIXELS.shape[0] * PIXELS.shape[1] - 1)
    with pytest.raises(UnreadableImage) as caught:
        decode(encoded())
    assert caught.value.reason == "too_large"


def test_without_its_package_a_format_is_unsupported_and_the_package_named(not_installed):
    with pytest.raises(UnreadableImage) as caught:
        decode(encoded_before())
    assert caught.value.reason == "unsupported"
    assert "needs the package pillow-heif, which is not installed" in str(caught.value)
    assert 'pip install ".[heic]" in the checkout' in describe_missing_package()
    assert set(decoder_versions()) == {"opencv", "pillow", "simplejpeg"}


def encoded_before():
    """A HEIC made without Pillow's writer."""
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(PIXELS)).save(stream)
    return stream.getvalue()


def test_the_manifest_names_the_decoder():
    assert decoder_versions()["pillow-heif"] == version("pillow-heif")
    assert describe_missing_package() == ""
