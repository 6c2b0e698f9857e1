"""The numbers of Fig 8: steadiness, size and side effects of the change along rows.

Part of measure.py. The readings (R, T, A) of rows along vectors of one axis are compared with those
of rows along random directions of equal length.
"""

import numpy as np
from scipy.stats import rankdata

from experiments.turn_vector.axes import Axes
from experiments.turn_vector.names import POSE, measurement_name
from experiments.turn_vector.turning import Readers, Rows
from repro.claims.constructors import estimate_over, mean_over, share_over
from repro.claims.intervals import fisher_z
from repro.claims.measurement import Measurement
from repro.claims.withheld import without_value

OVER_ROWS = "rows: random samples, each with a vector of its own; one model"
RANDOM = "_random_direction"  # suffix of the controls' names
CLAIMED = ("rank_correlation", "change_minus_random_direction")  # the quantities behind the claims
OVER_REAL = "held-out real images"
ANYWHERE = "along random directions as long as Fig 8's vectors"
Stated = dict[str, tuple[np.ndarray, str]]  # quantity -> (a value per row, protocol)


def rank_correlations(readings: np.ndarray) -> np.ndarray:
    """Spearman's correlation of (R, T) with 0 .. T - 1, row by row; NaN where nothing changes."""
    ranks = rankdata(readings, axis=1)
    ranks = ranks - ranks.mean(axis=1, keepdims=True)
    steps = np.arange(readings.shape[1]) - (readings.shape[1] - 1) / 2
    spread = np.sqrt((ranks**2).sum(axis=1) * (steps**2).sum())
    nothing = np.full(len(readings), np.nan)
    return np.divide(ranks @ steps, spread, out=nothing, where=spread > 0)


def slopes(readings: np.ndarray, *, reach: float) -> np.ndarray:
    """Change of (R, T) for a whole vector, by least squares over the row: (R,), label units."""
    t = np.linspace(-reach, reach, readings.shape[1])
    centred = readings - readings.mean(axis=1, keepdims=True)
    return centred @ t / (t**2).sum()


