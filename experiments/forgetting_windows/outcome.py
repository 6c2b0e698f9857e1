"""The numbers stated of forgotten windows, with intervals over samples and over random sets.

Part of measure.py. Effects come as arrays (sets, N): one set for the maps of positive and of lowest
weight, several for random maps. Intervals resample samples and sets apart (a crossed bootstrap),
the same samples for all variants, so that differences are paired.
"""

from collections.abc import Mapping

import numpy as np

from experiments.forgetting_windows.trials import Curve, Effect
from repro.claims.constructors import crossed_ratio_over, estimate_over
from repro.claims.intervals import SMALLEST, crossed_means, percentiles
from repro.claims.measurement import Measurement

PURPOSE = "forgetting windows"  # of the draws of samples and of sets, the same for all numbers
CONTROLS = ("random", "lowest")
WORDS = {
    "positive": "the maps of positive weight",
    "random": "as many random maps",
    "lowest": "as many maps of the lowest weights, none of positive weight",
    "other_sample": "nothing, but beside another sample",
}
OVER_SAMPLES = "new samples of one model"
OVER_BOTH = "new samples and random sets of maps, one model"
UNITS = {
    "window_area_after": "of the picture",
    "window_area_removed_per_grey_level": "of the picture per grey level",
}
ELSEWHERE = "outside the windows before, grown by a sixteenth of the side"


def ratio_measurement(
    name: str,
    above: np.ndarray,
    below: np.ndarray,
    *,
    seed: int,
    over: str,
    protocol: str,
    unit: str = "",
) -> list[Measurement]:
    """Sum of `above` over sum of `below`, (N,) or (sets, N) each; nothing where that is 0 / 0.

    The bootstrap leaves out the draws without a denominator.
    """
    above, below = np.atleast_2d(above).astype(float), np.atleast_2d(below).astype(float)
    kept = ~(np.isnan(above).any(axis=0) | np.isnan(below).any(axis=0))
    above, below = above[:, kept], below[:, kept]
    if below.size == 0 or abs(below.mean()) < SMALLEST:
        return []
    return [
        crossed_ratio_over(
            name,
            above,
            below,
            over=over,
            seed=seed,
            purpose=PURPOSE,
            protocol=protocol,
            unit=unit,
        )
    ]


def effect_measurements(
    before: Effect, after: Mapping[str, list[Effect]], other: Effect, *, suffix: str, seed: int
) -> list[Measurement]:
    """All numbers of one layer. after: variant -> its sets of maps, "random" with several."""
    made = _means("window_area_before", [before.area], suffix, seed=seed, unit="of the picture",
                  protocol="share of the picture that the judge calls window, unmodified",
                  over=OVER_SAMPLES)  # fmt: skip
    for variant, effects in after.items():
        made += _left(variant, before, effects, suffix, seed=seed)
        made += _elsewhere(variant, effects, suffix, seed=seed)
        made += _kept_layout(variant, effects, other, suffix, seed=seed)
    made += _elsewhere("other_sample", [other], suffix, seed=seed)
    positive = after["positive"][0]
    for control in CONTROLS:
        made += _means(
            f"window_area_{control}_minus_positive",
            [one.area - positive.area for one in after[control]],
            suffix,
            seed=seed,
            over=_over(control),
            unit="of the picture",
            protocol=f"window area after dropping {WORDS[control]}, minus that after dropping "
            f"{WORDS['positive']}, same samples",
        )
    return made


def _over(variant: str) -> str:
    return OVER_BOTH if variant == "random" else OVER_SAMPLES


def _means(
    name: str, values: list[np.ndarray], suffix: str, *, seed: int, over: str, protocol: str,
    unit: str = "",
) -> list[Measurement]:  # fmt: skip
    """Mean over sets and samples: a ratio to 1."""
    stacked = np.stack(values)
    return ratio_measurement(
        name + suffix,
        stacked,
        np.ones_like(stacked[:1]),
        seed=seed,
        over=over,
        protocol=protocol,
        unit=unit,
    )


