"""The rows of Table 1 that are run here: how each extracts features from an image.

Part of measure.py. Every row gets the same images and is followed by the same linear SVM
(fitting.py). Rows may share features (repro.classification.shared_features): those of D's first
layers are a part of those of all layers, and scaled ones are the same, scaled. Alone:
`pixel_row(images).extract(images, path)` gives features (N, F).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch

from repro.classification.discriminator_features import (
    Extract,
    feature_count,
    frozen_features,
    pixel_features,
)
from repro.classification.kmeans_features import KMeansFeatures, fit_kmeans
from repro.networks.dcgan import Discriminator
from repro.networks.model_folder import ModelFolder
from repro.released.networks import Released, released_networks
from repro.rng import weights_seed

PURPOSE = "cifar10 svm"
HELD_OUT = f"{PURPOSE}, held-out images"  # the same in cifar10_forecast and verify_authors
OTHER_WAY = {"dcgan": "dcgan_scaled", "kmeans": "kmeans_unscaled"}  # row -> its other scaling
CUT = "_cut"  # suffix of a row that uses only the first layers of its networks


@dataclass(frozen=True)
class Table1Row:
    """A row of the table: whose features it uses, and which of them."""

    name: str  # a key of tables.ROWS
    number: int  # among several networks with random weights, from 1
    extract: Extract  # the same for all rows that share its features
    units: int  # maps of the widest layer, the paper's last column
    first: int | None = None  # number of features used, from the first; None: all
    scaled: bool = False  # features scaled to mean 0, deviation 1 on the training images


@dataclass(frozen=True)
class NetworkFeatures:
    """How every discriminator of the table extracts features.

    target (S, H, W, C) uint8: the unlabelled images of the target set that freeze batch statistics;
    keep_trained: a trained discriminator keeps the statistics of its own training images instead.
    """

    target: np.ndarray
    keep_trained: bool
    device: torch.device

    def row(
        self, name: str, D: Discriminator, *, number: int = 1, trained: bool = True
    ) -> Table1Row:
        """The row of one discriminator; `trained`: whether it has its own statistics."""
        return next(self.rows(name, D, number=number, trained=trained))

    def rows(
        self,
        name: str,
        D: Discriminator,
        *,
        number: int = 1,
        trained: bool = True,
        cut: int | None = None,
    ) -> Iterator[Table1Row]:
        """The row of one discriminator and, given `cut`, the row of its first `cut` layers."""
        keeps_its_own = trained and self.keep_trained
        extract = frozen_features(D, None if keeps_its_own else self.target, self.device)
        yield Table1Row(name, number, extract, _widest(D, None))
        if cut is not None:
            first = feature_count(D, cut)
            yield Table1Row(f"{name}{CUT}", number, extract, _widest(D, cut), first=first)


def _widest(D: Discriminator, layers: int | None) -> int:
    """Maps of the widest of the first `layers` layers."""
    return max(len(one) for one in D.layers[:layers].parameters() if one.ndim == 4)


def random_rows(
    features: NetworkFeatures, model: ModelFolder, *, networks: int, seed: int, cut: int | None
) -> Iterator[Table1Row]:
    """The control: several networks of the model's architecture with random weights."""
    for index in range(networks):
        D = model.random_discriminator(weights_seed(seed, f"{PURPOSE}, random D", index))
        yield from features.rows("random", D, number=index + 1, trained=False, cut=cut)


def released_of(folder: Path, D: Discriminator) -> Released | None:
    """The authors' ImageNet networks in `folder` that are comparable with D; None without any.

    They take images of D's size; at least one layer of their discriminator is complete, and no more
    than D has.
    """
    for one in released_networks(folder):
        fits = one.kind == "imagenet" and one.image_size == D.image_size
        if fits and 0 < one.complete_layers <= len(D.layers):
            return one
    return None


def kmeans_row(
    images: np.ndarray,
    *,
    centroids: int,
    patches: int,
    seed: int,
    device: torch.device,
    name: str = "kmeans",
) -> Table1Row:
    """One-layer K-means of Coates, Ng and Lee (2011), the baseline of the paper's first row."""

    @cache
    def learnt() -> KMeansFeatures:  # when they are first needed
        return fit_kmeans(
            images, centroids=centroids, patches=patches, seed=seed, purpose=f"{PURPOSE}, kmeans"
        )

    def extract(images: np.ndarray, path: Path) -> np.ndarray:
        return learnt().features(images, out=path, device=device)

    return Table1Row(name, 1, extract, centroids, scaled=True)


def with_both_scalings(rows: list[Table1Row]) -> list[Table1Row]:
    """The rows, and D's features scaled and K-means' unscaled: for each the way that they lack.

    Rows that share features follow each other, the scaled one last
    (repro.classification.shared_features).
    """
    added = [
        replace(row, name=OTHER_WAY[row.name], scaled=not row.scaled)
        for row in rows
        if row.name in OTHER_WAY
    ]
    order = [row.extract for row in rows]
    return sorted([*rows, *added], key=lambda row: (order.index(row.extract), row.scaled))


def pixel_row(images: np.ndarray) -> Table1Row:
    """Raw pixels in [-1, 1]; images (N, H, W, C)."""
    return Table1Row("pixels", 1, lambda images, path: pixel_features(images), images.shape[3])
