"""Features of one set of images on disk, for one row of a table after another.

Where in the flow: between what extracts features (`frozen_features` of
repro.classification.discriminator_features, K-means, pixels) and the SVMs of Tables 1 and 2. The
features of a network may take gigabytes (50,000 x 28,672 float32: 5.7 GB), so only one network's
are on disk at a time, in a folder that is removed at the end. Rows that differ only in the part of
the features that they use, or in their scale, share one extraction.

    with shared_features(images, scratch) as shared:
        X = shared.of(extract)              # (N, F)
        part = shared.of(extract, first=9)  # (N, 9), not extracted again
        Z, scale = shared.scaled(extract)   # the last row of this `extract`
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from repro.classification.discriminator_features import Extract, feature_scale, standardise


class SharedFeatures:
    """Features of the same images, extracted again only when `extract` differs from the last one.

    images: (N, H, W, C) uint8; path: the file that holds the features. Scaled features, which spoil
    the others, come last.
    """

    def __init__(self, images: np.ndarray, path: Path) -> None:
        self.images, self.path = images, path
        self._extract: Extract | None = None
        self._X = np.empty((0, 0), np.float32)

    def of(self, extract: Extract, *, first: int | None = None) -> np.ndarray:
        """The first `first` features, or all: (N, F), unscaled; they are not to be written to."""
        if extract is not self._extract:
            self.forget()
            self._X, self._extract = extract(self.images, self.path), extract
        return self._X[:, :first]

    def scaled(
        self, extract: Extract, *, first: int | None = None
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """The same scaled by their own mean and deviation, and these two (F,)."""
        X = self.of(extract, first=first)
        scale = feature_scale(X)
        standardise(X, scale)
        self._extract = None
        return X, scale

    def forget(self) -> None:
        """Drop the features, so that the disk has room for others."""
        self._extract, self._X = None, np.empty((0, 0), np.float32)
        self.path.unlink(missing_ok=True)


@contextmanager
def shared_features(images: np.ndarray, scratch: Path) -> Iterator[SharedFeatures]:
    """SharedFeatures of images, in a folder below `scratch` that is removed at the end."""
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".features-") as folder:
        shared = SharedFeatures(images, Path(folder) / "features.npy")
        yield shared
        shared.forget()
