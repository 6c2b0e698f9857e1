"""Pictures as a report embeds them: charts to the pixel, pictures of images nearly, and lighter."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageSequence

from repro.figures.animation import save_animation
from repro.figures.drawing import grid, new_figure, save_figure, save_picture
from repro.figures.style import Style
from repro.report.pictures import (
    FRAMES,
    LONGEST_SIDE,
    MOST_PIXELS,
    Picture,
    embed_animation,
    embed_picture,
    rounded,
)

STYLE = Style(banner="SYNTHETIC DATA")


def shown(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(picture.uri.partition(",")[2])))


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB")).astype(int)


def samples(count: int, side: int, seed: int = 0) -> np.ndarray:
    """Blurred noise: like samples of a network, hardly two pixels of one colour."""
    noise = np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    return np.asarray(noise // 2 + np.roll(noise, 1, axis=2) // 2)


def test_a_chart_keeps_every_pixel_and_gets_lighter(tmp_path: Path) -> None:
    drawing, axes = new_figure()
    axes[0, 0].plot(np.arange(50), np.sqrt(np.arange(50)), label="a curve")
    axes[0, 0].legend()
    path = tmp_path / "chart.png"
    save_figure(path, drawing, style=STYLE)
    found = embed_picture(path, caption="")
    assert found.note == ""
    assert not found.hard
    np.testing.assert_array_equal(pixels(shown(found)), pixels(Image.open(path)))
    assert len(found.uri) * 3 / 4 < 0.7 * path.stat().st_size


def test_a_sheet_of_images_keeps_its_colours_within_4_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    save_picture(path, grid(samples(64, 32), 8), style=STYLE, scale=1)
    found = embed_picture(path, caption="")
    assert found.hard
    assert found.note == "colours within 4 of 255"
    assert np.abs(pixels(shown(found)) - pixels(Image.open(path))).max() == 4
    assert (found.width, found.height) == Image.open(path).size
    assert len(found.uri) * 3 / 4 < 0.7 * path.stat().st_size


@settings(max_examples=40)
@given(arrays(np.uint8, (3, 4, 3)))
def test_rounded_colours_are_near_and_rounding_twice_changes_nothing(picture: np.ndarray) -> None:
    found = rounded(picture)
    difference = np.abs(found.astype(int) - picture)
    assert difference.max() <= 4
    assert difference[..., 1].max() <= 2
    np.testing.assert_array_equal(rounded(found), found)


@settings(max_examples=40)
@given(st.integers(0, 255))
def test_greys_stay_grey_and_black_and_white_stay(level: int) -> None:
    found = rounded(np.full((1, 1, 3), level, np.uint8))
    assert len(set(found.ravel().tolist())) == 1
    assert level not in (0, 255) or found[0, 0, 0] == level


def test_a_huge_sheet_is_shown_smaller_and_says_so(tmp_path: Path) -> None:
    side = int(MOST_PIXELS**0.5) + 100
    path = tmp_path / "huge.png"
    Image.new("RGB", (side, side), "red").save(path)
    found = embed_picture(path, caption="")
    assert found.note == "2 times smaller than the file"
    assert found.width == shown(found).width == -(-side // 2)


def test_a_small_picture_that_gets_no_lighter_goes_in_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    Image.new("RGBA", (3, 3), "red").save(path)  # see-through: none of ours
    found = embed_picture(path, caption="")
    assert base64.b64decode(found.uri.partition(",")[2]) == path.read_bytes()
    assert found.note == ""


@pytest.mark.slow
def test_a_heavy_animation_is_shown_by_some_frames_from_first_to_last(tmp_path: Path) -> None:
    sheets = [tmp_path / f"step_{step:08d}.png" for step in range(0, 700, 100)]
    levels = np.linspace(0, 225, len(sheets)).round().astype(np.uint8)
    for level, sheet in zip(levels, sheets, strict=True):
        images = samples(64, 64, seed=int(level)) // 8 + level
        save_picture(sheet, grid(images, 8), style=STYLE, scale=1)
    path = tmp_path / "samples.webp"
    save_animation(path, sheets)
    found = embed_animation(path)
    assert found.note == f"coded smaller, {FRAMES} of 7 frames"
    assert len(found.uri) * 3 / 4 < 0.6 * path.stat().st_size
    frames = [pixels(frame) for frame in ImageSequence.Iterator(shown(found))]
    assert len(frames) == FRAMES
    assert max(found.width, found.height) == LONGEST_SIDE
    assert frames[0].shape[:2] == (found.height, found.width)
    brightness = [np.median(frame[60:-60]) for frame in frames]  # not of the gaps
    assert brightness == sorted(brightness)
    # the middle of a frame's noise is 16 above its level
    assert brightness[0] == pytest.approx(16, abs=8)
    assert brightness[-1] == pytest.approx(241, abs=8)


def test_the_file_is_named_below_the_run(tmp_path: Path) -> None:
    path = tmp_path / "run" / "experiments" / "walk" / "fig.png"
    path.parent.mkdir(parents=True)
    Image.new("RGB", (30, 30)).save(path)
    found = embed_picture(path, caption="", run=tmp_path / "run")
    assert (found.name, found.file) == ("fig.png", "experiments/walk/fig.png")
