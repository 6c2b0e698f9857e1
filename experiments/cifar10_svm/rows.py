"""The rows of Table 1 that are run here: how each extracts features from an image.

Part of measure.py. Every row gets the same images and is followed by the same linear SVM
(fitting.py). Alone: `pixel_row(images).extract(images, path)` gives features (N, F).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from repro.classification.discriminator_features import (
    discriminator_features,
    freeze_on,
    pixel_features,
)
from repro.classification.kmeans_features import fit_kmeans
from repro.networks.dcgan import Discriminator
from repro.networks.model_folder import ModelFolder
from repro.released.networks import Released, released_networks
from repro.rng import generator

PURPOSE = "cifar10 svm"
OTHER_WAY = {"dcgan": "dcgan_scaled", "kmeans": "kmeans_unscaled"}  # row -> its other scaling
CUT = "_cut"  # suffix of a row that uses only the first layers of its networks


@dataclass(frozen=True)
class Table1Row:
    """A row of the table: how it extracts features (N, F) from images (N, H, W, C) uint8."""

    name: str  # a key of tables.ROWS
    number: int  # among several networks with random weights, from 1
    extract: Callable[[np.ndarray, Path], np.ndarray]  # the path: where the features may be stored
    units: int  # maps of the widest layer, the paper's last column
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
        D = D.to(self.device)
        if not (trained and self.keep_trained):
            freeze_on(D, self.target)
        for layers in (None,) if cut is None else (None, cut):
            kernels = [p for p in D.layers[:layers].parameters() if p.ndim == 4]
            yield Table1Row(
                name if layers is None else f"{name}{CUT}",
                number,
                partial(_features_of, D, layers),
                max(len(kernel) for kernel in kernels),
            )


def _features_of(
    D: Discriminator, layers: int | None, images: np.ndarray, path: Path
) -> np.ndarray:
    return discriminator_features(D, images, layers=layers, out=path)


def random_rows(
    features: NetworkFeatures, model: ModelFolder, *, networks: int, seed: int, cut: int | None
) -> Iterator[Table1Row]:
    """The control: several networks of the model's architecture with random weights."""
    for index in range(networks):
        weights = int(generator(seed, f"{PURPOSE}, random D", index).integers(2**31))
        D = model.random_discriminator(weights)
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
    fitted = fit_kmeans(
        images, centroids=centroids, patches=patches, seed=seed, purpose=f"{PURPOSE}, kmeans"
    )
    return Table1Row(
        name,
        1,
        lambda images, path: fitted.features(images, out=path, device=device),
        centroids,
        scaled=True,
    )


def scaled_the_other_way(rows: list[Table1Row]) -> Iterator[Table1Row]:
    """D's features scaled and K-means' unscaled: for each the way that the table lacks."""
    for row in rows:
        if row.name in OTHER_WAY:
            yield replace(row, name=OTHER_WAY[row.name], scaled=not row.scaled)


def pixel_row(images: np.ndarray) -> Table1Row:
    """Raw pixels in [-1, 1]."""
    return Table1Row("pixels", 1, lambda images, path: pixel_features(images), images.shape[3])
