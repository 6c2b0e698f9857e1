"""Every interval around a measured number: 95 % unless told otherwise.

Where in the flow: `measure.py` of an experiment states its numbers through
repro.claims.constructors, which takes the ends from here. Which one, by what was measured:

    share of independent hits                   wilson
    mean over few independent values            student
    difference of two such means                welch
    mean over many, or of paired differences    bootstrap_mean
    difference of two unpaired means            bootstrap_difference
    ratio of means over paired units            bootstrap_ratio
    ratio of two unpaired medians               bootstrap_ratio_of_medians
    any statistic of resampled units            percentiles of bootstrap_draws
    means over samples and over random sets     crossed_means, crossed_difference, crossed_ratio
    chance that one value is below another      delong
    correlation                                 fisher_z
    statistic of K parts taken together         jackknife
    value with two independent errors           combined

Every bootstrap interval lies between percentiles of the draws, and is a function of seed and
`purpose`, which names the stream of random numbers.

Alone: `wilson(successes=45, n=50)`.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import stats

from repro.rng import generator

Ends = tuple[float, float]
DRAWS = 2000
TAIL = 0.025  # left out at each end: 95 % stay
SMALLEST = 1e-12  # a denominator below this counts as 0


def wilson(*, successes: int, n: int, level: float = 0.95) -> Ends:
    """Wilson score interval of a share. Raises ValueError when n is 0 or successes lie outside."""
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"wilson: expected 0 <= successes <= n and n > 0, found {successes}/{n}")
    ends = stats.binomtest(successes, n).proportion_ci(confidence_level=level, method="wilson")
    return float(ends.low), float(ends.high)


def student(values: np.ndarray, *, level: float = 0.95, further: float = 0.0) -> Ends:
    """Student's t interval of the mean of independent values (K,), K at least 2.

    further: an independent standard error of the mean besides that of the values, 0 for none; the
    degrees of freedom stay K - 1.
    """
    if len(values) < 2:
        raise ValueError(f"student: at least 2 values are needed for a spread, found {len(values)}")
    mean, error = float(np.mean(values)), float(np.hypot(stats.sem(values), further))
    if error == 0:  # of a scale of 0 scipy makes NaN
        return mean, mean
    low, high = stats.t.interval(level, len(values) - 1, loc=mean, scale=error)
    return float(low), float(high)


def deviation_within(values: np.ndarray) -> float:
    """Standard deviation within the rows of (K, R), R at least 2: root of their mean variance."""
    return float(np.sqrt(values.var(axis=1, ddof=1).mean()))


def welch(first: np.ndarray, second: np.ndarray) -> Ends:
    """Welch's interval of mean(first) - mean(second), (K,) and (M,) of unequal spread, K, M > 1."""
    if min(len(first), len(second)) < 2:
        raise ValueError(f"welch: two values of each are needed: {len(first)}, {len(second)}")
    difference = float(np.mean(first) - np.mean(second))
    if np.ptp(first) == np.ptp(second) == 0:  # of a scale of 0 scipy makes NaN
        return difference, difference
    ends = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    return float(ends.low), float(ends.high)


def percentiles(drawn: np.ndarray, *, tail: float = TAIL) -> Ends:
    """Interval between the percentiles of bootstrap draws (draws,) of a statistic.

    NaN, a draw in which the statistic is not defined, is left out. Raises ValueError where nothing
    is left.
    """
    drawn = np.asarray(drawn, np.float64)
    drawn = drawn[~np.isnan(drawn)]
    if drawn.size == 0:
        raise ValueError("percentiles: the statistic is not defined in any bootstrap draw")
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def bootstrap_draws(
    statistic: Callable[[np.ndarray], float], units: int, *, seed: int, purpose: str, draws: int
) -> np.ndarray:
    """The statistic of `draws` resamplings with replacement, (draws,) float64.

    statistic: of the places (units,) int64 of the units drawn; NaN where it is not defined.
    """
    source = generator(seed, purpose)
    return np.array([statistic(source.integers(0, units, units)) for _ in range(draws)], float)


