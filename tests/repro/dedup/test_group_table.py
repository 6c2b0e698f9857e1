"""repro/dedup/group_table.py and stored_images.py: CSV and JSON agree; which image is preferred."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from odd_files import picture
from PIL import Image, ImageFilter

from repro.data.cells import name_in
from repro.dedup.group_table import write_groups, write_groups_json, write_pairs
from repro.dedup.removal import Removal
from repro.dedup.stored_images import StoredImages, sharpness_of

KEYS = ["=1+1.jpg", "b,x\n.jpg", "c.jpg", "\udcff.jpg", "e.jpg"]
STORED = StoredImages(
    width=np.array([10, 20, 30, 40, 50]),
    height=np.array([1, 2, 3, 4, 5]),
    bytes=np.array([9, 9, 9, 8, 8]),
    modified=np.array([0, 1, 1_700_000_000, 2, 10**11], np.uint64) * np.uint64(10**9),
    sharpness=np.array([1.0, 5.0, 2.0, 9.0, 0.0]),
    several=np.array([0, 1, 0, 0, 0]),
)


def removal() -> Removal:
    first = np.array([0, 0, 2, 2, 4])
    keep = first == np.arange(5)
    return Removal(first, keep, np.array([0, 3, 0, 1, 0], np.uint8), ~keep & keep, max_group=9)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
        return list(csv.DictReader(stream))


def test_both_tables_of_groups_have_the_same_content(tmp_path: Path) -> None:
    write_groups(tmp_path / "groups.csv", removal(), KEYS, STORED)
    write_groups_json(tmp_path / "groups.json", removal(), KEYS, STORED)
    groups = json.loads((tmp_path / "groups.json").read_text(encoding="utf-8"))["groups"]
    images = [{"group": group["group"], **image} for group in groups for image in group["images"]]
    assert [image["key"] for image in images] == KEYS[:4]
    assert [image["kept"] for image in images] == [True, False, True, False]
    rows = rows_of(tmp_path / "groups.csv")
    for row, image in zip(rows, images, strict=True):
        assert name_in(row.pop("key")) == image.pop("key")
        assert row.pop("kept") == str(int(image.pop("kept")))
        assert row == {name: str(value) for name, value in image.items()}
    assert [row["several"] for row in rows] == ["0", "1", "0", "0"]
    dates = [row["modified"] for row in rows]
    assert dates == ["", "1970-01-01T00:00:01Z", "2023-11-14T22:13:20Z", "1970-01-01T00:00:02Z"]


def test_pairs_name_both_images_with_their_sizes(tmp_path: Path) -> None:
    """Rows 0 and 1 are images of the folder, 2 to 4 of the other."""
    first = np.array([3, 1, 2, 3, 4])
    found = Removal(
        first, first == np.arange(5), np.array([2, 0, 0, 0, 0], np.uint8), first < 0, max_group=9
    )
    write_pairs(tmp_path, found, KEYS, STORED, np.array([4, 0, 0, 0, 0]))
    (row,) = rows_of(tmp_path / "pairs.csv")
    assert (name_in(row["key"]), row["against"]) == (KEYS[0], KEYS[3])
    assert (row["distance"], row["counterparts"], row["listed"]) == ("2", "4", "1")
    assert (row["width"], row["against_width"], row["against_height"]) == ("10", "40", "4")
    (pair,) = json.loads((tmp_path / "pairs.json").read_text())["pairs"]
    assert pair["listed"] is True
    as_csv = {name: str(value) for name, value in pair.items() if name not in ("key", "listed")}
    assert as_csv == {name: row[name] for name in as_csv}


@pytest.mark.parametrize(
    ("keep", "order"),
    [
        ("largest", [4, 3, 2, 1, 0]),
        ("first", [0, 1, 2, 3, 4]),
        ("newest", [4, 2, 3, 1, 0]),
        ("sharpest", [3, 1, 2, 0, 4]),
    ],
)
def test_what_is_preferred(keep: str, order: list[int]) -> None:
    assert STORED.best_first(keep).tolist() == order


def test_ties_go_to_the_larger_then_to_the_first() -> None:
    same = np.zeros(4, np.uint64)
    stored = StoredImages(np.array([1, 2, 2, 2]), np.ones(4), np.array([9, 5, 6, 6]), *[same] * 3)
    assert stored.best_first("newest").tolist() == [2, 3, 1, 0]
    with pytest.raises(ValueError, match="keep is 'best'; there are largest, first"):
        stored.best_first("best")


def encoded(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.slow
def test_blurred_and_enlarged_pictures_are_less_sharp() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (512, 600, 3), np.uint8)
    photo = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(1))
    blurred = photo.filter(ImageFilter.GaussianBlur(2))
    small = photo.resize((150, 128))
    large = photo.resize((1200, 1024))  # no more detail than before
    sharp, soft, thumbnail, enlarged = map(
        sharpness_of, map(encoded, (photo, blurred, small, large))
    )
    assert soft < 0.5 * sharp
    assert thumbnail < 0.5 * sharp
    assert enlarged == pytest.approx(sharp, rel=0.2)


def test_a_strip_is_not_enlarged_without_end() -> None:
    """At 512 pixels of the shorter side it would have gigabytes, or more than OpenCV takes."""
    strip = picture(1).resize((1, 900))
    assert 0 <= sharpness_of(encoded(strip)) < 256
    assert sharpness_of(encoded(Image.new("L", (5_000_000, 1)))) == 0
