"""How accuracy grows with a discriminator's size and training, and the forecast that follows.

Part of measure.py; loads no PyTorch. A rung of the ladder is one discriminator: its maps, the
number of images it was trained on, its passes over them, and the test images that its features
label correctly. Three laws are fitted to the rungs by least squares, each linear in the logarithms
of the three sizes, on its own scale. None of them is known to be true, so the forecast is pooled
over them; `misfit` says how badly they fit, and `together` forecasts without what they share, that
passes do as much with few images as with many.

    forecast(ladder, target, seed=42, draws=1000).value
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from repro.claims.intervals import percentiles
from repro.errors import UnusableError
from repro.rng import generator

SIZES = ("maps", "images", "passes")
LAWS = {  # name -> in words
    "power": "error a power of each size",
    "floor": "error a floor and a power of each size",
    "logit": "log-odds of a correct label linear in the logarithms",
}
FLOORS = np.linspace(0.0, 0.98, 50)  # tried for `floor`, as shares of the smallest error
LEAST, MOST = 1e-4, 1 - 1e-4  # range of accuracies, in which the logarithms are finite


@dataclass(frozen=True)
class Ladder:
    """R rungs and T test images.

    sizes (R, 3) float64: maps, images, passes; model (R,): the training to which a rung belongs;
    correct (R, T) bool.
    """

    sizes: np.ndarray
    model: np.ndarray
    correct: np.ndarray

    @property
    def accuracy(self) -> np.ndarray:
        """(R,) in [0, 1]."""
        return self.correct.mean(axis=1)

    @property
    def largest(self) -> int:
        """The rung with the most maps, then images, then passes."""
        return int(np.lexsort(self.sizes.T[::-1])[-1])

    def without_largest(self) -> "Ladder":
        """The rungs of all trainings except the one with the largest rung."""
        rest = self.model != self.model[self.largest]
        return Ladder(self.sizes[rest], self.model[rest], self.correct[rest])

    def varies(self, *, together: bool = False) -> bool:
        """Whether the rungs tell the effects of the sizes (and of two of them together) apart."""
        logs = _design(self.sizes, self.sizes[0], together=together)
        rungs, effects = logs.shape
        return rungs > effects and np.linalg.matrix_rank(logs) == effects

    def luck(self, doublings: np.ndarray) -> float:
        """Half the 95 % interval of a gain, as far as trainings differ by luck.

        doublings (2,): of maps and of images. Student's interval of the least-squares slopes of the
        trainings' mean log-odds, freed of the effect of passes, in accuracy at the largest rung:
        what the rungs of one training have in common is one observation. It takes four trainings,
        which a ladder with a check has.
        """
        trainings, place = np.unique(self.model, return_index=True)
        design = np.column_stack([np.ones(len(trainings)), np.log2(self.sizes[place, :2])])
        free = len(trainings) - design.shape[1]
        rungs = self.accuracy.clip(LEAST, MOST)
        both = np.stack([np.log(rungs / (1 - rungs)), np.log2(self.sizes[:, 2])])  # (2, R)
        of_training = np.stack([both[:, self.model == one].mean(axis=1) for one in trainings])
        odds, passes = both - of_training[np.searchsorted(trainings, self.model)].T
        means = of_training @ [1, -(odds @ passes) / (passes @ passes)]
        slopes = np.linalg.pinv(design)  # (3, trainings)
        variance = ((means - design @ (slopes @ means)) ** 2).sum() / free
        error = np.sqrt(variance * ((doublings @ slopes[1:]) ** 2).sum())
        here = self.accuracy[self.largest]
        return float(stats.t.ppf(0.975, free) * error * here * (1 - here))

    def require_variation(self) -> None:
        """Raises UnusableError where the rungs do not tell the effects of the sizes apart."""
        if not self.varies():
            found = "; ".join(" x ".join(f"{size:g}" for size in rung) for rung in self.sizes)
            raise UnusableError(
                f"the ladder has the rungs ({' x '.join(SIZES)}) {found}, from which the effects "
                "of the three cannot be separated; bind trainings that differ in maps and in "
                "images, one at a time, and keep discriminators after several passes"
            )


@dataclass(frozen=True)
class Forecast:
    """Accuracy in [0, 1] at the requested sizes: the fit of each law and its draws (D,).

    measured (D,): accuracy of the rung that was forecast, on the images of each draw; or None.
    """

    values: dict[str, float]
    drawn: dict[str, np.ndarray]
    measured: np.ndarray | None = None

    @property
    def value(self) -> float:
        """The mean of the laws' fits."""
        return float(np.mean(list(self.values.values())))

    @property
    def pooled(self) -> np.ndarray:
        """Draws of all laws."""
        return np.concatenate(list(self.drawn.values()))

    def ends(self, widening: float = 1.0) -> tuple[float, float]:
        """Its 95 % interval, each side `widening` times as long, within [0, 1]."""
        low, high = percentiles(self.pooled)
        low, high = min(low, self.value), max(high, self.value)
        low = self.value - widening * (self.value - low)
        high = self.value + widening * (high - self.value)
        return max(0.0, low), min(1.0, high)


