"""Files with several pictures: the first is decoded, and the file is known to hold more."""

import io

import numpy as np
import pytest
from PIL import Image

from repro.data.images import decode
from repro.data.optional_decoders import pillow_reader
from repro.data.several_pictures import holds_several

KINDS = ["GIF", "PNG", "WEBP", "AVIF", "TIFF", pillow_reader("heic")]
FIRST = np.zeros((48, 64, 3), np.uint8)
FIRST[:, :32] = (250, 30, 30)
SECOND = 255 - FIRST


def saved(kind, *pixels, **options):
    first, *others = map(Image.fromarray, pixels)
    stream = io.BytesIO()
    more = {"save_all": True, "append_images": others} if others else {}
    first.save(stream, kind, **more, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_frame_and_that_there_are_more(kind):
    one, two = saved(kind, FIRST), saved(kind, FIRST, SECOND, FIRST)
    assert not holds_several(one)
    assert holds_several(two)
    assert np.abs(decode(two).astype(int) - FIRST).mean() < 6  # GIF's palette, AVIF's losses
    assert np.abs(decode(one).astype(int) - decode(two)).mean() < 3


@pytest.mark.parametrize("kind", ["JPEG", "JPEG2000", "BMP", "PPM"])
def test_formats_of_one_picture(kind):
    assert not holds_several(saved(kind, FIRST))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF"])
def test_damage_behind_the_first_frame_costs_no_picture(kind):
    noise = np.random.default_rng(0).integers(0, 256, FIRST.shape, np.uint8)
    alone, whole = saved(kind, FIRST), saved(kind, FIRST, noise)
    rng = np.random.default_rng(1)
    for end in rng.integers(len(alone) + 200, len(whole), 20):
        for data in (whole[:end], whole[:end] + rng.bytes(len(whole) - end)):
            assert (decode(data) == decode(whole)).all()
            assert holds_several(data) in (True, False)  # and no error


def test_an_animation_of_one_frame_is_one_picture():
    webp = saved("WEBP", FIRST, FIRST)  # equal frames become one
    assert not holds_several(webp)
