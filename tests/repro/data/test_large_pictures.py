"""Pictures of more pixels than may be in memory: scaled while they are read, or refused."""

import io
import resource
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from repro.data.formats import UnreadableImage
from repro.data.images import decode, decode_square, square_and_shape
from repro.data.pillow_pixels import MAX_PIXELS

WIDTH, HEIGHT = 12_000, 9_000  # 108 megapixels, as of phones


def photo(mode="L", **options):
    """A ramp from left (0) to right (240) in 16 stripes, the last of which is white."""
    stripes = np.linspace(0, 240, 16, dtype=np.uint8).repeat(WIDTH // 16)
    picture = Image.fromarray(np.broadcast_to(stripes, (HEIGHT, WIDTH)))
    stream = io.BytesIO()
    picture.convert(mode).save(stream, "JPEG", quality=80, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def large():
    assert WIDTH * HEIGHT > MAX_PIXELS
    return photo()


@pytest.mark.slow
def test_a_jpeg_of_108_megapixels_is_read_at_an_eighth(large):
    square, shape = square_and_shape(large, 64)
    assert shape == (HEIGHT, WIDTH)
    middle = (WIDTH - HEIGHT) / 2 + (np.arange(64) + 0.5) * HEIGHT / 64  # columns, pixels
    truth = 16 * (middle // (WIDTH // 16))
    assert np.abs(square.astype(int).mean(axis=(0, 2)) - truth).max() <= 8  # at a stripe's border
    assert decode(large, at_least=64).shape == (1125, 1500, 3)
    with pytest.raises(UnreadableImage, match="too_large: 12000x9000 pixels"):
        decode(large)
    with pytest.raises(UnreadableImage, match="too_large"):
        decode_square(large, 8192)


READ = """
import resource, sys
from pathlib import Path
from repro.data.images import decode_square
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
decode_square(Path(sys.argv[1]).read_bytes(), 64)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, whose unit of memory is known")
def test_its_pixels_are_never_all_in_memory(large, tmp_path):
    assert resource.getpagesize()  # ru_maxrss in KiB
    (tmp_path / "large.jpg").write_bytes(large)
    words = [sys.executable, "-c", READ, str(tmp_path / "large.jpg")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout) < 60  # MB; all of them would be 324


@pytest.mark.slow
def test_colours_of_print_are_scaled_as_well(large):
    data = photo("CMYK")
    square, shape = square_and_shape(data, 64)
    assert shape == (HEIGHT, WIDTH)
    assert np.abs(square.astype(int) - decode_square(large, 64)).mean() < 3


def test_a_jpeg_in_several_scans_is_held_whole_and_so_may_be_smaller(monkeypatch):
    """Limits of a hundredth, so that small pictures do."""
    monkeypatch.setattr("repro.data.jpeg_pixels.MAX_PIXELS", 10_000)
    monkeypatch.setattr("repro.data.jpeg_pixels.MAX_HELD", 15_000)

    def encoded(width, height, **options):
        stream = io.BytesIO()
        Image.new("RGB", (width, height), "red").save(stream, "JPEG", **options)
        return stream.getvalue()

    assert decode_square(encoded(200, 150), 16).shape == (16, 16, 3)
    assert decode_square(encoded(120, 120, progressive=True), 16).shape == (16, 16, 3)
    with pytest.raises(UnreadableImage, match="too_large: 200x150"):
        decode_square(encoded(200, 150, progressive=True), 16)
    with pytest.raises(UnreadableImage, match="too_large"):
        decode_square(encoded(200, 150), 120)
