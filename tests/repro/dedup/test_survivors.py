"""Which picture of a group is kept: the most pixels, then the largest file, then the first name."""

import csv
from pathlib import Path

import lmdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odd_files import picture
from PIL import Image

from repro.dedup.__main__ import main
from repro.dedup.folder import deduplicate
from repro.dedup.options import Options
from repro.dedup.removal import find_removal
from repro.dedup.stored_images import StoredImages


def stored(width: np.ndarray, height: np.ndarray, size: np.ndarray) -> StoredImages:
    nothing = np.zeros(len(width))
    return StoredImages(width, height, size, modified=nothing, sharpness=nothing, several=nothing)


@pytest.mark.slow
@given(st.data(), st.sampled_from([0, 1, 3]))
def test_no_picture_goes_for_a_smaller_one(data: st.DataObject, radius: int) -> None:
    count = data.draw(st.integers(1, 30))

    def numbers(most: int) -> np.ndarray:
        return np.array(data.draw(st.lists(st.integers(1, most), min_size=count, max_size=count)))

    codes = np.zeros((count, 8), np.uint8)
    codes[:, 0] = numbers(20)
    sizes = stored(numbers(3), numbers(3), numbers(4))
    flat = np.zeros(count, bool)
    removal = find_removal(codes, flat=flat, max_group=50, radius=radius, order=sizes.best_first())
    size = [
        (-w * h, -b, row)
        for row, (w, h, b) in enumerate(zip(sizes.width, sizes.height, sizes.bytes, strict=True))
    ]
    for row, (first, keep) in enumerate(zip(removal.first, removal.keep, strict=True)):
        between = int(codes[row, 0] ^ codes[first, 0]).bit_count()
        assert between == removal.distance[row] <= radius
        assert keep == (first == row)
        assert removal.keep[first]
        assert size[first] <= size[row]
    kept = np.flatnonzero(removal.keep)
    for a in kept:  # and no two that are kept lie within the radius
        for b in kept:
            assert a == b or int(codes[a, 0] ^ codes[b, 0]).bit_count() > radius


def test_pixels_of_more_than_32_bits_are_counted() -> None:
    large = np.array([65_535, 100_000], np.uint32)
    assert stored(large, large, np.array([9, 1], np.uint64)).best_first().tolist() == [1, 0]


def write_photos(folder: Path) -> dict[str, tuple[int, int]]:
    """Photos with thumbnails, in a folder that sorts first, and other copies: key -> its size."""
    sizes = {}
    for number in range(12):
        photo = picture(number).resize((480, 360), Image.Resampling.BICUBIC)
        copies = {
            f"photos/{number:02d}.jpg": (photo, 90),
            f"0 thumbnails/{number:02d}.jpg": (photo.resize((160, 120)), 95),
            f"exported/{number:02d}.jpg": (photo, 60),  # as many pixels, fewer bytes
        }
        for key, (copy, quality) in copies.items():
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            copy.save(folder / key, quality=quality)
            sizes[key] = copy.size
    turned = Image.Exif()
    turned[0x0112] = 6
    picture(50).resize((90, 120)).save(folder / "photos/a turned.jpg", quality=95)
    upright = picture(50).resize((180, 240))
    upright.transpose(Image.Transpose.ROTATE_90).save(folder / "photos/turned.jpg", exif=turned)
    return sizes | {"photos/a turned.jpg": (90, 120), "photos/turned.jpg": (180, 240)}


@pytest.mark.parametrize("database", [False, True])
def test_originals_stay_and_thumbnails_go(tmp_path: Path, database: bool) -> None:
    folder = tmp_path / "all"
    sizes = write_photos(folder)
    if database:
        with (
            lmdb.open(str(tmp_path / "db"), map_size=2**24) as made,
            made.begin(write=True) as transaction,
        ):
            for key in sizes:
                transaction.put(key.encode(), (folder / key).read_bytes())
    file = tmp_path / "list.txt"
    words = [tmp_path / "db" if database else folder, "--out", tmp_path / "out", "--radius", "4"]
    main([*map(str, words), "--method", "phash", "--delete-list", str(file)])
    names = file.read_text().splitlines()
    listed = {name if database else str(Path(name).relative_to(folder)) for name in names}
    assert listed == set(sizes) - {f"photos/{n:02d}.jpg" for n in range(12)} - {"photos/turned.jpg"}
    with (tmp_path / "out/groups.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["key"]: (int(row["width"]), int(row["height"])) for row in rows} == sizes
    assert all(int(row["bytes"]) == (folder / row["key"]).stat().st_size for row in rows)
    for row in rows:  # the one kept is first in its group
        head = next(one for one in rows if one["group"] == row["group"])
        assert (row is head) == (row["kept"] == "1") == (row["key"] not in listed)


def test_equal_pixels_leave_the_largest_file(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    for name, level in (("a.png", 9), ("b.png", 1), ("c.png", 1)):
        picture(3).save(folder / name, compress_level=level)
    found = deduplicate(folder, tmp_path / "out", method="pixels")
    assert found.removal.keep.tolist() == [False, True, False]


def test_a_group_over_the_limit_names_its_best(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    for name, side in (("a.png", 64), ("b.png", 128), ("c.png", 96)):
        picture(3).resize((side, side)).save(folder / name)
    options = Options(max_group=2, radius=6)
    found = deduplicate(folder, tmp_path / "out", method="phash", options=options)
    assert found.removal.keep.all()
    assert found.summary["oversized_groups"] == [{"first_key": "b.png", "images": 3}]
