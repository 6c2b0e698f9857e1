"""How an experiment states a number: one constructor for each kind of interval.

Where in the flow: `measure.py` of an experiment makes its measurements by these and by nothing
else, so that none has an interval without the units over which it is taken, and none lacks one
without a reason. `over` names the units ("test images"); it goes into the measurement's `spread`
behind the kind of interval: "95 % Wilson interval over test images".

    mean_over                 bootstrap over many units; of paired differences as well
    student_over              mean of few values, such as trainings
    share_over, counted_share_over    Wilson
    share_of_networks_over    Wilson for one network, bootstrap over units for several
    difference_over           of two unpaired means, bootstrap
    ratio_over                of means, bootstrap, crossed where sets vary as well
    estimate_over             any other estimate with ends from repro.claims.intervals
    deviation_around, range_over      no confidence interval: ± a standard deviation, a range
    single_number             no interval, and why not

Alone: `share_over("right", np.array([True, False]), over="test images", protocol="...")`.
"""

from typing import Literal

import numpy as np

from repro.claims.intervals import (
    Ends,
    bootstrap_difference,
    bootstrap_mean,
    bootstrap_ratio,
    crossed_difference,
    crossed_ratio,
    student,
    wilson,
)
from repro.claims.measurement import Measurement

Bootstrap = Literal[
    "bootstrap interval",
    "bootstrap",
    "bootstrap of the mean",
    "paired bootstrap interval",
    "paired bootstrap",
]


def estimate_over(
    name: str,
    value: float,
    ends: Ends,
    *,
    over: str,
    by: str,
    n: int,
    protocol: str,
    unit: str = "",
) -> Measurement:
    """Any estimate from n units with the ends of its 95 % interval, in `unit`.

    over: the units, e.g. "test images"; by: the kind of interval, e.g. "bootstrap interval". Raises
    ValueError where either is missing.
    """
    return _stated(name, value, ends, f"95 % {by}", over, n=n, protocol=protocol, unit=unit)


def mean_over(
    name: str,
    values: np.ndarray,
    *,
    over: str,
    seed: int,
    purpose: str,
    protocol: str,
    unit: str = "",
    by: Bootstrap = "bootstrap interval",
) -> Measurement:
    """Mean of independent values (N,), one a unit, with its 95 % bootstrap interval.

    purpose names the draws; by: how the text calls the interval ("paired ..." for differences).
    """
    ends = bootstrap_mean(values, seed=seed, purpose=purpose)
    mean, n = float(values.mean()), len(values)
    return estimate_over(name, mean, ends, over=over, by=by, n=n, protocol=protocol, unit=unit)


def student_over(
    name: str,
    values: np.ndarray,
    *,
    over: str,
    protocol: str,
    unit: str = "",
    further: float = 0.0,
) -> Measurement:
    """Mean of few independent values (K,), K at least 2, with its 95 % Student interval.

    over: the units without their number, e.g. "trainings"; the number is put before them. further:
    another, independent standard error of the mean.
    """
    n = len(values)
    return estimate_over(
        name,
        float(values.mean()),
        student(values, further=further),
        over=over and f"{n} {over}",
        by="Student interval",
        n=n,
        protocol=protocol,
        unit=unit,
    )


def share_over(
    name: str, hits: np.ndarray, *, over: str, protocol: str, unit: Literal["", "%"] = ""
) -> Measurement:
    """Share of True among independent hits (N,), N > 0, with its 95 % Wilson interval.

    unit: "%" states share and interval in percent.
    """
    return counted_share_over(
        name, int(hits.sum()), len(hits), over=over, protocol=protocol, unit=unit
    )


def counted_share_over(
    name: str, successes: int, n: int, *, over: str, protocol: str, unit: Literal["", "%"] = ""
) -> Measurement:
    """The same for counts: successes of n > 0."""
    scale = 100 if unit else 1
    low, high = wilson(successes=successes, n=n)
    return estimate_over(
        name,
        scale * (successes / n),
        (scale * low, scale * high),
        over=over,
        by="Wilson interval",
        n=n,
        protocol=protocol,
        unit=unit,
    )


