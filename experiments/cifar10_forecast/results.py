"""From the rungs of the ladder to the forecast, its check, and the numbers behind the claims.

Part of measure.py; loads no PyTorch. Alone: `measurements(figure_arrays(ladder, paper, ...))`.
"""

import numpy as np

from experiments.cifar10_forecast.laws import (
    LAWS,
    SIZES,
    Ladder,
    fitted,
    forecast,
    misfit,
    widening,
)
from repro.claims.constructors import estimate_over, single_number
from repro.claims.intervals import percentiles, wilson
from repro.claims.measurement import Measurement
from repro.rng import generator

PAPERS = 82.8  # % of CIFAR-10's test images, with 50,000 labels (Table 1)
BY = "bootstrap interval"
OVER = "test images and trainings of the ladder, pooled over three laws"
OVER_TRAININGS = f"{OVER}; each side at least Student's over trainings"
OVER_CHECK = "test images, and trainings where the others are more than the three sizes need"
PROTOCOL = "L2-SVM on all of D's features, all labels; laws in the logarithms of the three sizes"
CURVE = 25  # points of a fitted curve
GAINS = {  # gain from -> factors of maps, images, passes
    "twice_the_maps": (2, 1, 1),
    "twice_the_images": (1, 2, 1),
    "twice_the_passes": (1, 1, 2),
    "twice_the_images_in_as_many_steps": (1, 2, 0.5),
}


def figure_arrays(
    ladder: Ladder, paper: np.ndarray, *, seed: int, draws: int
) -> dict[str, np.ndarray]:
    """The rungs, their forecast at the sizes `paper` (3,), and the accuracies of the smaller rungs.

    All accuracies are in percent. Raises UnusableError where the ladder, with or without the
    training of its largest rung, does not tell the effects of the three sizes apart.
    """
    ladder.require_variation()
    at_paper = forecast(ladder, paper, seed=seed, draws=draws)
    rest, largest = ladder.without_largest(), ladder.largest
    measured, own = ladder.accuracy[largest], ladder.correct[largest]
    without = forecast(rest, ladder.sizes[largest], seed=seed, draws=draws, rung=own)
    missed = np.concatenate([without.measured - drawn for drawn in without.drawn.values()])
    factor, rungs = widening(without, measured), accuracies(ladder.correct)
    gains = _gains(ladder, seed=seed, draws=draws)
    together = np.full(3, np.nan)
    if ladder.varies(together=True):
        both = forecast(ladder, paper, seed=seed, draws=draws, together=True)
        together[:] = both.value, *both.ends()
    kept = ladder.sizes[:, 2]
    passes = np.union1d(np.geomspace(kept.min(), paper[2], CURVE), kept)
    return {
        "sizes": ladder.sizes,
        "model": ladder.model,
        "accuracy": rungs[:, 0],
        "accuracy_ends": rungs[:, 1:],
        "fitted": 100 * fitted(ladder, ladder.sizes),
        "paper": paper,
        "forecast": 100 * np.array([at_paper.value, *at_paper.ends(factor)]),
        "forecast_by_law": 100 * np.array([
            [at_paper.values[law], *percentiles(at_paper.drawn[law])] for law in LAWS
        ]),
        "forecast_not_widened": 100 * np.array([at_paper.value, *at_paper.ends()]),
        "forecast_together": 100 * together,
        "misfit": np.array(misfit(ladder, seed=seed, draws=draws)),
        "widening": np.array(factor),
        "largest": np.array(largest),
        "largest_forecast": 100 * np.array([without.value, *without.ends()]),
        "largest_minus_forecast": 100 * np.array([measured - without.value, *percentiles(missed)]),
        "gains": 100 * gains,
        "curve_passes": passes,
        "curves": 100 * np.array([_curve(ladder, passes, one) for one in np.unique(ladder.model)]),
        "curve_paper": 100 * fitted(ladder, _at_passes(paper, passes)),
    }  # fmt: skip


def accuracies(correct: np.ndarray) -> np.ndarray:
    """Accuracy of rungs (R, T) bool with its Wilson interval over images, in percent: (R, 3)."""
    hits = [(int(one.sum()), len(one)) for one in correct]
    return 100 * np.array([[s / n, *wilson(successes=s, n=n)] for s, n in hits])


def _gains(ladder: Ladder, *, seed: int, draws: int) -> np.ndarray:
    """The gains at the largest rung of GAINS: (4, 3) value, low, high.

    Where maps or images change, trainings are compared, so each side is at least as long as their
    luck requires.
    """
    here = ladder.sizes[ladder.largest]
    now = forecast(ladder, here, seed=seed, draws=draws)
    gains = []
    for factors in GAINS.values():
        then = forecast(ladder, here * factors, seed=seed, draws=draws)  # the same draws
        gain, drawn = then.value - now.value, then.pooled - now.pooled
        low, high = percentiles(drawn)
        changed = np.log2(factors[:2])
        luck = ladder.luck(changed) if changed.any() else 0.0
        gains.append([gain, min(low, gain - luck), max(high, gain + luck)])
    return np.array(gains)