def bootstrap_mean(
    values: np.ndarray, *, seed: int, purpose: str, draws: int = DRAWS, level: float = 0.95
) -> Ends:
    """Bootstrap interval of the mean of independent values (N,), or of paired differences."""
    means = _bootstrap_means(values, seed=seed, purpose=purpose, draws=draws)
    return percentiles(means, tail=0.5 - level / 2)


def bootstrap_difference(
    first: np.ndarray,
    second: np.ndarray,
    *,
    seed: int,
    purpose: str,
    draws: int = DRAWS,
    level: float = 0.95,
) -> Ends:
    """Bootstrap interval of mean(first) - mean(second), the two resampled apart (not paired)."""
    one = _bootstrap_means(first, seed=seed, purpose=f"{purpose}, first", draws=draws)
    other = _bootstrap_means(second, seed=seed, purpose=f"{purpose}, second", draws=draws)
    return percentiles(one - other, tail=0.5 - level / 2)


def _bootstrap_means(values: np.ndarray, *, seed: int, purpose: str, draws: int) -> np.ndarray:
    values = np.asarray(values, np.float64)
    return bootstrap_draws(
        lambda rows: values[rows].mean(), len(values), seed=seed, purpose=purpose, draws=draws
    )


def bootstrap_means_of_columns(
    values: np.ndarray, *, seed: int, purpose: str, draws: int = DRAWS
) -> tuple[np.ndarray, np.ndarray]:
    """Bootstrap intervals of the means of columns (N, K), the same N units for all: (K,), (K,).

    The mean of each draw is weighted by how often it takes each unit, all columns in one product;
    a column with a NaN has NaN for ends.
    """
    n = len(values)
    weights = generator(seed, purpose).multinomial(n, np.full(n, 1 / n), size=draws) / n
    low, high = np.quantile(weights @ values, [TAIL, 1 - TAIL], axis=0)
    return low, high


def bootstrap_ratio(
    above: np.ndarray, below: np.ndarray, *, seed: int, purpose: str, draws: int = DRAWS
) -> Ends:
    """Bootstrap interval of mean(above) / mean(below) of the same units, (N,) each.

    The units are resampled in pairs. Draws whose denominator is not positive are left out.
    """
    rows = generator(seed, purpose).integers(0, len(above), (draws, len(above)))
    under = below[rows].mean(axis=1)
    return percentiles(above[rows].mean(axis=1) / np.where(under > 0, under, np.nan))


def bootstrap_ratio_of_medians(
    above: np.ndarray, below: np.ndarray, *, seed: int, purpose: str, draws: int = 1000
) -> Ends:
    """Bootstrap interval of median(above) / median(below), (N,) and (M,), resampled apart."""
    source = generator(seed, purpose)
    over, under = (
        np.median(x[source.integers(0, len(x), (draws, len(x)))], axis=1) for x in (above, below)
    )
    return percentiles(over / np.maximum(under, SMALLEST))


def crossed_means(values: np.ndarray, *, seed: int, purpose: str) -> np.ndarray:
    """Means over sets and samples, both resampled: (sets, ..., N) -> (DRAWS, ...).

    A crossed bootstrap (Owen 2007): every set was applied to every sample, so draws of the two are
    independent. Arrays of equal N are resampled alike, so that ratios and differences are paired;
    of one set only the samples are resampled.
    """
    sets, count = values.shape[0], values.shape[-1]
    of_sets = _shares_drawn(sets, seed, f"{purpose}, resampled sets")
    of_samples = _shares_drawn(count, seed, f"{purpose}, resampled samples")
    flat = values.reshape(sets, -1, count)
    means = [((of_sets @ flat[:, k]) * of_samples).sum(axis=1) for k in range(flat.shape[1])]
    return np.stack(means, axis=1).reshape(DRAWS, *values.shape[1:-1])