def forecast(
    ladder: Ladder,
    target: np.ndarray,
    *,
    seed: int,
    draws: int,
    rung: np.ndarray | None = None,
    together: bool = False,
) -> Forecast:
    """The laws fitted to the ladder, at `target` (3,): maps, images, passes.

    rung (T,) bool: the test images that the rung to be forecast labels correctly, if there is one.
    together: the laws have a term for images and passes together, for a ladder that `varies` so.

    A draw resamples the test images, refits, flips the signs of the residuals of each training or
    not at random (the wild cluster bootstrap of Cameron, Gelbach and Miller, 2008: rungs of one
    training are not independent), and fits again. Raises UnusableError like require_variation.
    """
    ladder.require_variation()
    design = _design(ladder.sizes, target, together=together)
    source = generator(seed, "cifar10_forecast, resampling")
    correct = ladder.correct if rung is None else np.vstack([ladder.correct, rung])
    resampled = _resampled(correct, source, draws)
    accuracies = resampled[:, : len(design)]
    _, member = np.unique(ladder.model, return_inverse=True)
    turned = source.choice([-1.0, 1.0], (draws, member.max() + 1))[:, member]
    values, drawn = {}, {}
    for law in LAWS:
        values[law] = float(_fitted(law, design, ladder.accuracy[None])[1][0])
        curve, _ = _fitted(law, design, accuracies)
        again = curve + turned * (accuracies - curve) * _freedom(design)
        drawn[law] = _fitted(law, design, again)[1]
    return Forecast(values, drawn, None if rung is None else resampled[:, -1])


def fitted(ladder: Ladder, sizes: np.ndarray) -> np.ndarray:
    """The mean of the laws' curves, in [0, 1], at sizes (S, 3): (S,)."""
    at_each = [
        np.mean([_fitted(law, _design(ladder.sizes, one), ladder.accuracy[None])[1][0]
                 for law in LAWS])
        for one in sizes
    ]  # fmt: skip
    return np.array(at_each)


def misfit(ladder: Ladder, *, seed: int, draws: int) -> float:
    """How much worse the laws fit than they would if only test images were left to chance.

    The root mean square of the rungs' residuals, over that of the residuals which resampling of
    the test images adds; the mean over the laws. About 1 where the laws hold and trainings do not
    differ by luck.
    """
    design = _design(ladder.sizes, ladder.sizes[0])
    source = generator(seed, "cifar10_forecast, misfit")
    resampled = _resampled(ladder.correct, source, draws)
    ratios = []
    for law in LAWS:
        own = ladder.accuracy - _fitted(law, design, ladder.accuracy[None])[0][0]
        added = resampled - _fitted(law, design, resampled)[0] - own
        ratios.append(np.sqrt((own**2).mean() / (added**2).mean()))
    return float(np.mean(ratios))


def widening(without: Forecast, measured: float) -> float:
    """The factor by which a forecast's interval was too short for the measured value; at least 1.

    without: forecast from the other trainings; measured: accuracy in [0, 1]. For a forecast without
    any spread, the longer side counts as one test image in ten thousand.
    """
    low, high = without.ends()
    side = high - without.value if measured > without.value else without.value - low
    return max(1.0, abs(measured - without.value) / max(side, 1e-4))


def _design(sizes: np.ndarray, target: np.ndarray, *, together: bool = False) -> np.ndarray:
    """(R, 4): 1 and the doublings from `target`, at which only the first coefficient counts.

    together: (R, 5), the last the product of the doublings of images and passes.
    """
    doublings = np.log2(sizes / target)
    columns = [np.ones(len(sizes)), *doublings.T]
    return np.column_stack([*columns, doublings[:, 1] * doublings[:, 2]] if together else columns)


def _resampled(correct: np.ndarray, source: np.random.Generator, draws: int) -> np.ndarray:
    """Accuracies (D, R) of rungs (R, T) over test images drawn with replacement."""
    images = correct.shape[1]
    accuracies = np.empty((draws, len(correct)))
    for row in accuracies:
        row[:] = correct @ source.multinomial(images, np.full(images, 1 / images)) / images
    return accuracies


def _freedom(design: np.ndarray) -> float:
    """The factor by which residuals of a fit are too small."""
    rungs, coefficients = design.shape
    return float(np.sqrt(rungs / (rungs - coefficients)))


def _fitted(law: str, design: np.ndarray, accuracy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A law's curve (D, R) and its value at the target (D,), for accuracies (D, R) in [0, 1]."""
    accuracy = accuracy.clip(LEAST, MOST)
    solve = np.linalg.pinv(design)
    if law == "logit":
        coefficients = np.log(accuracy / (1 - accuracy)) @ solve.T
        return _odds(coefficients @ design.T), _odds(coefficients[:, 0])
    error, best = 1 - accuracy, np.full(len(accuracy), np.inf)
    curve, at_target = np.empty_like(accuracy), np.empty(len(accuracy))
    for share in FLOORS if law == "floor" else FLOORS[:1]:
        floor = share * error.min(axis=1, keepdims=True)
        coefficients = np.log(error - floor) @ solve.T
        found = floor + np.exp(coefficients @ design.T)
        squares = ((found - error) ** 2).sum(axis=1)
        better = squares < best
        best[better], curve[better] = squares[better], 1 - found[better]
        at_target[better] = 1 - (floor[:, 0] + np.exp(coefficients[:, 0]))[better]
    return curve, at_target.clip(0, 1)


def _odds(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))