def _curve(ladder: Ladder, passes: np.ndarray, model: int) -> np.ndarray:
    """The fitted curve of one training over passes."""
    return fitted(ladder, _at_passes(ladder.sizes[ladder.model == model][0], passes))


def _at_passes(sizes: np.ndarray, passes: np.ndarray) -> np.ndarray:
    return np.column_stack([np.tile(sizes[:2], (len(passes), 1)), passes])


def measurements(arrays: dict[str, np.ndarray]) -> list[Measurement]:
    """The forecast, its distance from the paper's number, its checks, and each size's effect."""
    found = [*_forecasts(arrays), *_checks(arrays), *_with_a_further_term(arrays)]
    for name, (gain, low, high) in zip(GAINS, arrays["gains"], strict=True):
        found.append(
            _estimate(
                f"gain_from_{name}",
                gain,
                (low, high),
                arrays,
                f"{PROTOCOL}; at the largest rung",
                unit="percentage points",
                over=OVER if name == "twice_the_passes" else OVER_TRAININGS,
            )
        )
    return found


def _forecasts(arrays: dict[str, np.ndarray]) -> list[Measurement]:
    """The forecast for the paper's sizes, and minus the paper's number."""
    value, low, high = arrays["forecast"]
    factor = float(arrays["widening"])
    protocol = f"{PROTOCOL}; for {_sizes(arrays)}"
    if factor > 1:
        protocol += (
            f"; interval {factor:.1f} times as long, as the check on the largest rung requires"
        )
    return [
        _estimate("forecast", value, (low, high), arrays, protocol, unit="%"),
        _estimate(
            "forecast_minus_paper",
            value - PAPERS,
            (low - PAPERS, high - PAPERS),
            arrays,
            f"{protocol}; minus the paper's {PAPERS} %",
            unit="percentage points",
        ),
    ]


def _checks(arrays: dict[str, np.ndarray]) -> list[Measurement]:
    """How far the laws miss the largest rung, and the rungs to which they were fitted."""
    missed, least, most = arrays["largest_minus_forecast"]
    return [
        _estimate(
            "largest_rung_minus_forecast",
            missed,
            (least, most),
            arrays,
            f"{PROTOCOL}; the largest rung's accuracy minus its forecast from the others",
            unit="percentage points",
            over=OVER_CHECK,
        ),
        single_number(
            "misfit",
            float(arrays["misfit"]),
            n=1,
            why="of one ladder",
            protocol="root mean square residual of the laws, over that which chance in the test "
            "images gives; about 1 where the laws hold",
        ),
        single_number(
            "widening",
            float(arrays["widening"]),
            n=1,
            why="of one check",
            protocol="error in forecasting the largest rung over the interval's side, at least 1",
        ),
    ]


def _with_a_further_term(arrays: dict[str, np.ndarray]) -> list[Measurement]:
    """The forecast by laws with a term more; [] where the ladder does not determine it."""
    value, low, high = arrays["forecast_together"]
    if np.isnan(value):
        return []
    protocol = f"{PROTOCOL}, and a term for images and passes together; for {_sizes(arrays)}"
    name = "forecast_with_images_and_passes_together"
    return [_estimate(name, value, (low, high), arrays, f"{protocol}; not widened", unit="%")]


def _sizes(arrays: dict[str, np.ndarray]) -> str:
    """The paper's sizes in words."""
    return " x ".join(f"{one:,g} {name}" for name, one in zip(SIZES, arrays["paper"], strict=True))


def untrained_gain(maps: np.ndarray, correct: np.ndarray, *, seed: int, draws: int) -> Measurement:
    """The gain in points from twice the maps, for features of discriminators never trained.

    maps (R,), correct (R, T) bool, of different initial weights of the ladder's networks: the slope
    of the line through their accuracies against log2(maps), with a bootstrap interval over test
    images.
    """
    doublings = np.log2(maps) - np.log2(maps).mean()
    slope = doublings / (doublings @ doublings)  # least squares: slope @ accuracies
    by_image = 100 * (slope @ correct)  # (T,); their mean is the slope
    source = generator(seed, "cifar10_forecast, untrained")
    images = len(by_image)
    counts = source.multinomial(images, np.full(images, 1 / images), size=draws)
    return estimate_over(
        "gain_from_twice_the_maps_untrained",
        float(by_image.mean()),
        percentiles(counts @ by_image / images),
        over=f"test images; {len(maps)} untrained networks",
        by=BY,
        n=images,
        protocol="slope of the least-squares line through the accuracies of the ladder's untrained "
        "discriminators against log2(maps)",
        unit="percentage points",
    )


def _estimate(
    name: str,
    value: float,
    ends: tuple[float, float],
    arrays: dict[str, np.ndarray],
    protocol: str,
    *,
    unit: str,
    over: str = OVER,
) -> Measurement:
    """n is the number of trainings: rungs of one training are not independent."""
    return estimate_over(
        name,
        float(value),
        (float(ends[0]), float(ends[1])),
        over=over,
        by=BY,
        n=len(np.unique(arrays["model"])),
        protocol=protocol,
        unit=unit,
    )
