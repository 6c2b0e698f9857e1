"""The effect of dropping maps on new samples: window area left, and change of the rest.

Part of measure.py. NewSamples holds them at one layer of G; `effect` drops a choice of maps and
measures the result. The rest of a picture is everything outside the windows that the judge found
before, grown by a sixteenth of the side.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from repro.internals.drop_maps import drawn_from, hidden_maps, highest, random_maps
from repro.internals.segmenter import grown
from repro.networks.dcgan import Generator

Windows = Callable[[np.ndarray], np.ndarray]  # pictures (N, H, W, 3) -> window pixels (N, H, W)


@dataclass(frozen=True)
class Effect:
    """The effect of one choice of maps, sample by sample; all (N,) float64.

    area: share of the picture that is window; has_window: 1 or 0; change: mean absolute difference
    of grey levels to the unmodified picture, elsewhere; likeness: their correlation, elsewhere. NaN
    where there is no elsewhere, or (likeness) where one picture is uniform there.
    """

    area: np.ndarray
    has_window: np.ndarray
    change: np.ndarray
    likeness: np.ndarray


@dataclass(frozen=True)
class Choices:
    """Which maps of a layer to drop: those of positive weight, and the controls."""

    positive: np.ndarray  # (maps,) bool
    random: list[np.ndarray]  # sets of the same number of maps
    lowest: np.ndarray  # the same number of the lowest weights, but none of positive weight

    @classmethod
    def of(cls, weights: np.ndarray, *, sets: int, seed: int, purpose: str) -> "Choices":
        """weights (maps,): of the regression."""
        count = int((weights > 0).sum())
        return cls(
            weights > 0,
            [
                random_maps(len(weights), count, seed=seed, purpose=purpose, index=index)
                for index in range(sets)
            ],
            highest(-weights, min(count, len(weights) - count)),
        )


class NewSamples:
    """New samples at one layer of G, and the judge's result on them."""

    def __init__(self, G: Generator, z: Tensor, *, layer: int, windows: Windows) -> None:
        self.G, self.layer, self.windows = G, layer, windows
        self.maps = hidden_maps(G, z, layer=layer)
        self.before = drawn_from(G, self.maps, layer=layer)
        masks = windows(self.before)
        self.elsewhere = ~grown(masks, max(1, self.before.shape[1] // 16))
        self.unmodified = self._effect(self.before, masks, slice(None))

    @property
    def width(self) -> int:
        """Number of maps of the layer."""
        return self.maps.shape[1]

    def pictures(self, dropped: np.ndarray, rows: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Pictures of the samples `rows` without the maps `dropped`, (maps,) bool."""
        return drawn_from(self.G, self.maps[rows], layer=self.layer, dropped=dropped)

    def effect(self, dropped: np.ndarray, rows: slice = slice(None)) -> Effect:
        """Effect of dropping maps, (maps,) bool, on the samples `rows`."""
        after = self.pictures(dropped, rows)
        return self._effect(after, self.windows(after), rows)

    def effects(self, choices: Choices) -> dict[str, list[Effect]]:
        """Effects on all samples by variant, for each set of maps: "random" has several."""
        return {
            "positive": [self.effect(choices.positive)],
            "random": [self.effect(one) for one in choices.random],
            "lowest": [self.effect(choices.lowest)],
        }

    def other_samples(self) -> Effect:
        """Each sample's picture replaced by the next one's, as an example of unrelated rooms."""
        after = np.roll(self.before, -1, axis=0)
        return self._effect(after, self.windows(after), slice(None))

    def area_left(self, dropped: np.ndarray, *, samples: int) -> float | None:
        """Window area afterwards over before on the first `samples`; None where there was none."""
        rows = slice(samples)
        before = self.unmodified.area[rows].sum()
        return float(self.effect(dropped, rows).area.sum() / before) if before > 0 else None

    def area_without_colour(self, pictures: np.ndarray) -> np.ndarray:
        """Window area (N,) by the judge when the pictures have lost their colour.

        A window that has only turned from sky blue to brown still counts.
        """
        grey = np.rint(pictures.astype(np.float32).mean(axis=3, keepdims=True)).astype(np.uint8)
        return self.windows(grey.repeat(3, axis=3)).mean(axis=(1, 2))

    def _effect(self, after: np.ndarray, masks: np.ndarray, rows: slice) -> Effect:
        before, elsewhere = self.before[rows], self.elsewhere[rows]
        change, likeness = differences(before, after, elsewhere)
        area = masks.mean(axis=(1, 2))
        return Effect(area, (area > 0).astype(np.float64), change, likeness)


def differences(
    before: np.ndarray, after: np.ndarray, where: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean absolute difference in grey levels and correlation over the pixels `where`.

    Pictures (N, H, W, C) uint8, where (N, H, W) bool -> two arrays (N,) float64. Both are NaN where
    `where` contains no pixel, the correlation also where either picture is uniform there.
    """
    one, other = (pictures.astype(np.float64).mean(axis=3) for pictures in (before, after))
    count = where.sum(axis=(1, 2))
    nothing = np.full(len(before), np.nan)

    def mean(values: np.ndarray) -> np.ndarray:
        total = (values * where).sum(axis=(1, 2))
        return np.divide(total, count, out=nothing.copy(), where=count > 0)

    change = mean(np.abs(one - other))
    one = one - mean(one)[:, None, None]
    other = other - mean(other)[:, None, None]
    spread = np.sqrt(mean(one**2) * mean(other**2))
    likeness = np.divide(mean(one * other), spread, out=nothing.copy(), where=spread > 1e-9)
    return change, likeness


@dataclass(frozen=True)
class Curve:
    """Window area and change elsewhere against the number of maps dropped.

    counts (K,); the others (2, sets, K, N): area, then change; one set except for random. Samples
    that are entirely window, and so have no elsewhere, are left out.
    """

    counts: np.ndarray
    positive: np.ndarray
    random: np.ndarray
    lowest: np.ndarray

    @property
    def judged(self) -> bool:
        """Whether the judge finds a window, and anything else, in some unmodified sample."""
        return bool(self.positive.size and self.positive[0, 0, 0].any())


def curve(
    new: NewSamples, weights: np.ndarray, *, samples: int, steps: int, sets: int, seed: int,
    purpose: str,
) -> Curve:  # fmt: skip
    """Effects of dropping 0 to all maps: by descending weight, at random, by ascending weight.

    The first `samples` new ones are used; `steps` even steps and the number of positive weights.
    """
    maps, rows = new.width, slice(samples)
    counts = np.unique([*np.rint(np.linspace(0, maps, steps + 1)), (weights > 0).sum()]).astype(int)

    def effects(chosen: Callable[[int], np.ndarray]) -> np.ndarray:
        found = [new.effect(chosen(count), rows) for count in counts]
        both = np.array([[one.area for one in found], [one.change for one in found]])
        return both[..., ~np.isnan(both[1]).any(axis=0)]

    def at_random(index: int) -> Callable[[int], np.ndarray]:
        return lambda count: random_maps(maps, count, seed=seed, purpose=purpose, index=index)

    return Curve(
        counts,
        effects(lambda count: highest(weights, count))[:, None],
        np.stack([effects(at_random(index)) for index in range(sets)], axis=1),
        effects(lambda count: highest(-weights, count))[:, None],
    )
