"""Pictures put together: every pixel at its place, white elsewhere."""

import numpy as np
import pytest

from repro.figures.side_by_side import side_by_side, stacked

SMALL = np.full((2, 3, 1), 10, np.uint8)
LARGE = np.full((4, 5, 1), 20, np.uint8)


@pytest.mark.parametrize("gap", [0, 6])
def test_tops_are_aligned_and_the_rest_is_white(gap: int) -> None:
    line = side_by_side([SMALL, LARGE], gap=gap)
    expected = np.full((4, 8 + gap, 1), 255, np.uint8)
    expected[:2, :3], expected[:, 3 + gap :] = SMALL, LARGE
    np.testing.assert_array_equal(line, expected)


@pytest.mark.parametrize("gap", [0, 6])
def test_left_edges_are_aligned_and_the_rest_is_white(gap: int) -> None:
    column = stacked([SMALL, LARGE], gap=gap)
    expected = np.full((6 + gap, 5, 1), 255, np.uint8)
    expected[:2, :3], expected[2 + gap :] = SMALL, LARGE
    np.testing.assert_array_equal(column, expected)
