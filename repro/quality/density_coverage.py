"""Realism and variety of pictures in any feature space: density and coverage.

Where in the flow: experiments/samples (Figs 10 and 11) asks with them whether samples lie where
real images lie, and whether all kinds of real images are met by samples. Both are those of Naeem et
al. 2020 (arXiv 2002.09797, equations 3 and 4): every real image has a ball that reaches to its k-th
nearest real neighbour. Density counts in how many balls a picture lies, over the expected k;
coverage is the share of balls with a picture in them. Other images of the real distribution have an
expected density of about 1 and a coverage of about 1 - 2^-k. Only together do they say that samples
are good: one good picture over and over has density and no coverage; pictures that are only unlike
each other have neither.

Alone: `balls = RealBalls(real, k=5)`, then `balls.densities(samples).mean()`.
"""

import numpy as np
from sklearn.metrics import euclidean_distances


class RealBalls:
    """A ball around each real image, as wide as the distance to its k-th nearest other real image.

    real (N, F) float32, N above k. Distances are Euclidean.
    """

    def __init__(self, real: np.ndarray, *, k: int = 5) -> None:
        if len(real) <= k:
            raise ValueError(f"RealBalls: k is {k}, which needs more real images than {len(real)}")
        self.real, self.k = real, k
        # place 0 is the distance of an image to itself
        self.radii = np.partition(euclidean_distances(real), k, axis=1)[:, k]  # (N,)

    def densities(self, features: np.ndarray) -> np.ndarray:
        """Number of balls in which each of (M, F) lies, over k: (M,) float64; mean = density."""
        counted: np.ndarray = self._inside(features).sum(axis=0) / self.k
        return counted

    def covered(self, features: np.ndarray) -> np.ndarray:
        """Whether the ball of each real image holds any of (M, F): bool (N,); mean = coverage."""
        return np.asarray(self._inside(features).any(axis=1))

    def _inside(self, features: np.ndarray) -> np.ndarray:
        """(N, M) bool: the ball of real image n holds picture m."""
        distances = euclidean_distances(self.real, features)
        return np.asarray(distances <= self.radii[:, None])
