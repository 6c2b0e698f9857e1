"""The numbers of Fig 6: the effect on new samples of dropping the window maps, or controls.

Part of measure.py; marking_results.py states how far judge, boxes and regression can be trusted.
Effects are arrays (sets, N): one set for the maps of positive and of lowest weight, several for
random maps. Intervals resample samples and sets separately (a crossed bootstrap), the same samples
for all variants, so that differences are paired.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from experiments.forgetting_windows.trials import Curve, Effect
from repro.claims.constructors import estimate_over, range_over, ratio_over
from repro.claims.intervals import SMALLEST, crossed_means, percentiles
from repro.claims.measurement import Measurement

PURPOSE = "forgetting windows"  # of the draws of samples and of sets, the same for all numbers
OVER_SAMPLES = "new samples of one model"
OVER_BOTH = "new samples and random sets of maps, one model"
POSITIVE = "the maps of positive weight"
DROPPED = {
    "positive": POSITIVE,
    "random": "an equal number of random maps",
    "lowest": "an equal number of maps of the lowest weights, none positive",
    "other_sample": "nothing, compared with another sample",
}
ELSEWHERE = "outside the windows before, grown by a sixteenth of the side"


def effect_numbers(
    before: Effect, after: Mapping[str, list[Effect]], other: Effect, *, suffix: str, seed: int
) -> list[Measurement]:
    """Window area left and change of the rest at one layer, by variant: figure and table.

    after: variant -> its sets of maps, "random" with several; other: NewSamples.other_samples().
    """
    made = []
    had = before.has_window > 0
    for variant, effects in after.items():
        there, change, likeness = (
            np.stack([getattr(one, what) for one in effects])
            for what in ("has_window", "change", "likeness")
        )
        gone = 1 - there[:, had]
        kept = likeness - other.likeness
        lost = "pictures in which the judge found a window before and none after"
        scale = "likeness elsewhere on a scale from 0, that of two different samples, to 1, that of"
        made += window_area_left(variant, effects, before, suffix=suffix, seed=seed)
        parts = {
            "windows_gone": (gone, np.ones_like(gone[:1]), lost),
            "layout_kept": (kept, 1 - other.likeness, f"{scale} equal pictures"),
        }
        for name, (above, below, protocol) in parts.items():
            made += ratio_measurement(
                f"{name}_{variant}{suffix}",
                above,
                below,
                seed=seed,
                over=_over(variant),
                protocol=f"{protocol}; dropped: {DROPPED[variant]}",
            )
        made += _change(variant, change, suffix=suffix, seed=seed)
    return made


def window_area_left(
    variant: str, effects: Sequence[Effect], before: Effect, *, seed: int, suffix: str = ""
) -> list[Measurement]:
    """Window area after over before, of one variant's sets of maps; [] where there was none."""
    return ratio_measurement(
        f"window_area_left_{variant}{suffix}",
        np.stack([one.area for one in effects]),
        before.area,
        seed=seed,
        over=_over(variant),
        protocol=f"window area after over before; dropped: {DROPPED[variant]}",
    )


def comparison_numbers(
    before: Effect, after: Mapping[str, list[Effect]], other: Effect, *, seed: int
) -> list[Measurement]:
    """The window area left by the controls beyond that of the positive maps, and its two ends.

    The ends: window area of the unmodified samples, and the change to a different sample.
    """
    made = _means("window_area_before", before.area, seed=seed, over=OVER_SAMPLES,
                  protocol="share of the picture that the judge calls window, unmodified",
                  unit="of the picture")  # fmt: skip
    made += _change("other_sample", other.change, suffix="", seed=seed)
    positive = after["positive"][0].area
    for control in ("random", "lowest"):
        made += _means(
            f"window_area_{control}_minus_positive",
            np.stack([one.area - positive for one in after[control]]),
            seed=seed,
            over=_over(control),
            unit="of the picture",
            protocol=f"window area after dropping {DROPPED[control]}, minus that after dropping "
            f"{POSITIVE}, same samples",
        )
    return made


