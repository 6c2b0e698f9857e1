"""Intervals of several effects that together err in 5 % of cases: Student's, by Holm's levels.

Where in the flow: experiments/ablations measures many effects in few trainings each; of twenty
effects that are nothing, one would stand out at 95 %. Holm (1979) orders the effects by their
p-values and tests the i-th of m at 0.05 / (m - i + 1) until one is not found; each effect gets the
interval of its level, those after the first that is not found get that one's. So an interval
excludes 0 exactly where Holm's procedure finds an effect.

Alone: `holm_intervals([np.array([1.0, 1.1, 0.9]), np.array([0.1, -0.1, 0.2])])`.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from repro.claims.intervals import Ends, student

ALPHA = 0.05


def holm_intervals(
    effects: Sequence[np.ndarray],
    *,
    further: Sequence[float] | None = None,
    alpha: float = ALPHA,
) -> list[Ends]:
    """Student's interval of the mean of each effect (K,), K at least 2, at its level by Holm.

    further: an independent standard error of each mean besides that of its values.
    """
    errors = further or [0.0] * len(effects)
    chances = [chance_of_none(x, further=error) for x, error in zip(effects, errors, strict=True)]
    levels = np.empty(len(effects))
    level, found = alpha, True
    for rank, place in enumerate(np.argsort(chances, kind="stable")):
        if found:
            level = alpha / (len(effects) - rank)
            found = chances[place] <= level
        levels[place] = level
    return [
        student(x, level=1 - level, further=error)
        for x, level, error in zip(effects, levels, errors, strict=True)
    ]


def chance_of_none(values: np.ndarray, *, further: float = 0.0) -> float:
    """Two-sided p-value of Student's test that the mean of (K,) is 0."""
    mean, error = float(np.mean(values)), float(np.hypot(stats.sem(values), further))
    if error == 0:
        return 0.0 if mean != 0 else 1.0
    return float(2 * stats.t.sf(abs(mean) / error, len(values) - 1))
