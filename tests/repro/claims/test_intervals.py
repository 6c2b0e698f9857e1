"""Intervals against hand-computed values, slow plain references and their coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from repro.claims.intervals import (
    DRAWS,
    bootstrap_difference,
    bootstrap_draws,
    bootstrap_mean,
    bootstrap_means_of_columns,
    bootstrap_ratio,
    bootstrap_ratio_of_medians,
    combined,
    crossed_difference,
    crossed_means,
    crossed_ratio,
    delong,
    fisher_z,
    jackknife,
    percentiles,
    student,
    wilson,
)
from repro.rng import generator


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 10), (10, 10), (137, 400)])
def test_wilson_ends_are_the_shares_just_not_rejected(successes: int, n: int) -> None:
    """They solve (share - p)^2 = z^2 p (1 - p) / n."""
    share, z2 = successes / n, 1.959963984540054**2 / n
    low, high = np.sort(np.roots([1 + z2, -(2 * share + z2), share**2]))
    assert wilson(successes=successes, n=n) == pytest.approx((low, high), abs=1e-12)


def test_wilson_by_hand() -> None:
    """45 of 50: centre (0.9 + 0.038416) / 1.076832, half 1.96 sqrt(0.0018 + 0.00038) / 1.0768."""
    assert wilson(successes=45, n=50) == pytest.approx((0.78640, 0.95653), abs=2e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_is_symmetric(counts: tuple[int, int]) -> None:
    successes, n = counts
    low, high = wilson(successes=successes, n=n)
    assert 0 <= low <= successes / n <= high <= 1
    assert low < high
    other = wilson(successes=n - successes, n=n)
    assert other == pytest.approx((1 - high, 1 - low), abs=1e-12)
    wider = wilson(successes=successes, n=n, level=0.99)
    assert wider[0] <= low + 1e-12
    assert wider[1] >= high - 1e-12


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_share(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="expected 0 <= successes"):
        wilson(successes=successes, n=n)


def test_student_by_hand() -> None:
    """Mean 3.75, sum of squares 28.75, and t of 3 degrees of freedom is 3.18245."""
    half = 3.182446305 * np.sqrt(28.75 / 3 / 4)
    assert student(np.array([1.0, 2, 4, 8])) == pytest.approx((3.75 - half, 3.75 + half))
    assert student(np.full(4, 0.1)) == (0.1, 0.1)
    with pytest.raises(ValueError, match="at least 2"):
        student(np.ones(1))


@pytest.mark.slow
def test_student_covers_as_stated_with_four_values() -> None:
    source = np.random.default_rng(0)
    inside = 0
    for _ in range(1000):
        low, high = student(source.normal(5, 2, 4))
        inside += low < 5 < high
    assert 0.93 < inside / 1000 < 0.97


def test_percentiles_leave_out_what_is_not_defined() -> None:
    drawn = np.concatenate([np.arange(1001.0), np.full(300, np.nan)])
    assert percentiles(np.random.default_rng(0).permutation(drawn)) == pytest.approx((25, 975))
    assert percentiles(np.arange(1001.0), tail=0.1) == pytest.approx((100, 900))
    with pytest.raises(ValueError, match="not defined in any"):
        percentiles(np.full(9, np.nan))


@pytest.mark.slow
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


def test_bootstrap_draws_are_those_of_a_plain_loop() -> None:
    """One stream, n integers a draw: changing how it is drawn would change published numbers."""
    values = np.random.default_rng(0).normal(size=30)
    source = generator(3, "loop")
    means = [np.mean([values[k] for k in source.integers(0, 30, 30)]) for _ in range(DRAWS)]
    wanted = pytest.approx(tuple(np.percentile(means, [2.5, 97.5])), rel=1e-12)
    assert bootstrap_mean(values, seed=3, purpose="loop") == wanted
    assert (
        percentiles(
            bootstrap_draws(
                lambda rows: values[rows].mean(), 30, seed=3, purpose="loop", draws=DRAWS
            )
        )
        == wanted
    )


def test_bootstrap_of_a_statistic_agrees_with_scipy() -> None:
    values = np.random.default_rng(0).exponential(size=60)
    theirs = stats.bootstrap(
        (values,), np.std, method="percentile", n_resamples=4000, rng=np.random.default_rng(1)
    ).confidence_interval
    ours = percentiles(
        bootstrap_draws(
            lambda rows: float(values[rows].std()), 60, seed=1, purpose="test", draws=DRAWS
        )
    )
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.03)


def test_a_draw_without_a_value_is_left_out() -> None:
    def share_of_zeros(rows: np.ndarray) -> float:
        return np.nan if (rows == 0).sum() > 1 else float((rows == 0).mean())

    assert percentiles(bootstrap_draws(share_of_zeros, 4, seed=1, purpose="test", draws=DRAWS)) == (
        0,
        0.25,
    )


def test_difference_is_wider_than_either_mean_and_has_its_sign() -> None:
    source = np.random.default_rng(0)
    high_values, low_values = source.normal(2, 1, 100), source.normal(0, 1, 100)
    low, high = bootstrap_difference(high_values, low_values, seed=1, purpose="test")
    assert 1.5 < low < 2 < high < 2.5
    theirs = 2 * 1.96 * np.sqrt(high_values.var() / 100 + low_values.var() / 100)
    assert high - low == pytest.approx(theirs, rel=0.15)


def test_columns_are_resampled_together() -> None:
    first = np.random.default_rng(0).normal(size=50)
    columns = np.stack([first, 2 * first + 1, np.full(50, 7.0), np.where(first > 1, np.nan, 0)], 1)
    low, high = bootstrap_means_of_columns(columns, seed=1, purpose="test")
    alone = bootstrap_mean(first, seed=1, purpose="other")
    assert (low[0], high[0]) == pytest.approx(alone, abs=0.03)
    assert (low[1], high[1]) == pytest.approx((2 * low[0] + 1, 2 * high[0] + 1))
    assert (low[2], high[2]) == pytest.approx((7, 7))
    assert np.isnan([low[3], high[3]]).all()


def test_ratio_of_means_resamples_pairs() -> None:
    below = np.random.default_rng(0).exponential(size=40)
    assert bootstrap_ratio(below / 2, below, seed=1, purpose="test") == pytest.approx((0.5, 0.5))
    above = below + np.random.default_rng(1).normal(size=40)
    source = generator(1, "test")
    rows = source.integers(0, 40, (DRAWS, 40))
    wanted = [above[own].sum() / below[own].sum() for own in rows]
    ends = bootstrap_ratio(above, below, seed=1, purpose="test")
    assert ends == pytest.approx(tuple(np.percentile(wanted, [2.5, 97.5])))


def test_ratio_of_means_covers() -> None:
    source = np.random.default_rng(0)
    inside = 0
    for trial in range(200):
        below = source.exponential(size=80)
        above = 3 * below + source.normal(0, 1, 80)
        low, high = bootstrap_ratio(above, below, seed=trial, purpose="test", draws=400)
        inside += low < 3 < high
    assert 0.89 < inside / 200 < 0.99


def test_ratio_leaves_out_draws_without_a_positive_denominator() -> None:
    above, below = np.array([1.0, 3]), np.array([0.0, 2])
    # of two units: both the second 3 / 2, one of each 2 / 1, both the first nothing
    assert bootstrap_ratio(above, below, seed=1, purpose="test") == (1.5, 2)


def test_ratio_of_medians_resamples_the_two_apart() -> None:
    source = np.random.default_rng(0)
    inside, above, below = 0, np.empty(0), np.empty(0)
    for trial in range(200):
        above, below = 2 * source.exponential(size=60), source.exponential(size=90)
        low, high = bootstrap_ratio_of_medians(above, below, seed=trial, purpose="t", draws=300)
        inside += low < 2 < high
    assert 0.89 < inside / 200 < 0.995
    low, high = bootstrap_ratio_of_medians(above, below, seed=1, purpose="t")
    scaled = bootstrap_ratio_of_medians(3 * above, below, seed=1, purpose="t")
    assert scaled == pytest.approx((3 * low, 3 * high))
    same = bootstrap_ratio_of_medians(below, below, seed=1, purpose="t")
    assert same[0] < 1 < same[1]  # not in pairs, else it were 1 alone


def test_crossed_means_against_a_plain_reference() -> None:
    """Draw d: sets and samples with replacement, and the mean over every pair of the two."""
    values = np.random.default_rng(0).normal(size=(5, 3, 20))
    found = crossed_means(values, seed=4, purpose="test")
    of_sets = generator(4, "test, resampled sets", 5).integers(0, 5, (DRAWS, 5))
    of_samples = generator(4, "test, resampled samples", 20).integers(0, 20, (DRAWS, 20))
    assert found.shape == (DRAWS, 3)
    for d in range(0, DRAWS, 97):
        for k in range(3):
            pairs = [values[s, k, n] for s in of_sets[d] for n in of_samples[d]]
            assert found[d, k] == pytest.approx(np.mean(pairs))


def test_crossed_intervals_hold_what_varied() -> None:
    source = np.random.default_rng(0)
    samples = source.normal(5, 1, (1, 200))
    drawn = percentiles(crossed_means(samples, seed=1, purpose="test"))
    assert drawn == pytest.approx(bootstrap_mean(samples[0], seed=1, purpose="other"), abs=0.03)
    sets = np.broadcast_to(np.arange(8.0)[:, None], (8, 200))  # sets differ, samples do not
    low, high = percentiles(crossed_means(sets, seed=1, purpose="test"))
    assert (low, high) == (pytest.approx(1.9, abs=0.3), pytest.approx(5.1, abs=0.3))


@pytest.mark.slow
def test_crossed_intervals_cover_where_samples_alone_do_not() -> None:
    """Each set has an effect of its own, and so has each sample."""
    source = np.random.default_rng(0)
    crossed, of_samples = 0, 0
    for trial in range(120):
        values = source.normal(0, 1, (12, 1)) + source.normal(0, 1, (1, 40))
        low, high = percentiles(crossed_means(values, seed=trial, purpose="test"))
        crossed += low < 0 < high
        low, high = bootstrap_mean(values.mean(axis=0), seed=trial, purpose="test", draws=300)
        of_samples += low < 0 < high
    assert 0.86 < crossed / 120 <= 0.99
    assert of_samples / 120 < 0.8


@pytest.mark.slow
def test_differences_between_draws_of_labels_are_in_the_interval() -> None:
    """Two rows of equal accuracy; each draw of labels makes a machine better or worse."""
    source = np.random.default_rng(0)
    crossed, of_samples = 0, 0
    for trial in range(50):
        images = source.uniform(0.3, 0.9, 500)  # how often each is labelled correctly
        one, other = (
            source.random((draws, 500)) < images + source.normal(0, 0.03, (draws, 1))
            for draws in (10, 7)
        )
        low, high = crossed_difference(one, other, seed=trial, purpose="test")
        crossed += low < 0 < high
        paired = one.mean(axis=0) - other.mean(axis=0)
        low, high = bootstrap_mean(paired, seed=trial, purpose="test", draws=300)
        of_samples += low < 0 < high
    assert 0.9 < crossed / 50 <= 1
    assert of_samples < crossed - 5


@given(st.floats(0.1, 10), st.integers(0, 100))
def test_crossed_ratio_is_paired_and_scales(scale: float, number: int) -> None:
    below = np.random.default_rng(number).exponential(size=(1, 9))
    same = crossed_ratio(scale * below, below, seed=1, purpose="test")
    assert same == pytest.approx((scale, scale))
    above = np.random.default_rng(number + 1).normal(size=(3, 9))
    low, high = crossed_ratio(above, below, seed=1, purpose="test")
    scaled = crossed_ratio(scale * above, below, seed=1, purpose="test")
    assert scaled == pytest.approx((scale * low, scale * high))


def test_crossed_ratio_leaves_out_draws_without_a_denominator() -> None:
    above, below = np.array([[1.0, 3]]), np.array([[0.0, 2]])
    assert crossed_ratio(above, below, seed=1, purpose="test") == (1.5, 2)


def test_delong_against_its_definition() -> None:
    """x = 1, 4 and y = 2, 3, 5: of the pairs, x is the smaller in 3 and 1 of 3."""
    above, below = np.array([1, 1 / 3]), np.array([0.5, 0.5, 1])
    half = 1.959963985 * np.sqrt((2 / 9) / 2 + (1 / 12) / 3)  # sample variances over their n
    assert delong(above, below) == (pytest.approx(max(0, 2 / 3 - half)), 1)
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 1, 300), rng.normal(0.7, 1, 400)
    pairs = x[:, None] < y[None]
    low, high = delong(pairs.mean(axis=1), pairs.mean(axis=0))
    drawn = []
    for _ in range(1500):  # resampling both is what the formula stands for
        rows, columns = rng.integers(0, 300, 300), rng.integers(0, 400, 400)
        drawn.append(pairs[rows][:, columns].mean())
    assert (low, high) == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])), abs=0.006)


@pytest.mark.parametrize(("n", "m"), [(2, 2), (20, 500), (1000, 30)])
def test_delong_of_separated_values_has_a_width(n: int, m: int) -> None:
    """As wide as the exact binomial interval of the smaller number of pairs."""
    for value in (0, 1):
        low, high = delong(np.full(n, value), np.full(m, value))
        pairs = min(n, m)
        exact = stats.binomtest(value * pairs, pairs).proportion_ci(0.95, method="exact")
        assert (low, high) == pytest.approx((exact.low, exact.high))
    assert delong(np.full(n, 0.5), np.full(m, 0.5)) == (0.5, 0.5)  # all are tied


def test_delong_of_nearly_separated_values_is_no_narrower() -> None:
    """One tied pair of 10,000: not narrower than without it, and so at the other end."""
    pairs = np.ones((20, 500))
    separated = delong(pairs.mean(axis=1), pairs.mean(axis=0))
    pairs[3, 7] = 0.5
    low, high = delong(pairs.mean(axis=1), pairs.mean(axis=0))
    assert low <= separated[0]
    assert high == 1
    low, high = delong(1 - pairs.mean(axis=1), 1 - pairs.mean(axis=0))
    assert low == 0
    assert high >= 1 - separated[0]


def test_fisher_z_agrees_with_scipy() -> None:
    source = np.random.default_rng(0)
    x = source.normal(size=40)
    for y in (x + source.normal(size=40), -x + 3 * source.normal(size=40)):
        theirs = stats.pearsonr(x, y)
        wanted = theirs.confidence_interval()
        assert fisher_z(theirs.statistic, n=40) == pytest.approx(
            (wanted.low, wanted.high), abs=1e-12
        )
    low, high = fisher_z(1.0, n=10)
    assert 0.999 < low <= high <= 1


def test_jackknife_of_a_mean_is_students_interval() -> None:
    values = np.random.default_rng(3).normal(size=5)
    without = np.array([np.delete(values, one).mean() for one in range(5)])
    assert jackknife(values.mean(), without) == pytest.approx(student(values), abs=1e-12)
    with pytest.raises(ValueError, match="at least 2 parts"):
        jackknife(1.0, np.ones(1))


def test_two_errors_combine_side_by_side() -> None:
    assert combined(10, (7, 15), (6, 22)) == pytest.approx((10 - 5, 10 + 13))


def test_combined_covers_where_either_error_alone_does_not() -> None:
    """The mean of a table of rows and columns, both of them drawn at random."""
    source = np.random.default_rng(5)
    held = {"both": 0, "columns": 0}
    for _ in range(400):
        table = source.normal(0, 1, (5, 1)) + source.normal(0, 2, (1, 40))
        value, columns = table.mean(), student(table.mean(axis=0))
        both = combined(value, columns, student(table.mean(axis=1)))
        held["both"] += both[0] <= 0 <= both[1]
        held["columns"] += columns[0] <= 0 <= columns[1]
    assert held["both"] / 400 > 0.93
    assert held["columns"] / 400 < 0.85
