"""The numbers stated of forgotten windows, with intervals over samples and over random sets.

Part of measure.py. Effects come as arrays (sets, N): one set for the maps of positive and of lowest
weight, several for random maps. Intervals resample samples and sets apart (a crossed bootstrap),
the same samples for all variants, so that differences are paired.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from experiments.forgetting_windows.trials import Curve, Effect
from repro.claims.measurement import Measurement
from repro.rng import generator

DRAWS = 2000
CONTROLS = ("random", "lowest")
WORDS = {
    "positive": "the maps of positive weight",
    "random": "as many random maps",
    "lowest": "as many maps of the lowest weights, none of positive weight",
    "other_sample": "nothing, but beside another sample",
}
OVER_SAMPLES = "over new samples of one model"
OVER_BOTH = "over new samples and random sets of maps, one model"
UNITS = {
    "window_area_after": "of the picture",
    "window_area_removed_per_grey_level": "of the picture per grey level",
}
ELSEWHERE = "outside the windows before, grown by a sixteenth of the side"


def crossed_means(values: np.ndarray, *, seed: int) -> np.ndarray:
    """Means over sets and samples, both resampled: (sets, ..., N) -> (DRAWS, ...).

    Arrays of equal N are resampled alike, so that ratios and differences are paired; of one set
    only the samples are resampled.
    """
    sets, count = values.shape[0], values.shape[-1]
    of_sets = _shares(sets, seed, "forgetting windows, resampled sets")
    of_samples = _shares(count, seed, "forgetting windows, resampled samples")
    flat = values.reshape(sets, -1, count)
    means = [((of_sets @ flat[:, k]) * of_samples).sum(axis=1) for k in range(flat.shape[1])]
    return np.stack(means, axis=1).reshape(DRAWS, *values.shape[1:-1])


@lru_cache(maxsize=8)
def _shares(n: int, seed: int, purpose: str) -> np.ndarray:
    """How often each of n is drawn in n draws with replacement, as shares: (DRAWS, n)."""
    drawn = generator(seed, purpose, n).integers(0, n, (DRAWS, n))
    drawn += np.arange(DRAWS)[:, None] * n
    return np.bincount(drawn.ravel(), minlength=DRAWS * n).reshape(DRAWS, n) / n


def ratio_measurement(
    name: str,
    above: np.ndarray,
    below: np.ndarray,
    *,
    seed: int,
    spread: str,
    protocol: str,
    unit: str = "",
) -> list[Measurement]:
    """Sum of `above` over sum of `below`, (N,) or (sets, N) each; nothing where that is 0 / 0.

    The bootstrap leaves out the draws without a denominator.
    """
    above, below = np.atleast_2d(above).astype(float), np.atleast_2d(below).astype(float)
    kept = ~(np.isnan(above).any(axis=0) | np.isnan(below).any(axis=0))
    above, below = above[:, kept], below[:, kept]
    if below.size == 0 or abs(below.mean()) < 1e-12:
        return []
    over, under = (crossed_means(v, seed=seed) for v in (above, below))
    usable = np.abs(under) > 1e-12
    low, high = np.quantile(over[usable] / under[usable], [0.025, 0.975])
    return [
        Measurement(
            name=name,
            value=float(above.mean() / below.mean()),
            low=float(low),
            high=float(high),
            n=above.shape[1],
            spread=spread,
            unit=unit,
            protocol=protocol,
        )
    ]


def effect_measurements(
    before: Effect, after: Mapping[str, list[Effect]], other: Effect, *, suffix: str, seed: int
) -> list[Measurement]:
    """All numbers of one layer. after: variant -> its sets of maps, "random" with several."""
    made = _means("window_area_before", [before.area], suffix, seed=seed, unit="of the picture",
                  protocol="share of the picture that the judge calls window, unmodified",
                  spread=OVER_SAMPLES)  # fmt: skip
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
            spread=_over(control),
            unit="of the picture",
            protocol=f"window area after dropping {WORDS[control]}, minus that after dropping "
            f"{WORDS['positive']}, same samples",
        )
    return made


def _over(variant: str) -> str:
    return OVER_BOTH if variant == "random" else OVER_SAMPLES


def _means(
    name: str, values: list[np.ndarray], suffix: str, *, seed: int, spread: str, protocol: str,
    unit: str = "",
) -> list[Measurement]:  # fmt: skip
    """Mean over sets and samples: a ratio to 1."""
    stacked = np.stack(values)
    return ratio_measurement(
        name + suffix,
        stacked,
        np.ones_like(stacked[:1]),
        seed=seed,
        spread=f"95 % bootstrap interval {spread}",
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
            spread=f"95 % bootstrap interval {_over(variant)}",
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
            spread=_over(variant),
            unit="grey levels",
            protocol="mean absolute difference to the unmodified picture "
            f"{ELSEWHERE}; dropped: {WORDS[variant]}",
        ),
        *_means(
            f"likeness_elsewhere_{variant}",
            [one.likeness for one in effects],
            suffix,
            seed=seed,
            spread=_over(variant),
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
        spread=f"95 % bootstrap interval {_over(variant)}",
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
            np.stack([crossed_means(v, seed=seed) for v in positive]),
            np.stack([crossed_means(v, seed=seed) for v in curves]),
        )
        low, high = np.quantile(drawn, [0.025, 0.975])
        made.append(
            Measurement(
                name=name,
                value=float(value[0]),
                low=float(low),
                high=float(high),
                n=positive.shape[-1],
                spread=f"95 % bootstrap interval {_over(control)}",
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
