"""Intervals around a measured number: 95 % unless told otherwise.

Where in the flow: every experiment's `measure.py` states its numbers with one of these, and names
it in the measurement's `spread`. A share has a Wilson interval, a mean over many independent units
a bootstrap interval, a mean over few blocks Student's.

Alone: `wilson(successes=45, n=50)`.
"""

import numpy as np
from scipy import stats

from repro.rng import generator


def wilson(*, successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a share. Raises ValueError when n is 0 or successes lie outside."""
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"wilson: expected 0 <= successes <= n and n > 0, found {successes}/{n}")
    z = float(stats.norm.ppf(0.5 + level / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At 0 and n the bound is the share itself; rounding must not push it past.
    return float(min(max(centre - half, 0), share)), float(max(min(centre + half, 1), share))


def student(values: np.ndarray, *, level: float = 0.95) -> tuple[float, float]:
    """Student's t interval of the mean of independent values (K,), K at least 2."""
    if len(values) < 2:
        raise ValueError(f"student: at least 2 values are needed for a spread, found {len(values)}")
    centre, half_width = (
        float(np.mean(values)),
        float(stats.t.ppf(0.5 + level / 2, len(values) - 1)),
    )
    half_width *= float(np.std(values, ddof=1)) / np.sqrt(len(values))
    return centre - half_width, centre + half_width


def bootstrap_means(
    values: np.ndarray, *, seed: int, purpose: str, draws: int = 2000
) -> np.ndarray:
    """Means of `draws` resamplings with replacement of values (N,): array (draws,), float64."""
    values = np.asarray(values, np.float64)
    source = generator(seed, purpose)
    return np.array(
        [values[source.integers(0, len(values), len(values))].mean() for _ in range(draws)]
    )


def bootstrap_mean(
    values: np.ndarray, *, seed: int, purpose: str, draws: int = 2000, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of independent values (N,)."""
    return _percentiles(bootstrap_means(values, seed=seed, purpose=purpose, draws=draws), level)


def bootstrap_difference(
    first: np.ndarray,
    second: np.ndarray,
    *,
    seed: int,
    purpose: str,
    draws: int = 2000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Bootstrap interval of mean(first) - mean(second), the two resampled apart (not paired)."""
    one = bootstrap_means(first, seed=seed, purpose=f"{purpose}, first", draws=draws)
    other = bootstrap_means(second, seed=seed, purpose=f"{purpose}, second", draws=draws)
    return _percentiles(one - other, level)


def _percentiles(means: np.ndarray, level: float) -> tuple[float, float]:
    low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)
