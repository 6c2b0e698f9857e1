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
from dataclasses import dataclass

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

    real: (N, F) float32 in each of some feature spaces, N above k. Squared distances are the sums
    of the Euclidean ones in the spaces.
    """

    def __init__(self, real: Sequence[np.ndarray], *, k: int = 5) -> None:
        self.real, self.k, self.count = real, k, len(real[0])
        if self.count <= k:
            raise ValueError(f"RealBalls: k is {k}, which needs more real images than {self.count}")
        # given once, so that the distance of an image to itself is exactly 0
        self._within = [euclidean_distances(own, squared=True) for own in real]

    def met(self, pictures: Sequence[np.ndarray]) -> Met:
        """Pictures, (M, F) float32 in each of the spaces, among the balls."""
        pairs = zip(self.real, pictures, strict=True)
        to = [euclidean_distances(own, others, squared=True) for own, others in pairs]
        within, spaces = self._within, range(len(to)) if len(to) > 1 else ()
        without = [
            self._met(within[:one] + within[one + 1 :], to[:one] + to[one + 1 :]) for one in spaces
        ]
        together = self._met(within, to)
        return Met(together.densities, together.covered, tuple(without))

    def _met(self, within: Sequence[np.ndarray], to: Sequence[np.ndarray]) -> Met:
        """Squared distances (N, N) among the real images and (N, M) to the pictures, by space."""
        # place 0 is the distance of an image to itself
        radii = np.partition(np.sum(within, axis=0), self.k, axis=1)[:, self.k]
        inside = np.sum(to, axis=0) <= radii[:, None]
        return Met(inside.sum(axis=0) / self.k, inside.any(axis=1))
