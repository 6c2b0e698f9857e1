"""repro/dedup/across.py against comparing every image with every other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from repro.dedup.across import find_copies, nearest_across, summary_across


def codes_of(values: list[int]) -> np.ndarray:
    codes = np.zeros((len(values), 8), np.uint8)
    codes[:, 3] = values
    return codes


@given(
    st.lists(st.integers(0, 63), min_size=1, max_size=12),
    st.lists(st.integers(0, 63), min_size=1, max_size=12),
    st.integers(0, 4),
)
def test_the_nearest_of_all_comparisons(own: list[int], others: list[int], radius: int) -> None:
    found = nearest_across(codes_of(own), codes_of(others), radius=radius)
    for row, value in enumerate(own):
        distance = [(value ^ other).bit_count() for other in others]
        near = [n for n, d in enumerate(distance) if d <= radius]
        assert found.counterparts[row] == len(near)
        expected = min(near, key=lambda n: (distance[n], n), default=-1)
        assert found.row[row] == expected


def test_images_of_one_collection_are_no_copies_of_each_other() -> None:
    flat = np.zeros(6, bool)
    removal, counterparts = find_copies(
        codes_of([1, 1, 2, 2]), codes_of([8, 8]), flat=flat, max_group=5, radius=0
    )
    assert removal.keep.all()
    assert removal.first.tolist() == [0, 1, 2, 3, 4, 5]
    assert counterparts.tolist() == [0] * 6


def test_flat_pictures_are_not_compared_and_large_groups_stay() -> None:
    flat = np.array([False, True, False, False, False, False, True])
    removal, counterparts = find_copies(
        codes_of([1, 1, 1, 3, 2]), codes_of([1, 2]), flat=flat, max_group=2, radius=0
    )
    assert removal.first.tolist() == [5, 1, 5, 3, 4, 5, 6]  # rows 1 and 6 are flat
    assert removal.keep.tolist() == [False, True, False, True, True, True, True]
    assert counterparts[:5].tolist() == [1, 0, 1, 0, 0]
    summary = summary_across(removal, [""] * 7, images=5)
    counts = {
        name: summary[name] for name in ("count", "compared_with", "copies", "removed", "groups")
    }
    assert counts == {"count": 5, "compared_with": 2, "copies": 2, "removed": 2, "groups": 1}
    assert summary["warnings"] == ["2 pictures without contrast, not compared"]
    removal, _ = find_copies(
        codes_of([1, 1, 1]), codes_of([1]), flat=np.zeros(4, bool), max_group=2, radius=0
    )
    assert removal.keep.all()
    summary = summary_across(removal, [""] * 4, images=3)
    assert (summary["copies"], summary["removed"]) == (3, 0)
    assert "max_group = 2" in summary["warnings"][0]
