"""Density and coverage against a count by hand, and their expected values."""

import numpy as np
import pytest

from repro.quality.density_coverage import RealBalls


def test_a_line_of_points_counted_by_hand() -> None:
    real = np.array([[0.0], [1.0], [3.0], [7.0]], np.float32)
    balls = RealBalls([real], k=1)
    # radii, to the nearest other one: 1, 1, 2, 4
    # 0.5 lies in the balls of 0 and 1; 3.5 in those of 3 and 7; 20 in none
    pictures = np.array([[0.5], [3.5], [20.0]], np.float32)
    assert balls.met([pictures]).densities.tolist() == [2, 2, 0]
    assert balls.met([pictures[:1]]).covered.tolist() == [True, True, False, False]
    assert balls.met([pictures]).covered.tolist() == [True] * 4


def test_with_k_of_two_the_count_is_halved() -> None:
    real = np.array([[0.0], [1.0], [3.0]], np.float32)
    balls = RealBalls([real], k=2)
    # radii: 3, 2, 3
    assert balls.met([np.array([[1.0]], np.float32)]).densities.tolist() == [1.5]


def test_squared_distances_of_two_spaces_add_and_either_can_be_left_out() -> None:
    """The axes of the plane as two spaces, against the plane as one."""
    plane, others = np.random.default_rng(3).normal(size=(2, 60, 2)).astype(np.float32)
    met = RealBalls([plane[:, :1], plane[:, 1:]], k=3).met([others[:, :1], others[:, 1:]])
    whole = RealBalls([plane], k=3).met([others])
    np.testing.assert_array_equal(met.densities, whole.densities)
    np.testing.assert_array_equal(met.covered, whole.covered)
    assert whole.without == ()
    for out, kept in ((0, slice(1, 2)), (1, slice(0, 1))):
        alone = RealBalls([plane[:, kept]], k=3).met([others[:, kept]])
        np.testing.assert_array_equal(met.without[out].densities, alone.densities)
        np.testing.assert_array_equal(met.without[out].covered, alone.covered)


def test_images_of_the_same_distribution_have_the_expected_values() -> None:
    source = np.random.default_rng(0)
    real, other = (source.normal(size=(1500, 4)).astype(np.float32) for _ in range(2))
    balls = RealBalls([real], k=5)
    assert balls.met([other]).densities.mean() == pytest.approx(1, abs=0.06)
    assert balls.met([other]).covered.mean() == pytest.approx(1 - 2**-5, abs=0.015)


def test_one_good_picture_has_density_and_no_coverage() -> None:
    real = np.random.default_rng(1).normal(size=(300, 3)).astype(np.float32)
    balls = RealBalls([real], k=5)
    best = real[balls.met([real]).densities.argmax()]
    again = np.tile(best, (200, 1))
    assert balls.met([again]).densities.mean() > 1
    assert balls.met([again]).covered.mean() < 0.1


def test_too_few_real_images_are_refused() -> None:
    with pytest.raises(ValueError, match="more real images than 5"):
        RealBalls([np.zeros((5, 2), np.float32)], k=5)