def _left(
    variant: str, before: Effect, effects: list[Effect], suffix: str, *, seed: int
) -> list[Measurement]:
    """Window area after, as a share of that before, and pictures that lost all their windows."""
    had = before.has_window > 0
    area, there = (np.stack([getattr(e, what) for e in effects]) for what in ("area", "has_window"))
    change = np.stack([one.change for one in effects])
    every, one_each = np.ones((1, area.shape[1])), np.ones((1, int(had.sum())))
    parts = {
        "window_area_after": (area, every, "share of the picture that the judge calls window"),
        "window_area_left": (area, before.area, "window area after over before"),
        "windows_gone": (
            1 - there[:, had],
            one_each,
            "pictures in which the judge found a window before and none after",
        ),
        "window_area_removed_per_grey_level": (
            before.area - area,
            change,
            f"window area before minus after, over the mean change in grey levels {ELSEWHERE}",
        ),
    }
    return [
        measurement
        for name, (above, below, protocol) in parts.items()
        for measurement in ratio_measurement(
            f"{name}_{variant}{suffix}",
            above,
            below,
            seed=seed,
            over=_over(variant),
            protocol=f"{protocol}; dropped: {WORDS[variant]}",
            unit=UNITS.get(name, ""),
        )
    ]


def _elsewhere(variant: str, effects: list[Effect], suffix: str, *, seed: int) -> list[Measurement]:
    """Change and likeness of the rest of the picture."""
    return [
        *_means(
            f"change_elsewhere_{variant}",
            [one.change for one in effects],
            suffix,
            seed=seed,
            over=_over(variant),
            unit="grey levels",
            protocol="mean absolute difference to the unmodified picture "
            f"{ELSEWHERE}; dropped: {WORDS[variant]}",
        ),
        *_means(
            f"likeness_elsewhere_{variant}",
            [one.likeness for one in effects],
            suffix,
            seed=seed,
            over=_over(variant),
            protocol="correlation of grey levels with the unmodified picture "
            f"{ELSEWHERE}; dropped: {WORDS[variant]}",
        ),
    ]


def _kept_layout(
    variant: str, effects: list[Effect], other: Effect, suffix: str, *, seed: int
) -> list[Measurement]:
    return ratio_measurement(
        f"layout_kept_{variant}{suffix}",
        np.stack([one.likeness - other.likeness for one in effects]),
        1 - other.likeness,
        seed=seed,
        over=_over(variant),
        protocol="likeness elsewhere on a scale from 0, that of two different samples, to 1, that "
        f"of equal pictures; dropped: {WORDS[variant]}",
    )


def equal_change_measurements(
    found: Curve, count: int, *, suffix: str, seed: int
) -> list[Measurement]:
    """Window area of the controls where they change the rest as much as the positive maps do.

    count: of the positive maps. The curve of a control is interpolated between numbers of maps.
    """
    place = int(np.flatnonzero(found.counts == count)[0])
    positive = found.positive[:, :, place]  # (2, 1, N): area, change
    made: list[Measurement] = []
    if positive.size == 0 or not found.positive[0, 0, 0].any():
        return made  # nothing but window, or none
    for control in CONTROLS:
        curves = getattr(found, control)  # (2, sets, K, N)
        name = f"window_area_at_equal_change_{control}_minus_positive{suffix}"
        value = _difference_at_equal_change(
            positive.mean(axis=(1, 2))[:, None], curves.mean(axis=(1, 3))[:, None]
        )
        drawn = _difference_at_equal_change(
            np.stack([crossed_means(v, seed=seed, purpose=PURPOSE) for v in positive]),
            np.stack([crossed_means(v, seed=seed, purpose=PURPOSE) for v in curves]),
        )
        made.append(
            estimate_over(
                name,
                float(value[0]),
                percentiles(drawn),
                over=_over(control),
                by="bootstrap interval",
                n=positive.shape[-1],
                unit="of the picture",
                protocol=f"window area where {WORDS[control].removeprefix('as many ')} are "
                "dropped, in the number that changes the rest of the picture as much "
                f"(interpolated), minus that after dropping {WORDS['positive']}",
            )
        )
    return made


def _difference_at_equal_change(positive: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """positive (2, draws) and curves (2, draws, K), area then change -> differences (draws,).

    A curve's change is made to rise: interpolation needs it, and a dip is noise.
    """
    areas, changes = curves[0], np.maximum.accumulate(curves[1], axis=1)
    there = [np.interp(positive[1, d], changes[d], areas[d]) for d in range(areas.shape[0])]
    return np.array(there) - positive[0]