def flipped(readings: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """Whether the ends of (R, T, A) are on two sides of the axes' middles (A,): bool (R, A)."""
    sides = readings[:, [0, -1]] > middles
    return sides[:, 0] != sides[:, 1]


def judge_measurements(readers: Readers, axes: Axes, *, seed: int) -> list[Measurement]:
    """How well the judge reads each axis off real images that it has not seen."""
    made = []
    for column, name in enumerate(axes.names):
        truth, read = readers.test_values[:, column], readers.test_readings[:, column]
        blind = np.abs(truth - np.median(truth)).mean()
        made.append(
            mean_over(
                f"judge_error_{name}",
                np.abs(truth - read),
                seed=seed,
                purpose=f"turn vector, judge error {name}",
                over=OVER_REAL,
                protocol=f"mean distance of the judge's reading of '{name}' from the label; always "
                f"answering the median would be {blind:.3g} off",
            )
        )
        if len(truth) > 3 and min(truth.std(), read.std()) > 0:
            made.append(_correlation(name, truth, read))
    return made


def _correlation(name: str, truth: np.ndarray, read: np.ndarray) -> Measurement:
    value = float(np.corrcoef(truth, read)[0, 1])
    return estimate_over(
        f"judge_correlation_{name}",
        value,
        fisher_z(value, n=len(truth)),
        over=OVER_REAL,
        by="interval by Fisher's z",
        n=len(truth),
        protocol=f"Pearson correlation of the judge's reading of '{name}' with the label",
    )


def axis_measurements(
    rows: Rows, control: Rows, axes: Axes, axis: int, *, reach: float, seed: int
) -> list[Measurement]:
    """All numbers of one axis, from rows along its vectors and along random directions."""
    name = axes.names[axis]
    remark = f" ({axes.remark})" if axis == 0 and axes.remark else ""
    read = f"the judge's reading of '{name}'{remark}"
    stated = _changes(rows, control, axis, reach=reach, read=read)
    stated |= _side_effects(rows, control, axes, axis)
    made = [
        mean_over(
            measurement_name(axes.names, axis, quantity),
            values[~np.isnan(values)],
            seed=seed,
            purpose=f"turn vector, {quantity} {name}",
            over=OVER_ROWS,
            protocol=words,
        )
        for quantity, (values, words) in stated.items()
        if not np.isnan(values).all()
    ]
    never_falls = np.all(np.diff(rows.readings[:, :, axis], axis=1) >= 0, axis=1)
    words = f"rows in which {read} never falls from one column to the next"
    monotone = share_over(
        measurement_name(axes.names, axis, "monotone_rows"),
        never_falls,
        over=OVER_ROWS,
        protocol=words,
    )
    return [*made, monotone]


def picked_vector_measurements(
    rows: Rows, control: Rows, axes: Axes, *, by: str, reach: float, seed: int
) -> list[Measurement]:
    """The numbers of Fig 8's axis for rows along the one vector of hand-picked exemplars.

    by: "picked by hand (NAME)". Numbers of the random directions alone are left out, since
    axis_measurements states them.
    """
    made = []
    for one in axis_measurements(rows, control, axes, 0, reach=reach, seed=seed):
        if "minus" in one.name or RANDOM not in one.name:
            words = {
                "name": f"picked_{one.name}",
                "protocol": f"{one.protocol}; exemplars {by}",
                "spread": one.spread.replace(OVER_ROWS, "random samples, all along one vector"),
            }
            made.append(one.model_copy(update=words))
    return made


def untrained_measurements(
    rows: Rows, control: Rows, axes: Axes, *, reach: float, seed: int
) -> list[Measurement]:
    """The numbers behind the claims, for an untrained generator along vectors found the same way.

    control: its rows along random directions.
    """
    wanted = {measurement_name(axes.names, 0, quantity) for quantity in CLAIMED}
    made = axis_measurements(rows, control, axes, 0, reach=reach, seed=seed)
    words = "; untrained generator, exemplars chosen among its own samples"
    return [
        one.model_copy(update={"name": _untrained(one.name), "protocol": f"{one.protocol}{words}"})
        for one in made
        if one.name in wanted
    ]


def _untrained(name: str) -> str:
    quantity, colon, axis = name.partition(":")
    return f"{quantity}_untrained{colon}{axis}"


def without_pose(made: list[Measurement], axes: Axes) -> list[Measurement]:
    """If another axis is followed: the claims' measurements of the pose, without a value."""
    if axes.names[0] == POSE:
        return []
    known = {one.name: one for one in made}
    why = axes.remark or "the run follows other axes"
    because = f"{why}; '{axes.names[0]}' is followed, and the claim is on the pose"
    named = {f"turn_{q}": known.get(measurement_name(axes.names, 0, q)) for q in CLAIMED}
    return [
        without_value(one.model_copy(update={"name": name}), because=because)
        for name, one in named.items()
        if one is not None
    ]


def plain_sample_measurements(realistic: np.ndarray) -> Measurement:
    """How many plain samples the limits of realism admit: bool (N,)."""
    return share_over(
        "realistic_plain_samples",
        realistic,
        over="plain samples",
        protocol="plain samples that the limits were not taken from that lie within them",
    )


def _changes(rows: Rows, control: Rows, axis: int, *, reach: float, read: str) -> Stated:
    """Steadiness and size of the change on the axis itself."""
    own, other = rows.readings[:, :, axis], control.readings[:, :, axis]
    change, chance = own[:, -1] - own[:, 0], np.abs(other[:, -1] - other[:, 0])
    ranks = f"Spearman correlation of {read} with the step, rows in which it changes"
    return {
        "rank_correlation": (rank_correlations(own), ranks),
        "rank_correlation_random_direction": (
            np.abs(rank_correlations(other)),
            f"{ranks}, either way, {ANYWHERE}",
        ),
        "change": (change, f"{read}, last minus first column, label units"),
        "change_random_direction": (
            chance,
            f"{read}, difference of last and first column, either way, {ANYWHERE}, label units",
        ),
        "change_minus_random_direction": (
            change - chance,
            f"{read}, last minus first column, minus that difference, either way, {ANYWHERE}",
        ),
        "slope": (
            slopes(own, reach=reach),
            f"{read}, change for a whole vector, by a straight line through the row, label units",
        ),
    }


def _side_effects(rows: Rows, control: Rows, axes: Axes, axis: int) -> Stated:
    """The effect on other axes and on realism, as a share of each row."""
    ends = "share of first and last pictures that lie where plain samples mostly do in blend score "
    ends += "and in sharpness"
    stated = {
        "realistic_ends": (rows.realistic.mean(axis=1), ends),
        "realistic_ends_random_direction": (control.realistic.mean(axis=1), f"{ends}, {ANYWHERE}"),
    }
    others = [column for column in range(len(axes.names)) if column != axis]
    if others:
        followed = ", ".join(axes.names[column] for column in others)
        words = (
            f"share of the other axes ({followed}) whose reading crosses its middle between the "
        )
        words += "first and the last picture"
        for suffix, one in (("", rows), ("_random_direction", control)):
            crossed = flipped(one.readings, axes.middles)[:, others].mean(axis=1)
            of_these = f"{words}, {ANYWHERE}" if suffix else words
            stated[f"others_flipped{suffix}"] = (crossed, of_these)
    return stated