def crossed_difference(one: np.ndarray, other: np.ndarray, *, seed: int, purpose: str) -> Ends:
    """Crossed bootstrap interval of mean(one) - mean(other), (sets, N) and (sets', N).

    The N samples are the same for both; equal numbers of sets are taken to be the same sets too.
    """
    first, second = (crossed_means(v, seed=seed, purpose=purpose) for v in (one, other))
    return percentiles(first - second)


def crossed_ratio(above: np.ndarray, below: np.ndarray, *, seed: int, purpose: str) -> Ends:
    """Crossed bootstrap interval of mean(above) / mean(below), (sets, N) and (sets or 1, N).

    Draws without a denominator are left out.
    """
    over, under = (crossed_means(v, seed=seed, purpose=purpose) for v in (above, below))
    return percentiles(over / np.where(np.abs(under) > SMALLEST, under, np.nan))


@lru_cache(maxsize=2)  # of sets and samples: both sides of a comparison
def _shares_drawn(n: int, seed: int, purpose: str) -> np.ndarray:
    """How often each of n is drawn in n draws with replacement, as shares: (DRAWS, n)."""
    drawn = generator(seed, purpose, n).integers(0, n, (DRAWS, n))
    drawn += np.arange(DRAWS)[:, None] * n
    return np.bincount(drawn.ravel(), minlength=DRAWS * n).reshape(DRAWS, n) / n


def delong(above: np.ndarray, below: np.ndarray) -> Ends:
    """Interval of P(x < y), ties half, between 0 and 1; it needs two of each.

    above: for each x the share of the y that are above it, (N,); below: for each y the share of the
    x that are below it, (M,). Variance by DeLong, DeLong and Clarke-Pearson (1988). It vanishes
    where all x are below all y, or above them; near there the interval is at least the exact
    binomial one of the independent pairs that can be formed without using a value twice.
    """
    value, pairs = float(above.mean()), min(len(above), len(below))
    variance = above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)
    half = float(stats.norm.ppf(1 - TAIL) * np.sqrt(variance))
    low, high = max(0.0, value - half), min(1.0, value + half)
    far = float(1 - TAIL ** (1 / pairs))
    if value * pairs < 1:
        high = max(high, far)
    elif (1 - value) * pairs < 1:
        low = min(low, 1 - far)
    return low, high


def fisher_z(correlation: float, *, n: int) -> Ends:
    """Interval of Pearson's correlation of n > 3 pairs.

    By Fisher's z: the inverse hyperbolic tangent of r is nearly normal with deviation
    1 / sqrt(n - 3).
    """
    centre = np.arctanh(np.clip(correlation, -1 + 1e-9, 1 - 1e-9))
    half = stats.norm.ppf(1 - TAIL) / np.sqrt(n - 3)
    return float(np.tanh(centre - half)), float(np.tanh(centre + half))


def jackknife(value: float, without: np.ndarray) -> Ends:
    """Interval of a statistic of K parts from its values without each of them, (K,), K at least 2.

    Student's t with K - 1 degrees of freedom.
    """
    half = float(stats.t.ppf(1 - TAIL, len(without) - 1) * jackknife_error(without))
    return value - half, value + half


def jackknife_error(without: np.ndarray) -> float:
    """Tukey's standard error of a statistic from its values without each of K parts, (K,)."""
    k = len(without)
    if k < 2:
        raise ValueError(f"jackknife: at least 2 parts are needed for a spread, found {k}")
    return float(np.sqrt((k - 1) / k * np.square(without - without.mean()).sum()))


def combined(value: float, one: Ends, other: Ends) -> Ends:
    """Interval of a value with two independent errors, from its interval under each of them alone.

    Distances of the ends from the value add in quadrature, each side by itself (MOVER: Zou and
    Donner 2008, doi 10.1002/sim.3095).
    """
    low, high = (float(np.hypot(one[side] - value, other[side] - value)) for side in (0, 1))
    return value - low, value + high
