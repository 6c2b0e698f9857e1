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


def holm_intervals(effects: Sequence[np.ndarray], *, alpha: float = ALPHA) -> list[Ends]:
    """Student's interval of the mean of each effect (K,), K at least 2, at its level by Holm."""
    chances = [chance_of_none(values) for values in effects]
    levels = np.empty(len(effects))
    level, found = alpha, True
    for rank, place in enumerate(np.argsort(chances, kind="stable")):
        if found:
            level = alpha / (len(effects) - rank)
            found = chances[place] <= level
        levels[place] = level
    return [student(x, level=1 - own) for x, own in zip(effects, levels, strict=True)]


def chance_of_none(values: np.ndarray) -> float:
    """Two-sided p-value of Student's test that the mean of (K,) is 0."""
    if np.ptp(values) == 0:  # of a scale of 0 scipy makes NaN
        return 0.0 if values[0] != 0 else 1.0
    return float(stats.ttest_1samp(values, 0).pvalue)
