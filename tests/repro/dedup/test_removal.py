"""repro/dedup/removal.py: what is removed, what is kept to be looked at, what is written."""

import csv
from pathlib import Path

import numpy as np
import pytest

from repro.dedup.group_table import write_groups
from repro.dedup.removal import find_removal, health_of_compared

NOT_FLAT = np.zeros(7, bool)
CODES = np.zeros((7, 8), np.uint8)
CODES[:, 0] = [1, 1, 2, 2, 2, 4, 4]  # groups of rows 0-1, 2-4, 5-6


def test_the_first_of_each_group_stays() -> None:
    removal = find_removal(CODES, flat=NOT_FLAT, max_group=50)
    assert removal.first.tolist() == [0, 0, 2, 2, 2, 5, 5]
    assert removal.keep.tolist() == [True, False, True, False, False, True, False]
    assert removal.distance.tolist() == [0] * 7


def test_large_groups_and_flat_pictures_stay_and_are_reported() -> None:
    flat = NOT_FLAT.copy()
    flat[5] = True
    removal = find_removal(CODES, flat=flat, max_group=2)
    # the group of 3 is over the limit; a flat picture, whose code row 6 shares, is in no group
    assert removal.keep.tolist() == [True, False, True, True, True, True, True]
    summary = removal.summary([f"k{row}" for row in range(7)])
    assert summary["oversized_groups"] == [{"first_key": "k2", "images": 3}]
    assert summary["featureless"] == ["k5"]
    assert (summary["removed"], summary["groups"], len(summary["warnings"])) == (1, 2, 2)


@pytest.mark.parametrize("radius", [0, 1])
def test_a_flat_picture_hides_no_copies_that_share_its_code(radius: int) -> None:
    flat = np.array([True, False, False, False])
    removal = find_removal(np.zeros((4, 8), np.uint8), flat=flat, max_group=50, radius=radius)
    assert removal.first.tolist() == [0, 1, 1, 1]
    assert removal.keep.tolist() == [True, True, False, False]


def test_flat_pictures_say_nothing_of_the_code() -> None:
    """Half of 2,000 pictures are blank, with equal codes; the others' bits are coin throws."""
    codes = np.random.default_rng(0).integers(0, 256, (2000, 16), dtype=np.uint8)
    flat = np.arange(2000) % 2 == 0
    codes[flat] = 7
    health = health_of_compared(codes, flat, radius=0)
    assert health is not None
    assert (health.count, health.distinct_codes) == (1000, 1000)
    assert health.effective_bits == pytest.approx(128, rel=0.1)
    assert health_of_compared(codes, np.ones(2000, bool), radius=0) is None


def test_a_radius_joins_to_the_earliest_kept_image_without_chains(tmp_path: Path) -> None:
    codes = np.zeros((4, 8), np.uint8)
    codes[:, 0] = [0b0, 0b11, 0b1111, 0b111111]  # each two bits from the one before
    removal = find_removal(codes, flat=NOT_FLAT[:4], max_group=50, radius=2)
    assert removal.first.tolist() == [0, 0, 2, 2]
    assert removal.distance.tolist() == [0, 2, 0, 2]
    write_groups(tmp_path / "groups.csv", removal, ["a", "b,x", "c", "\udcff"])
    with (tmp_path / "groups.csv").open(newline="", errors="surrogateescape") as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ["group", "key", "kept", "distance"],
        ["0", "a", "1", "0"],
        ["0", "b,x", "0", "2"],
        ["1", "c", "1", "0"],
        ["1", "\udcff", "0", "2"],
    ]


def test_nothing_to_group_is_an_error() -> None:
    with pytest.raises(ValueError, match="the dataset is empty"):
        find_removal(CODES[:0], flat=NOT_FLAT[:0], max_group=2)