def without_colour(after: np.ndarray, before: np.ndarray, *, seed: int) -> list[Measurement]:
    """Window area left (N,) by the positive maps where the judge sees no colour."""
    return ratio_measurement(
        "window_area_left_positive_without_colour",
        after,
        before,
        seed=seed,
        over=OVER_SAMPLES,
        protocol="window area after over before, both pictures turned grey for the judge; "
        f"dropped: {POSITIVE}",
    )


def _over(variant: str) -> str:
    return OVER_BOTH if variant == "random" else OVER_SAMPLES


def _change(variant: str, change: np.ndarray, *, suffix: str, seed: int) -> list[Measurement]:
    return _means(
        f"change_elsewhere_{variant}{suffix}",
        change,
        seed=seed,
        over=_over(variant),
        unit="grey levels",
        protocol="mean absolute difference to the unmodified picture "
        f"{ELSEWHERE}; dropped: {DROPPED[variant]}",
    )


def _means(
    name: str, values: np.ndarray, *, seed: int, over: str, protocol: str, unit: str
) -> list[Measurement]:
    """Mean over sets and samples, (N,) or (sets, N); a ratio is relative to 1."""
    values = np.atleast_2d(values)
    ones = np.ones_like(values[:1])
    return ratio_measurement(name, values, ones, seed=seed, over=over, protocol=protocol, unit=unit)


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

    The bootstrap excludes draws with denominator 0.
    """
    above, below = np.atleast_2d(above).astype(float), np.atleast_2d(below).astype(float)
    kept = ~(np.isnan(above).any(axis=0) | np.isnan(below).any(axis=0))
    above, below = above[:, kept], below[:, kept]
    if below.size == 0 or abs(below.mean()) < SMALLEST:
        return []
    return [
        ratio_over(
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


def refitted(left: list[float]) -> list[Measurement]:
    """How much the window area left depends on the samples that were marked.

    left: window area afterwards over before, with the maps of other fits dropped; nothing without
    any.
    """
    if not left:
        return []
    return [
        range_over(
            "window_area_left_positive_refitted",
            left,
            of="fits on resampled samples, other cells outside",
            protocol="window area after over before, dropped: the maps of positive weight of "
            "another fit; mean over fits",
        )
    ]


def equal_change(found: Curve, count: int, *, seed: int) -> list[Measurement]:
    """Window area that random maps leave where they change the rest as much as the positive ones.

    count: number of positive maps. The curve is interpolated between numbers of maps.
    """
    if not found.judged:
        return []
    positive = found.positive[:, :, int(np.flatnonzero(found.counts == count)[0])]  # (2, 1, N)
    value = _difference_at_equal_change(
        positive.mean(axis=(1, 2))[:, None], found.random.mean(axis=(1, 3))[:, None]
    )
    drawn = _difference_at_equal_change(
        np.stack([crossed_means(v, seed=seed, purpose=PURPOSE) for v in positive]),
        np.stack([crossed_means(v, seed=seed, purpose=PURPOSE) for v in found.random]),
    )
    return [
        estimate_over(
            "window_area_at_equal_change_random_minus_positive",
            float(value[0]),
            percentiles(drawn),
            over=OVER_BOTH,
            by="bootstrap interval",
            n=positive.shape[-1],
            unit="of the picture",
            protocol="window area where random maps are dropped, in the number that changes the "
            f"rest of the picture as much (interpolated), minus that after dropping {POSITIVE}",
        )
    ]


def _difference_at_equal_change(positive: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """positive (2, draws) and curves (2, draws, K), area then change -> differences (draws,).

    A curve's change is made monotone: interpolation needs it, and a dip is noise.
    """
    areas, changes = curves[0], np.maximum.accumulate(curves[1], axis=1)
    there = [np.interp(positive[1, d], changes[d], areas[d]) for d in range(areas.shape[0])]
    return np.array(there) - positive[0]
