"""The rows of Table 1 that are run here: what makes features of an image.

Part of measure.py. All rows get the same images and are followed by the same linear SVM.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from experiments.cifar10_svm.options import Options
from experiments.contract import Inputs
from repro.classification.discriminator_features import (
    discriminator_features,
    freeze_on,
    pixel_features,
)
from repro.classification.kmeans_features import fit_kmeans
from repro.devices import chosen_device
from repro.networks.dcgan import Discriminator
from repro.rng import generator

PURPOSE = "cifar10 svm"


@dataclass(frozen=True)
class Table1Row:
    """A row of the table: how its features are made of images (N, H, W, C) uint8 -> (N, F)."""

    name: str  # dcgan, own, random, kmeans, pixels
    number: int  # of several networks with random weights, from 1
    extract: Callable[[np.ndarray, Path], np.ndarray]  # the path: where the features may lie
    units: int  # maps of the widest layer, the paper's last column
    scaled: bool = False  # features brought to mean 0, deviation 1 on the training images


def rows(inputs: Inputs, options: Options, seed: int, images: np.ndarray) -> Iterator[Table1Row]:
    """All rows, one made after the other; images: unlabelled training images of the target set."""
    model = inputs.model("objects.model")
    yield of_network("dcgan", model.discriminator(), images, options)
    if inputs.has("cifar10.model"):
        own = inputs.model("cifar10.model").discriminator()
        yield of_network("own", own, images, options)
    for index in range(options.random_seeds):
        weights = int(generator(seed, f"{PURPOSE}, random D", index).integers(2**31))
        D = model.random_discriminator(weights)
        yield of_network("random", D, images, options, number=index + 1, frozen=False)
    if options.centroids:
        yield _of_kmeans(images, options, seed)
    yield Table1Row("pixels", 1, lambda images, path: pixel_features(images), images.shape[3])


def of_network(
    name: str,
    D: Discriminator,
    images: np.ndarray,
    options: Options,
    *,
    number: int = 1,
    frozen: bool = True,
) -> Table1Row:
    """Features of a discriminator; frozen: it has the batch statistics of its training images."""
    D = D.to(chosen_device(options.device))
    if options.statistics == "target" or not frozen:
        freeze_on(D, images[: options.statistics_images])
    widest = max(p.shape[0] for p in D.layers.parameters() if p.ndim == 4)
    return Table1Row(
        name,
        number,
        lambda images, path: discriminator_features(D, images, out=path),
        widest,
        options.standardise,
    )


def _of_kmeans(images: np.ndarray, options: Options, seed: int) -> Table1Row:
    """One-layer K-means of Coates, Ng and Lee (2011), the baseline of the paper's first row."""
    fitted = fit_kmeans(
        images,
        centroids=options.centroids,
        patches=options.patches,
        seed=seed,
        purpose=f"{PURPOSE}, kmeans",
    )
    device: torch.device = chosen_device(options.device)
    return Table1Row(
        "kmeans",
        1,
        lambda images, path: fitted.features(images, out=path, device=device),
        options.centroids,
        scaled=True,
    )
