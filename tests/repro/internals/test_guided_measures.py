"""Measures of responses and gradients against hand-computed values and closed forms."""

import numpy as np
import pytest
import torch

from repro.internals.guided_backprop import (
    concentration,
    gradients_as_grey,
    likeness,
    selectivity,
    top_images,
)


def test_concentration_by_hand_and_unchanged_by_gain_and_shift() -> None:
    maps = torch.tensor([[0.0, 0, 0, 1], [1, 0, 0, 1], [-1, 0, 0, 1], [2, 2, 2, 2]])
    maps = maps.reshape(1, 4, 2, 2)
    found = concentration(maps)[0]
    # (3/4)^2 of 3/4; (1/2)^2 of 1; 1 of 2; 0 of 0
    assert found[:3].tolist() == pytest.approx([3 / 4, 1 / 4, 1 / 2])
    assert found[3].isnan()
    torch.testing.assert_close(concentration(5 * maps[:, :3] - 2)[0], found[:3])


def test_top_images_are_distinct_and_best_first() -> None:
    value = np.array([[1.0, 9], [3, 9], [2, 7], [5, 8]])
    assert top_images(value, 3).tolist() == [[3, 1, 2], [0, 1, 3]]


def test_selectivity_ignores_gain_and_shift_and_knows_the_normal_distribution() -> None:
    value = np.random.default_rng(0).normal(size=(2000, 50))
    plain = selectivity(value, 10)
    # mean of the top 0.5 % of a standard normal: density(2.576) / 0.005 = 2.892
    assert plain.mean() == pytest.approx(2.892, abs=0.05)
    np.testing.assert_allclose(selectivity(3 * value - 7, 10), plain)
    assert selectivity(np.ones((20, 1)), 3).tolist() == [0]


def test_likeness_by_hand() -> None:
    gradients = np.array([[1.0, 0], [2, 0], [0, 5], [0, 0]])  # one like pair of six
    assert likeness(gradients) == pytest.approx(1 / 6)
    assert likeness(np.array([[1.0, 1], [-2, -2]])) == pytest.approx(-1)


def test_zero_gradient_is_mid_grey() -> None:
    tiles = np.array([-2.0, 0, 1, 2]).reshape(1, 2, 2, 1)
    assert gradients_as_grey(tiles).ravel().tolist() == [1, 128, 192, 255]
    assert gradients_as_grey(np.zeros((1, 2, 2, 1))).ravel().tolist() == [128] * 4


def test_grey_of_a_quantile_clips_what_lies_beyond() -> None:
    tiles = np.array([-4.0, 0, 1, 2, 2]).reshape(1, 1, 5, 1)
    half = gradients_as_grey(tiles, brightest=0.75)  # the magnitudes' third quartile is 2
    assert half.ravel().tolist() == [1, 128, 192, 255, 255]
    few = np.zeros((1, 1, 100, 1))
    few[0, 0, 0] = -3  # sparser than the quantile: the largest is the scale
    assert gradients_as_grey(few, brightest=0.5).ravel()[:2].tolist() == [1, 128]
