"""Intervals against scipy's own and against their coverage on simulated data."""

import numpy as np
import pytest
from scipy import stats

from repro.claims.intervals import bootstrap_difference, bootstrap_mean, student, wilson


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 10), (10, 10), (137, 400)])
def test_wilson_agrees_with_scipy(successes: int, n: int) -> None:
    theirs = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes=successes, n=n) == pytest.approx((theirs.low, theirs.high))


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_share(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="expected 0 <= successes"):
        wilson(successes=successes, n=n)


def test_student_agrees_with_scipy() -> None:
    values = np.array([1.0, 2, 4, 8])
    theirs = stats.ttest_1samp(values, 0).confidence_interval()
    assert student(values) == pytest.approx((theirs.low, theirs.high))
    with pytest.raises(ValueError, match="at least 2"):
        student(values[:1])


def test_bootstrap_covers_the_mean_about_as_often_as_stated() -> None:
    source = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        low, high = bootstrap_mean(
            source.exponential(size=80), seed=trial, purpose="test", draws=300
        )
        hits += low <= 1 <= high
    assert 0.87 <= hits / 200 <= 0.99  # nominal 0.95; the bootstrap is a little short at n = 80


def test_bootstrap_is_a_function_of_seed_and_purpose() -> None:
    values = np.random.default_rng(0).normal(size=30)
    first = bootstrap_mean(values, seed=1, purpose="a")
    assert first == bootstrap_mean(values, seed=1, purpose="a")
    assert first != bootstrap_mean(values, seed=2, purpose="a")
    assert first != bootstrap_mean(values, seed=1, purpose="b")


def test_difference_is_wider_than_either_mean_and_has_its_sign() -> None:
    source = np.random.default_rng(0)
    high_values, low_values = source.normal(2, 1, 100), source.normal(0, 1, 100)
    low, high = bootstrap_difference(high_values, low_values, seed=1, purpose="test")
    assert 1.5 < low < 2 < high < 2.5
    theirs = 2 * 1.96 * np.sqrt(high_values.var() / 100 + low_values.var() / 100)
    assert high - low == pytest.approx(theirs, rel=0.15)
