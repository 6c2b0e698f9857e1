"""The animation of sample sheets: its frames, captions, size, and what it refuses."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from repro.errors import UnusableError
from repro.figures import animation
from repro.figures.animation import FRAMES, LARGEST, _evenly_spread, main, save_animation
from repro.figures.drawing import grid, save_picture
from repro.figures.style import Style

PLAIN, MARKED = Style(), Style(banner="TINY - not a result")
BANNER_COLOUR = np.array([255, 223, 128])


def write_sheets(
    folder: Path, steps: list[int], *, side: int = 30, style: Style = PLAIN
) -> list[Path]:
    """Sheets of 8 x 8 pictures, each of one grey: darker by 20 from sheet to sheet."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"step_{step:08d}.png" for step in steps]
    for place, path in enumerate(paths):
        images = np.full((64, side, side, 3), 240 - 20 * (place % 12), np.uint8)
        save_picture(path, grid(images, 8), style=style)
    return paths


def frames(path: Path) -> list[np.ndarray]:
    """Every frame (H, W, 3) uint8."""
    with Image.open(path) as picture:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(picture)]


def durations(path: Path) -> list[int]:
    found = []
    with Image.open(path) as picture:
        for frame in ImageSequence.Iterator(picture):
            frame.load()
            found.append(int(picture.info["duration"]))
    return found


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_frames_are_the_sheets_in_their_order(tmp_path: Path, kind: str) -> None:
    sheets = write_sheets(tmp_path / "s", [500, 1000, 1500])
    out = tmp_path / f"a.{kind}"
    save_animation(out, sheets[::-1])
    found = frames(out)
    with Image.open(sheets[0]) as sheet:
        width, height = sheet.size
    assert [frame.shape for frame in found] == [(height + 24, width, 3)] * 3
    for frame, grey in zip(found, (240, 220, 200), strict=True):
        tile = frame[5:80, 5:80].astype(int)
        assert abs(tile - grey).max() <= 6  # lossy
        assert (frame[height + 2 :].min(2) < 100).sum() > 60  # the caption's letters
    captions = [frame[height + 2 :].astype(int) for frame in found]
    assert np.abs(captions[0] - captions[1]).max() > 150  # 500 is not 1,000
    times = durations(out)
    assert times[:2] == [600, 600]
    assert times[2] > 2000
    with Image.open(out) as picture:
        assert picture.info["loop"] == 0  # for ever


def test_banner_keeps_its_size_where_sheets_are_made_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheets = write_sheets(tmp_path / "s", [1, 2], style=MARKED)
    monkeypatch.setattr(animation, "TRIES", ((4, 75),))
    save_animation(tmp_path / "a.webp", sheets)
    frame = frames(tmp_path / "a.webp")[0]
    with Image.open(sheets[0]) as sheet:
        strip = np.asarray(sheet.convert("RGB"))[:26]
        assert frame.shape[1] < sheet.width / 3
    width = frame.shape[1]
    difference = np.abs(frame[:26].astype(int) - strip[:, :width].astype(int))
    assert difference.mean() < 12  # the same letters, lossy
    assert np.abs(frame[2:24, -6:].astype(int) - BANNER_COLOUR).max() < 40  # the last one whole
    assert (frame[:26].astype(int).sum(2) < 250).sum() > 100


@given(count=st.integers(1, 400))
def test_spread_has_both_ends_no_more_than_48_and_even_gaps(count: int) -> None:
    sheets = [Path(f"step_{i:08d}.png") for i in range(count)]
    chosen = [animation.minibatch_of(sheet) for sheet in _evenly_spread(sheets)]
    assert len(chosen) == min(count, FRAMES)
    assert (chosen[0], chosen[-1]) == (0, count - 1)
    gaps = np.diff(chosen)
    assert len(gaps) == 0 or (gaps.min() >= 1 and gaps.max() - gaps.min() <= 1)


@pytest.mark.slow
def test_long_animation_of_64_pixel_sheets_is_small_enough(tmp_path: Path) -> None:
    """Coarse noise, which compresses worse than what a generator draws."""
    source = np.random.default_rng(0)
    sheets = []
    for step in range(1, 51):
        coarse = source.integers(0, 256, (64, 16, 16, 3), dtype=np.uint8)
        sheets.append(tmp_path / f"step_{step:08d}.png")
        save_picture(sheets[-1], grid(coarse.repeat(4, 1).repeat(4, 2), 8), style=PLAIN)
    save_animation(tmp_path / "a.webp", sheets)
    assert (tmp_path / "a.webp").stat().st_size < 1.15 * LARGEST[".webp"]
    found = frames(tmp_path / "a.webp")
    assert len(found) == FRAMES
    assert found[0].shape[1] < 526


def test_no_sheet_no_file_and_one_sheet_a_picture(tmp_path: Path) -> None:
    save_animation(tmp_path / "none.webp", [])
    assert list(tmp_path.iterdir()) == []
    for kind in ("webp", "gif"):
        save_animation(tmp_path / f"one.{kind}", write_sheets(tmp_path / "s", [7]))
        assert len(frames(tmp_path / f"one.{kind}")) == 1


@pytest.mark.slow
def test_same_sheets_same_bytes_and_nothing_left_beside(tmp_path: Path) -> None:
    sheets = write_sheets(tmp_path / "s", [1, 2, 3], style=MARKED)
    for name in ("a.webp", "b.webp", "a.gif", "b.gif"):
        save_animation(tmp_path / name, sheets)
    for kind in ("webp", "gif"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.gif", "a.webp", "b.gif", "b.webp", "s"]


def test_unfit_files_are_named(tmp_path: Path) -> None:
    sheets = write_sheets(tmp_path / "s", [1, 2])
    other = write_sheets(tmp_path / "s", [3], side=16)
    with pytest.raises(ValueError, match=r"step_00000003\.png.*sheets of one training"):
        save_animation(tmp_path / "a.webp", sheets + other)
    sheets[1].write_bytes(b"\x89PNG torn")
    with pytest.raises(ValueError, match=r"step_00000002\.png: not a readable PNG"):
        save_animation(tmp_path / "a.webp", sheets)
    with pytest.raises(ValueError, match=r"a\.mp4: expected a name that ends in \.webp or \.gif"):
        save_animation(tmp_path / "a.mp4", sheets)
    with pytest.raises(ValueError, match=r"sheet\.png: expected a sample sheet named step_"):
        save_animation(tmp_path / "a.webp", [tmp_path / "sheet.png"])
    assert not list(tmp_path.glob("a.*"))


def test_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sheets(tmp_path / "model" / "samples", [1, 2])
    monkeypatch.setattr(
        sys, "argv", ["animation", f"{tmp_path}/model", "--out", f"{tmp_path}/a.gif"]
    )
    main()
    assert "2 frames" in capsys.readouterr().out
    assert len(frames(tmp_path / "a.gif")) == 2
    monkeypatch.setattr(sys, "argv", ["animation", str(tmp_path), "--out", f"{tmp_path}/b.gif"])
    with pytest.raises(UnusableError, match="holds no sheet"):
        main()