def share_of_networks_over(
    name: str,
    hits: np.ndarray,
    *,
    over: str,
    networks: str,
    seed: int,
    purpose: str,
    protocol: str,
) -> Measurement:
    """Share, in percent, of True among hits (K, N) of K networks on the same N units.

    Of one network with its 95 % Wilson interval; of several the mean, with a bootstrap of the units
    within these networks. networks: what they are, behind their number, e.g. "trained networks".
    """
    if len(hits) == 1:
        return share_over(name, hits[0], over=over, protocol=protocol, unit="%")
    low, high = bootstrap_mean(hits.mean(axis=0), seed=seed, purpose=purpose)
    return estimate_over(
        name,
        100 * float(hits.mean()),
        (100 * low, 100 * high),
        over=over and f"{over}, mean of {len(hits)} {networks}",
        by="bootstrap",
        n=hits.shape[1],
        protocol=protocol,
        unit="%",
    )


def difference_over(
    name: str,
    first: np.ndarray,
    second: np.ndarray,
    *,
    over: str,
    seed: int,
    purpose: str,
    protocol: str,
    unit: str = "",
) -> Measurement:
    """mean(first) - mean(second), n the smaller number of values; 95 % bootstrap.

    (N,) and (M,): unpaired. (sets, N) and (sets', N): over the same samples and over sets, both
    resampled.
    """
    crossed = first.ndim == 2
    interval = crossed_difference if crossed else bootstrap_difference
    return estimate_over(
        name,
        float(first.mean() - second.mean()),
        interval(first, second, seed=seed, purpose=purpose),
        over=over,
        by="crossed bootstrap" if crossed else "bootstrap interval",
        n=min(first.shape[-1], second.shape[-1]),
        protocol=protocol,
        unit=unit,
    )


def ratio_over(
    name: str,
    above: np.ndarray,
    below: np.ndarray,
    *,
    over: str,
    seed: int,
    purpose: str,
    protocol: str,
    unit: str = "",
) -> Measurement:
    """mean(above) / mean(below) with its 95 % bootstrap interval.

    (N,) each: of the same units. (sets, N) and (sets or 1, N): over samples and random sets, both
    resampled.
    """
    interval = bootstrap_ratio if above.ndim == 1 else crossed_ratio
    return estimate_over(
        name,
        float(above.mean() / below.mean()),
        interval(above, below, seed=seed, purpose=purpose),
        over=over,
        by="bootstrap interval",
        n=above.shape[-1],
        protocol=protocol,
        unit=unit,
    )


def deviation_around(
    name: str,
    value: float,
    deviation: float,
    *,
    over: str,
    n: int,
    protocol: str,
    unit: str = "",
    by: Literal["mean ± 1 sd", "± one standard deviation"] = "mean ± 1 sd",
) -> Measurement:
    """A mean ± one standard deviation over n units: how far they lie apart, no interval."""
    ends = value - deviation, value + deviation
    return _stated(name, value, ends, by, over, n=n, protocol=protocol, unit=unit)


def range_over(name: str, values: list[float], *, of: str, protocol: str) -> Measurement:
    """Mean of few values, K at least 1, and the range they span; of: what they are (plural)."""
    _demand(name, of)
    return Measurement(
        name=name,
        value=float(np.mean(values)),
        low=min(values),
        high=max(values),
        n=len(values),
        spread=f"range of {len(values)} {of}",
        protocol=protocol,
    )


def single_number(
    name: str, value: float | None, *, n: int, why: str, protocol: str, unit: str = ""
) -> Measurement:
    """A number without an interval; why there is none, e.g. "a count" or "it is a spread".

    None: nothing could be measured. Raises ValueError without a reason.
    """
    if not why:
        raise ValueError(f"{name}: a number without an interval says why it has none")
    return Measurement(
        name=name, value=value, n=n, spread=f"none: {why}", protocol=protocol, unit=unit
    )


def _stated(
    name: str, value: float, ends: Ends, kind: str, over: str, *, n: int, protocol: str, unit: str
) -> Measurement:
    _demand(name, kind.removeprefix("95 % "), over)
    low, high = ends
    return Measurement(
        name=name,
        value=value,
        low=low,
        high=high,
        n=n,
        spread=f"{kind} over {over}",
        protocol=protocol,
        unit=unit,
    )


def _demand(name: str, *words: str) -> None:
    if not all(words):
        raise ValueError(f"{name}: an interval says its kind and the units it is taken over")
