"""Two sets of distances compared by their ranks: is one nearer than the other?

Part of measure.py, which computes the numbers, and of figure.py, which draws the ranks. Alone:
`nearer_probability(samples, real)`.
"""

import numpy as np
from scipy import stats

from repro.claims.intervals import Ends, delong


def ranks(samples: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Share of real distances (m,) below each sample's (n,), ties half: (n,) in [0, 1].

    Samples distributed like real images have evenly spread ranks; copies have 0.
    """
    ordered = np.sort(real)
    sides = [np.searchsorted(ordered, samples, side=side) for side in ("left", "right")]
    return (sides[0] + sides[1]) / (2 * len(real))


def nearer_probability(samples: np.ndarray, real: np.ndarray) -> tuple[float, Ends]:
    """P(sample < real), ties half, of distances (n,) and (m,), with its 95 % interval.

    By DeLong (repro.claims.intervals); needs two of each.
    """
    of_samples, of_real = 1 - ranks(samples, real), ranks(real, samples)
    return float(of_samples.mean()), delong(of_samples, of_real)


def copying_z(samples: np.ndarray, real: np.ndarray) -> float:
    """Mann-Whitney z of distances (n,) against (m,), ties corrected; negative: samples nearer."""
    n, m = len(samples), len(real)
    joined = np.concatenate([samples, real])
    surplus = stats.rankdata(joined)[:n].sum() - n * (n + m + 1) / 2
    _, ties = np.unique(joined, return_counts=True)
    ties = ties.astype(np.float64)
    tied = (ties**3 - ties).sum() / ((n + m) * (n + m - 1))
    variance = n * m / 12 * (n + m + 1 - tied)
    return float(surplus / np.sqrt(variance)) if variance > 0 else 0.0
