"""The rows of Table 1 that are run here: how each makes features of an image.

Part of measure.py. Every row gets the same images and is followed by the same linear SVM
(fitting.py). Alone: `pixel_row(images).extract(images, path)` gives features (N, F).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from repro.rng import generator

PURPOSE = "cifar10 svm"


@dataclass(frozen=True)
class Table1Row:
    """A row of the table: how it makes features (N, F) of images (N, H, W, C) uint8."""

    name: str  # dcgan, own, random, kmeans, pixels
    number: int  # of several networks with random weights, from 1
    extract: Callable[[np.ndarray, Path], np.ndarray]  # the path: where the features may lie
    units: int  # maps of the widest layer, the paper's last column
    scaled: bool = False  # features brought to mean 0, deviation 1 on the training images


@dataclass(frozen=True)
class NetworkFeatures:
    """How every discriminator of the table makes features.

    target (S, H, W, C) uint8: the unlabelled images of the target set that freeze batch statistics;
    keep_trained: a trained discriminator keeps the statistics of its own training images instead;
    scaled: as in Table1Row.
    """

    target: np.ndarray
    keep_trained: bool
    scaled: bool
    device: torch.device

    def row(
        self, name: str, D: Discriminator, *, number: int = 1, trained: bool = True
    ) -> Table1Row:
        """The row of one discriminator; `trained` is False for one with random weights."""
        D = D.to(self.device)
        if not (trained and self.keep_trained):
            freeze_on(D, self.target)
        widest = max(p.shape[0] for p in D.layers.parameters() if p.ndim == 4)
        return Table1Row(
            name,
            number,
            lambda images, path: discriminator_features(D, images, out=path),
            widest,
            self.scaled,
        )


def random_rows(
    features: NetworkFeatures, model: ModelFolder, *, networks: int, seed: int
) -> Iterator[Table1Row]:
    """The control: several networks of the model's architecture with random weights."""
    for index in range(networks):
        weights = int(generator(seed, f"{PURPOSE}, random D", index).integers(2**31))
        D = model.random_discriminator(weights)
        yield features.row("random", D, number=index + 1, trained=False)


def kmeans_row(
    images: np.ndarray, *, centroids: int, patches: int, seed: int, device: torch.device
) -> Table1Row:
    """One-layer K-means of Coates, Ng and Lee (2011), the baseline of the paper's first row."""
    fitted = fit_kmeans(
        images, centroids=centroids, patches=patches, seed=seed, purpose=f"{PURPOSE}, kmeans"
    )
    return Table1Row(
        "kmeans",
        1,
        lambda images, path: fitted.features(images, out=path, device=device),
        centroids,
        scaled=True,
    )


def pixel_row(images: np.ndarray) -> Table1Row:
    """Raw pixels in [-1, 1]."""
    return Table1Row("pixels", 1, lambda images, path: pixel_features(images), images.shape[3])
