"""Dropping maps of a planted generator: what it does to new samples, and the numbers of it."""

import numpy as np
import pytest
from planted_windows import (
    WINDOW_MAPS,
    planted_generator,
    windows,
)

from experiments.forgetting_windows.results import (
    comparison_numbers,
    effect_numbers,
    equal_change,
    ratio_measurement,
)
from experiments.forgetting_windows.trials import Choices, Curve, NewSamples, curve, differences
from repro import rng
from repro.internals.drop_maps import highest


def new_samples(count: int = 80) -> NewSamples:
    z = rng.latents(count, 32, seed=1, purpose="test")
    return NewSamples(planted_generator(), z, layer=1, windows=windows)


def test_the_planted_generator_draws_what_it_says() -> None:
    z = rng.latents(80, 32, seed=1, purpose="test")
    wanted = (z[:, :16].reshape(-1, 4, 4) > 0.85).repeat_interleave(4, 1).repeat_interleave(4, 2)
    share = (windows(new_samples().before) == wanted.numpy()).mean()
    assert share > 0.98  # the faintest windows are no brighter than a wall


def test_the_wrong_maps_forget_nothing() -> None:
    """Reversed weights: the claims must fail, not only be weaker."""
    here = new_samples()
    weights = np.where(np.isin(np.arange(8), WINDOW_MAPS), -1.0, 1.0) * np.arange(1, 9)
    weights[[0, 2, 3]] = [-0.2, -0.1, -0.3]
    choices = Choices.of(weights, sets=6, seed=1, purpose="test")
    assert choices.positive.sum() == choices.lowest.sum() == 3
    assert all(one.sum() == 3 for one in choices.random)
    after = {
        "positive": [here.effect(choices.positive)],
        "random": [here.effect(one) for one in choices.random],
        "lowest": [here.effect(choices.lowest)],
    }
    assert here.effects(choices).keys() == after.keys()
    before, other = here.unmodified, here.other_samples()
    made = effect_numbers(before, after, other, suffix="", seed=1)
    made += comparison_numbers(before, after, other, seed=1)
    found = {m.name: m for m in made}
    assert found["window_area_left_positive"].low > 0.9
    assert found["window_area_left_lowest"].high < 0.01
    assert found["window_area_random_minus_positive"].high < 0.05
    assert found["window_area_lowest_minus_positive"].high < -0.04
    assert found["windows_gone_positive"].high < 0.05
    drawn = curve(here, weights, samples=30, steps=4, sets=3, seed=1, purpose="test")
    assert equal_change(drawn, 3, seed=1)[0].value < 0


def test_as_many_of_the_lowest_but_none_of_positive_weight() -> None:
    choices = Choices.of(np.array([3.0, 2, 1, 0.5, -1]), sets=2, seed=1, purpose="test")
    assert choices.positive.tolist() == [True, True, True, True, False]
    assert choices.lowest.tolist() == [False, False, False, False, True]


def test_curve_begins_unmodified_and_ends_with_nothing() -> None:
    here, weights = new_samples(20), np.arange(8) - 3.5
    found = curve(here, weights, samples=10, steps=3, sets=2, seed=1, purpose="test")
    assert found.counts.tolist() == [0, 3, 4, 5, 8]  # 8/3 and 16/3 rounded; 4 are positive
    assert found.random.shape == (2, 2, 5, 10)
    for one in (found.positive, found.random, found.lowest):
        assert np.allclose(one[0, :, 0], here.unmodified.area[:10])
        assert (one[1, :, 0] == 0).all()
        assert np.allclose(one[0, :, -1], 0)
    single = here.effect(highest(weights, 4), slice(10))
    assert np.allclose(found.positive[:, 0, 2], [single.area, single.change])


def test_differences_against_numpy() -> None:
    source = np.random.default_rng(0)
    before, after = source.integers(0, 256, (2, 5, 6, 6, 3)).astype(np.uint8)
    where = source.random((5, 6, 6)) < 0.6
    where[3] = False
    after[4] = 9
    change, likeness = differences(before, after, where)
    for n in (0, 1, 2, 4):
        one, other = before[n].mean(axis=2)[where[n]], after[n].mean(axis=2)[where[n]]
        assert change[n] == pytest.approx(np.abs(one - other).mean())
        if n != 4:
            assert likeness[n] == pytest.approx(np.corrcoef(one, other)[0, 1])
    assert np.isnan(change[3])
    assert np.isnan(likeness[[3, 4]]).all()


def test_ratios_are_paired_and_leave_out_what_is_not_defined() -> None:
    samples = np.random.default_rng(0).normal(5, 1, (1, 200))
    same = ratio_measurement("x", samples, samples * 2, seed=1, over="samples", protocol="")[0]
    assert (same.value, same.low, same.high) == pytest.approx((0.5, 0.5, 0.5))  # paired
    holed = np.array([1.0, np.nan, 3.0])
    assert ratio_measurement("x", holed, np.ones(3), seed=1, over="samples", protocol="")[0].n == 2
    assert ratio_measurement("x", holed, np.zeros(3), seed=1, over="samples", protocol="") == []


def test_equal_change_by_hand() -> None:
    """Random maps: the area falls from 10 to 0 while the rest changes by 0 to 20."""
    steps, samples = np.arange(5.0), np.ones(6)

    def line(area: np.ndarray, change: np.ndarray) -> np.ndarray:
        return np.stack([np.outer(v, samples) for v in (area, change)])[:, None]

    positive = line(np.array([10, 6, 1, 0, 0.0]), np.array([0, 1, 6, 8, 20.0]))
    random_sets = line(10 - 2.5 * steps, 5 * steps).repeat(3, axis=1)
    lowest = line(np.full(5, 12.0), 5 * steps)
    found = Curve(np.arange(0, 10, 2), positive, random_sets, lowest)
    made = equal_change(found, 4, seed=1)
    assert [m.name for m in made] == ["window_area_at_equal_change_random_minus_positive"]
    assert made[0].value == pytest.approx(10 - 6 / 20 * 10 - 1)  # change 6 -> area 7, minus 1
    assert (made[0].low, made[0].high) == pytest.approx((6, 6))
