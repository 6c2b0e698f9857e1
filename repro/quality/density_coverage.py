"""Realism and variety of pictures in any feature space: density and coverage.

Where in the flow: experiments/samples (Figs 10 and 11) asks with them whether samples lie where
real images lie, and whether all kinds of real images are met by samples. Both are those of Naeem et
al. 2020 (arXiv 2002.09797, equations 3 and 4): every real image has a ball that reaches to its k-th
nearest real neighbour. Density counts in how many balls a picture lies, over the expected k;
coverage is the share of balls with a picture in them. Other images of the real distribution have an
expected density of about 1 and a coverage of about 1 - 2^-k. Only together do they say that samples
are good: one good picture over and over has density and no coverage; pictures that are only unlike
each other have neither.

Alone: `balls = RealBalls([real], k=5)`, then `balls.met([samples]).densities.mean()`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import euclidean_distances


@dataclass(frozen=True)
class Met:
    """M pictures among N balls.

    densities (M,) float64: number of balls in which each picture lies, over k; covered (N,) bool:
    whether a ball holds any picture. Their means are density and coverage. without: the same
    without each of the spaces in turn, () where there is one.
    """

    densities: np.ndarray
    covered: np.ndarray
    without: tuple["Met", ...] = ()


class RealBalls:
    """A ball around each real image, as wide as the distance to its k-th nearest other real image.

    real: (N, F) float32 in each of some feature spaces, N above k. The spaces are joined: squared
    distances are the sums of the squared ones in each.
    """

    def __init__(self, real: Sequence[np.ndarray], *, k: int = 5) -> None:
        self.real, self.k, self.count = real, k, len(real[0])
        if self.count <= k:
            raise ValueError(f"RealBalls: k is {k}, which needs more real images than {self.count}")
        spaces = np.arange(len(real))
        left_out = spaces if len(real) > 1 else spaces[:0]
        self._chosen = [spaces, *(np.delete(spaces, one) for one in left_out)]
        # given once, so that the distance of an image to itself is exactly 0
        within = np.stack([euclidean_distances(own, squared=True) for own in real])
        self._radii = [self._radius(within[chosen].sum(axis=0)) for chosen in self._chosen]

    def _radius(self, distances: np.ndarray) -> np.ndarray:
        # place 0 is the distance of an image to itself
        return np.partition(distances, self.k, axis=1)[:, self.k, None]

    def met(self, pictures: Sequence[np.ndarray]) -> Met:
        """Pictures, (M, F) float32 in each of the spaces, among the balls."""
        pairs = zip(self.real, pictures, strict=True)
        to = np.stack([euclidean_distances(own, others, squared=True) for own, others in pairs])
        together, *without = (
            self._met(to[chosen].sum(axis=0) <= radii)
            for chosen, radii in zip(self._chosen, self._radii, strict=True)
        )
        return replace(together, without=tuple(without))

    def _met(self, inside: np.ndarray) -> Met:
        """inside (N, M) bool: the ball of real image n holds picture m."""
        return Met(inside.sum(axis=0) / self.k, np.asarray(inside.any(axis=1)))
