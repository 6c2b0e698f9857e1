"""repro/data/images.py and repro/data/decoders.py against Pillow, exact arithmetic and damaged
files.

Longer than 300 lines: decoding and cropping are tried on the same encoded pictures.
"""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageOps

from repro.bench.jpeg_database import photo_like
from repro.data.formats import REASONS, UnreadableImage, sniff
from repro.data.images import (
    _halved_square,
    centre_crop,
    decode,
    decode_square,
    halve,
    halved_to,
    to_tensor,
    to_uint8,
)


def smooth(height, width, seed=0):
    """A picture without detail finer than about 12 pixels, so that codecs keep it."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 12 + 2, width // 12 + 2, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def encoded(picture, kind, **options):
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def distance(a, b):
    return np.abs(np.asarray(a, float) - np.asarray(b, float)).mean()


PICTURE = smooth(100, 140)


@pytest.mark.parametrize(
    ("kind", "name", "options", "tolerance"),
    [
        ("JPEG", "jpeg", {"quality": 95}, 2.0),
        ("JPEG", "jpeg", {"quality": 95, "progressive": True}, 2.0),
        ("JPEG", "jpeg", {"quality": 95, "subsampling": "4:1:1"}, 6.0),
        ("PNG", "png", {}, 0.0),
        ("WEBP", "webp", {"lossless": True}, 0.0),
        ("WEBP", "webp", {"quality": 95}, 3.0),
        ("BMP", "bmp", {}, 0.0),
        ("TIFF", "tiff", {}, 0.0),
        ("PPM", "ppm", {}, 0.0),
        ("GIF", "gif", {}, 12.0),
    ],
)
def test_every_format_gives_the_picture_back(kind, name, options, tolerance):
    data = encoded(PICTURE, kind, **options)
    assert sniff(data) == name
    assert distance(decode(data), PICTURE) <= tolerance


def test_grey_becomes_three_equal_channels_and_colour_becomes_luma():
    grey = Image.fromarray(PICTURE).convert("L")
    for kind in ("PNG", "JPEG"):
        image = decode(encoded(grey, kind))
        assert (image[..., 0] == image[..., 1]).all()
        assert (image[..., 0] == image[..., 2]).all()
    red, green, blue = PICTURE.astype(float).transpose(2, 0, 1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue  # ITU-R 601
    assert np.abs(decode(encoded(PICTURE, "PNG"), channels=1)[..., 0] - luma).max() <= 1
    assert distance(decode(encoded(PICTURE, "JPEG", quality=95), channels=1)[..., 0], luma) < 2


def test_cmyk_jpeg_has_the_right_colours():
    data = encoded(Image.fromarray(PICTURE).convert("CMYK"), "JPEG", quality=95)
    assert distance(decode(data), PICTURE) < 3


def test_palette_and_transparency_are_flattened_on_white():
    flat = np.zeros((8, 8, 4), np.uint8)
    flat[:4] = (10, 20, 30, 255)  # opaque above, fully transparent below
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True})):
        image = decode(encoded(flat, kind, **options))
        assert (image[:4] == (10, 20, 30)).all()
        assert (image[4:] == 255).all()
    palette = Image.fromarray(PICTURE).quantize(16)
    expected = np.asarray(palette.convert("RGB"))
    assert (decode(encoded(palette, "PNG")) == expected).all()
    palette.info["transparency"] = palette.getpixel((0, 0))
    seen = decode(encoded(palette, "PNG", transparency=palette.getpixel((0, 0))))
    assert (seen[0, 0] == 255).all()


def test_sixteen_bits_are_scaled_not_clipped():
    values = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
    assert decode(encoded(Image.fromarray(values), "PNG"))[0, :, 0].tolist() == [0, 1, 128, 255]


def test_exif_behind_a_long_colour_profile_is_found():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(PICTURE, "JPEG", exif=exif, quality=95)
    start, length = 2, 2 + int.from_bytes(data[4:6], "big")
    profile = b"\xff\xe2" + (9000).to_bytes(2, "big") + bytes(8998)
    moved = data[:2] + profile + data[start : start + length] + data[start + length :]
    assert moved.find(b"Exif") > 9000
    assert decode(moved).shape == (140, 100, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_as_pillow_understands_it(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    data = encoded(PICTURE, kind, exif=exif, **options)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    assert decode(data).shape == expected.shape
    assert distance(decode(data), expected) < 1
    assert distance(decode_square(data, 100), centre_crop(expected, 100)) < 1


def test_scaled_decode_never_goes_below_what_is_asked():
    data = encoded(smooth(256, 341), "JPEG", quality=75)
    assert decode(data, at_least=64).shape == (64, 86, 3)
    assert decode(data).shape == (256, 341, 3)
    for at_least in (30, 65, 100, 200, 256, 300):
        assert min(decode(data, at_least=at_least).shape[:2]) >= min(at_least, 256)


@pytest.mark.parametrize("shape", [(256, 341), (341, 256), (256, 256), (375, 500), (90, 70)])
def test_scaled_square_is_near_the_full_decode(shape):
    picture = smooth(*shape, seed=3)
    data = encoded(picture, "JPEG", quality=90)
    side = min(shape)
    top, left = (shape[0] - side) / 2, (shape[1] - side) / 2
    full = Image.open(io.BytesIO(data)).resize(
        (64, 64), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side)
    )
    assert distance(decode_square(data, 64), full) < 1.6  # cropped by whole pixels: up to 10


def area_mean(picture, size):
    """Exact mean of the centred square over size x size equal boxes, in float."""
    height, width = picture.shape[:2]
    side = min(height, width)
    rows = shares(height, (height - side) / 2, side / size, size)
    columns = shares(width, (width - side) / 2, side / size, size)
    return np.einsum("ih,hwc,jw->ijc", rows, picture.astype(float), columns, optimize=True)


def shares(pixels, start, step, size):
    """(size, pixels): which share each pixel has in each of the boxes of length `step`."""
    edges = start + step * np.arange(size + 1)
    left, right = edges[:-1, None], edges[1:, None]
    pixel = np.arange(pixels)
    return np.clip(np.minimum(right, pixel + 1) - np.maximum(left, pixel), 0, None) / step


CANVAS = photo_like(1024, seed=0, index=0)


@pytest.mark.parametrize(("size", "channels"), [(64, 3), (32, 3), (128, 3), (64, 1)])
@pytest.mark.parametrize("shape", [(256, 256), (256, 341), (256, 455), (341, 256), (256, 384)])
def test_crop_of_lsuns_shapes_is_near_the_area_mean_of_the_full_decode(shape, size, channels):
    """Photo-like pictures of 256 pixels; a shift of the picture at 1/4 would be 2 levels off."""
    distances = []
    for number in range(5):
        top, left = 60 * number, 100 * number
        data = encoded(CANVAS[top : top + shape[0], left : left + shape[1]], "JPEG", quality=75)
        full = decode(data, channels=channels)
        square = decode_square(data, size, channels=channels)
        assert square.shape == (size, size, channels)
        distances.append(distance(square, area_mean(full, size)))
    assert np.mean(distances) < (0.9 if size == 64 else 1.2)  # rounding to whole levels: 0.25


def test_a_square_between_the_pixels_is_mixed_exactly():
    ramp = np.broadcast_to(np.arange(0, 170, dtype=np.uint8)[:, None, None], (170, 128, 3)).copy()
    for extent in (128 + 2 * 20.25, 128 + 2 * 20.5, 128 + 2 * 20.75):
        margin = (extent - 128) / 2
        expected = margin + 2 * np.arange(64) + 0.5  # pixel 0 of the ramp has its mean at 0
        found = _halved_square(ramp, 64, extent=(extent, 128))[:, 5, 1]
        assert np.abs(found - expected).max() <= 0.75
        across = _halved_square(
            np.ascontiguousarray(ramp.transpose(1, 0, 2)), 64, extent=(128, extent)
        )
        assert (across[5, :, 1] == found).all()


def test_centre_crop_of_integer_ratio_is_near_the_area_mean():
    picture = smooth(128, 192)
    means = picture[:, 32:160].reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))
    assert distance(centre_crop(picture, 64), means) < 0.6
    box = Image.fromarray(picture[:, 32:160]).resize((64, 64), Image.Resampling.BOX)
    assert distance(centre_crop(picture, 64), box) < 0.6


def test_centre_crop_does_not_alias():
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(centre_crop(stripes, 60).astype(float) - 127.5).max() < 12  # not black or white


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(8, 20), st.integers(8, 20), st.sampled_from([1, 3])))
)
@settings(max_examples=50, deadline=None)
def test_centre_crop_at_its_own_size_copies_pixels_and_commutes_with_flips(image):
    size = min(image.shape[:2])
    top, left = (image.shape[0] - size) // 2, (image.shape[1] - size) // 2
    assert (centre_crop(image, size) == image[top : top + size, left : left + size]).all()
    flipped = centre_crop(np.ascontiguousarray(image[:, ::-1]), size + 5)[:, ::-1]
    assert np.abs(centre_crop(image, size + 5).astype(int) - flipped).max() <= 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<html><body>404</body></html>", "not_an_image"),
        (bytes(4000), "not_an_image"),
        (np.random.default_rng(0).bytes(4000), "not_an_image"),
        (encoded(PICTURE, "JPEG")[:-200], "truncated"),
        (encoded(PICTURE, "JPEG")[:-2], "truncated"),
        (encoded(PICTURE, "PNG")[:2000], "truncated"),
        (encoded(PICTURE, "WEBP")[:900], "truncated"),
        (encoded(PICTURE, "JPEG")[:20] + bytes(3000), "corrupt"),
        (encoded(PICTURE, "PNG")[:8] + bytes(100), "corrupt"),
        (b"II+\x00\x08" + bytes(40), "unsupported"),
        (b"P6 20000 20000 255 " + bytes(50), "too_large"),
    ],
)
def test_damage_has_a_typed_reason(data, reason):
    with pytest.raises(UnreadableImage) as caught:
        decode(data)
    assert caught.value.reason == reason
    assert reason in REASONS


@given(
    st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=20),
    st.floats(0, 1),
)
@settings(max_examples=150, deadline=None)
def test_damaged_bytes_give_a_picture_or_a_reason_and_nothing_else(kind, edits, keep):
    data = bytearray(encoded(PICTURE[:24, :32], kind))
    for place, value in edits:
        data[int(place * (len(data) - 1))] = value
    reason = None
    try:
        image = decode_square(bytes(data[: max(1, int(keep * len(data)))]), 16)
    except UnreadableImage as error:
        reason = error.reason
    assert reason in REASONS or image.shape == (16, 16, 3)


def test_wrong_channels_are_refused():
    with pytest.raises(ValueError, match="1 or 3, found 4"):
        decode(encoded(PICTURE, "PNG"), channels=4)


def test_network_range_and_back_on_all_values():
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=3)
    tensor = to_tensor(images)
    assert tensor.shape == (1, 3, 16, 16)
    assert (float(tensor.min()), float(tensor.max())) == (-1.0, 1.0)
    assert float(tensor[0, 0, 0, 1]) == pytest.approx(1 / 127.5 - 1)
    assert (to_uint8(tensor) == images).all()


def test_to_uint8_clamps_and_refuses_nan():
    assert to_uint8(torch.tensor([-1.5, 0.0, 7.0]).view(1, 1, 1, 3)).ravel().tolist() == [
        0,
        128,
        255,
    ]
    with pytest.raises(ValueError, match="NaN"):
        to_uint8(torch.full((1, 1, 2, 2), float("nan")))
    with pytest.raises(ValueError, match="expected uint8"):
        to_tensor(np.zeros((1, 2, 2, 3), np.float32))


def test_halve_is_the_rounded_mean():
    blocks = np.array([[0, 1, 10, 20], [1, 0, 30, 41]], np.uint8).reshape(1, 2, 4, 1)
    assert halve(blocks).ravel().tolist() == [1, 25]  # 0.5 -> 1, 25.25 -> 25
    assert halve(np.full((2, 4, 4, 3), 255, np.uint8)).min() == 255
    with pytest.raises(ValueError, match="even"):
        halve(np.zeros((1, 3, 4, 1), np.uint8))


@pytest.mark.parametrize(
    ("side", "most", "expected"), [(64, 32, 32), (64, 64, 64), (60, 20, 15), (60, 10, 15)]
)
def test_halved_to_a_side(side: int, most: int, expected: int) -> None:
    """Every pixel is the mean of its square; an odd side ends the halving."""
    ramp = np.broadcast_to(np.arange(side, dtype=np.uint8)[:, None, None], (1, side, side, 1))
    made = halved_to(ramp, most)
    assert made.shape == (1, expected, expected, 1)
    squares = ramp.reshape(1, expected, side // expected, expected, -1, 1).mean(axis=(2, 4))
    assert np.abs(made - squares).max() <= 1  # each halving rounds upwards
