"""Table 1's chain with the released ImageNet discriminator: CIFAR-10 by a linear SVM (paper §5.1).

Part of measure.py. The same images and splits serve all rows: features of the released D's complete
layers and of the same layers with random weights, each as they are and standardised, one-layer
K-means features, which are standardised (as their authors do), and raw pixels. C is chosen on
held-out training images, the SVM refitted on all of them, then the test set opened, once. Alone:
`check_on_cifar10(released, inputs, ...)`.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from experiments.contract import Inputs
from experiments.verify_authors.results import ON_CIFAR10, WHAT, Outcome, cifar10_numbers
from repro.classification.choose_c import Choice, Training, require_known_classes
from repro.classification.discriminator_features import (
    discriminator_features,
    feature_scale,
    freeze_on,
    pixel_features,
    standardise,
)
from repro.classification.kmeans_features import KMeansFeatures
from repro.classification.svm import L2SVC
from repro.data.store import ImageStore
from repro.networks.dcgan import Discriminator
from repro.released.networks import Released
from repro.rng import generator


@dataclass(frozen=True)
class FeatureSource:
    """Extracts features (N, F) from images (N, H, W, C) uint8; the path: where to store them."""

    name: str
    extract: Callable[[np.ndarray, Path], np.ndarray]
    standardised: bool = False  # scaled to mean 0 and deviation 1 on the training images


@dataclass(frozen=True)
class FittedOnCifar10:
    """A row after training, with everything that the test set needs."""

    row: FeatureSource
    choice: Choice
    svm: L2SVC
    scale: tuple[np.ndarray, np.ndarray] | None  # mean and deviation of the training features


def check_on_cifar10(
    released: Released,
    inputs: Inputs,
    *,
    hold_out: Callable[[ImageStore], Training],
    fit: Callable[..., tuple[Choice, L2SVC]],
    random_networks: int,
    kmeans: Callable[[np.ndarray], KMeansFeatures],
    device: torch.device,
    seed: int,
    scratch: Path,
) -> Outcome:
    """Accuracies of all rows on the test images of CIFAR-10.

    hold_out: selects the images that choose C; fit: chosen_and_refitted of
    repro.classification.choose_c without X, y and held_out; kmeans: learns from images.
    """
    training = hold_out(inputs.dataset("cifar10.data"))
    fitted = []
    rows = _rows(
        released, training.images, random_networks=random_networks, device=device, seed=seed
    )
    learned = kmeans(training.images)
    by_kmeans = FeatureSource(
        "kmeans",
        lambda images, path: learned.features(images, out=path, device=device),
        standardised=True,
    )
    for row in [*rows, by_kmeans]:
        with tempfile.TemporaryDirectory(dir=scratch, prefix=".features-") as folder:
            X = row.extract(training.images, Path(folder) / "training.npy")
            scale = feature_scale(X) if row.standardised else None
            if scale is not None:
                standardise(X, scale)
            choice, svm = fit(X=X, y=training.labels, held_out=training.held_out)
        fitted.append(FittedOnCifar10(row, choice, svm, scale))
    right = _on_test(inputs.dataset("cifar10.test"), fitted, training, scratch)
    numbers = cifar10_numbers(
        right,
        {name: [one.choice for one in fitted if one.row.name == name] for name in WHAT},
        released,
        training_images=len(training.images),
        held_out=training.held_out,
        seed=seed,
    )
    described = {
        "training_images": len(training.images),
        "held_out": training.held_out,
        "test_images": right["released"].shape[1],
        "features": {one.row.name: one.svm.coef_.shape[1] for one in fitted},
    }
    return Outcome(numbers, described)


def _rows(
    released: Released, images: np.ndarray, *, random_networks: int, device: torch.device, seed: int
) -> Iterator[FeatureSource]:
    """The rows of networks, and pixels; batch statistics are frozen on the training images."""

    def of_network(name: str, D: Discriminator) -> Iterator[FeatureSource]:
        D = D.to(device)
        freeze_on(D, images)
        as_they_are = FeatureSource(
            name, lambda images, path: discriminator_features(D, images, out=path)
        )
        yield as_they_are
        yield replace(as_they_are, name=f"{name}_standardised", standardised=True)

    yield from of_network("released", released.discriminator())
    for index in range(random_networks):
        weights = int(generator(seed, f"{ON_CIFAR10}, random D", index).integers(2**31))
        yield from of_network("random", released.random_discriminator(weights))
    yield FeatureSource("pixels", lambda images, path: pixel_features(images))


def _on_test(
    test: ImageStore, fitted: list[FittedOnCifar10], training: Training, scratch: Path
) -> dict[str, np.ndarray]:
    """Use the test set, here and nowhere else: hits (networks, T) bool by row."""
    y = test.label("class")
    require_known_classes(y, training.labels, where=str(test.folder))
    right: dict[str, list[np.ndarray]] = {name: [] for name in WHAT}
    for one in fitted:
        with tempfile.TemporaryDirectory(dir=scratch, prefix=".features-") as folder:
            X = one.row.extract(test.images, Path(folder) / "test.npy")
            if one.scale is not None:
                standardise(X, one.scale)
            right[one.row.name].append(one.svm.predict(X) == y)
    return {name: np.stack(rights) for name, rights in right.items()}
