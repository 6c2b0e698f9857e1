"""repro/dedup/contact_sheet.py: which groups come first, and that each picture stands where it
should."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from repro.dedup.contact_sheet import (
    ACROSS,
    BANDS,
    groups_by_doubt,
    name_on_two_lines,
    write_sheets,
)
from repro.dedup.removal import Removal
from repro.figures.drawing import PALETTE, font


def removal_of(first: list[int], distance: list[int], keep: list[bool] | None = None) -> Removal:
    rows = np.arange(len(first))
    kept = np.array(keep) if keep is not None else rows == np.array(first)
    return Removal(np.array(first), kept, np.array(distance, np.uint8), rows < 0, max_group=50)


def write_pictures(folder: Path, colours: list[tuple[int, int, int]]) -> list[str]:
    keys = [f"{n:03d}.png" for n in range(len(colours))]
    for key, colour in zip(keys, colours, strict=True):
        Image.new("RGB", (30, 20), colour).save(folder / key)
    return keys


def rgb(colour: str) -> tuple[int, int, int]:
    return tuple(bytes.fromhex(colour[1:]))  # type: ignore[return-value]


def places(sheet: np.ndarray, colour: tuple[int, int, int]) -> tuple[int, int]:
    """Left and top of the pixels of one colour."""
    rows, columns = np.nonzero((sheet == colour).all(axis=2))
    return int(columns.min()), int(rows.min())


def test_distance_then_size_then_number() -> None:
    #            group 0       1     2 (three)  3     alone
    first = [0, 1, 2, 0, 1, 2, 2, 7, 7, 9]
    distance = [0, 0, 0, 2, 6, 2, 0, 0, 2, 0]
    groups = groups_by_doubt(removal_of(first, distance))
    assert [group.number for group in groups] == [1, 2, 0, 3]
    assert [group.members.tolist() for group in groups] == [[1, 4], [2, 5, 6], [0, 3], [7, 8]]
    assert groups_by_doubt(removal_of([0, 1], [0, 0])) == []


def test_pictures_stand_in_order_with_their_verdict_round_them(tmp_path: Path) -> None:
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250)]
    keys = write_pictures(tmp_path, colours)
    removal = removal_of([0, 1, 0, 1, 0], [0, 0, 1, 9, 0])
    assert write_sheets(tmp_path, path=tmp_path, keys=keys, removal=removal, most=9) == 2
    sheet = np.asarray(Image.open(tmp_path / "sheet_001.png"))
    order = [1, 3, 0, 2, 4]  # the more distant pair first
    found = [places(sheet, colours[row]) for row in order]
    assert [left for left, _ in found] == sorted({left for left, _ in found})
    assert len({top for _, top in found}) == 1
    for row, (left, top) in zip(order, found, strict=True):
        frame = rgb(PALETTE[2] if removal.keep[row] else PALETTE[3])
        assert tuple(sheet[top - 1, left - 1]) == frame


def test_pages_hold_all_groups_and_a_large_one_is_cut(tmp_path: Path) -> None:
    pairs = ACROSS // 2 * BANDS + 1  # one more than fits on a page
    rng = np.random.default_rng(0)
    first = [row // 2 * 2 for row in range(2 * pairs)]
    colours = [tuple(rng.integers(0, 200, 3).tolist()) for _ in first]
    keys = write_pictures(tmp_path, colours)  # type: ignore[arg-type]
    removal = removal_of(first, [0] * len(first))
    shown = write_sheets(tmp_path, path=tmp_path, keys=keys, removal=removal, most=pairs)
    sheets = sorted(tmp_path.glob("sheet_*.png"))
    assert (shown, [sheet.name for sheet in sheets]) == (pairs, ["sheet_001.png", "sheet_002.png"])
    last = np.asarray(Image.open(sheets[1]))
    places(last, colours[-1])  # type: ignore[arg-type]
    assert len(last) < len(np.asarray(Image.open(sheets[0]))) / 2  # as high as it needs to be
    threes = removal_of([0, 0, 0, 3, 3, 3, 6, 6, 6], [0] * 9)  # two on the first band, one below
    assert write_sheets(tmp_path, path=tmp_path, keys=keys, removal=threes, most=3) == 3
    sheet = np.asarray(Image.open(tmp_path / "sheet_001.png"))
    tops = [places(sheet, colour)[1] for colour in colours[:9]]  # type: ignore[arg-type]
    assert len(set(tops[:6])) == len(set(tops[6:])) == 1
    assert tops[6] > tops[0]
    one = removal_of([0] * len(first), [0] * len(first))
    assert write_sheets(tmp_path, path=tmp_path, keys=keys, removal=one, most=pairs) == 1
    sheet = np.asarray(Image.open(tmp_path / "sheet_001.png"))
    drawn = [(sheet == colour).all(axis=2).sum() > 1000 for colour in colours]
    assert drawn == [row < ACROSS for row in range(len(first))]


def test_a_file_lost_since_leaves_its_place_empty(tmp_path: Path) -> None:
    keys = write_pictures(tmp_path, [(250, 0, 0), (0, 250, 0)])
    (tmp_path / keys[1]).unlink()
    removal = removal_of([0, 0], [0, 0])
    assert write_sheets(tmp_path, path=tmp_path, keys=keys, removal=removal, most=1) == 1
    sheet = np.asarray(Image.open(tmp_path / "sheet_001.png"))
    assert (sheet == rgb("#d8dbdf")).all(axis=2).sum() > 10_000


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("a.jpg", ["a.jpg"]),
        ("bedrooms/0001234_crop_left.jpg", ["bedrooms/0001234_", "crop_left.jpg"]),
        ("mmmmmmmmmm.mmmmmmmmmm", ["mmmmmmmmmm", ".mmmmmmmmmm"]),
    ],
)
def test_names_break_between_words(name: str, lines: list[str]) -> None:
    assert name_on_two_lines(name, font(11), width=126) == lines


@pytest.mark.parametrize("name", ["0123456789abcdef0123456789.webp", "x" * 60 + ".png"])
def test_names_without_a_place_to_break_fill_the_lines_from_their_end(name: str) -> None:
    lines = name_on_two_lines(name, font(11), width=126)
    assert len(lines) == 2
    assert name.endswith("".join(lines).removeprefix("…"))
    assert ("".join(lines) == name) == (len(name) < 40)
    assert all(font(11).getlength(line) <= 126 for line in lines)
    assert font(11).getlength(lines[1]) > 126 - font(11).getlength("m")
