"""Table 1's chain with the released ImageNet discriminator: CIFAR-10 by a linear SVM (paper §5.1).

Part of measure.py. The same images and splits serve all rows: features of the released D's complete
layers and of the same layers with random weights, each as they are and standardised, one-layer
K-means features, which are standardised (as their authors do), and raw pixels. C is chosen on
held-out training images, the SVM refitted on all of them, then the test set opened, once. Alone:
`check_on_cifar10(released, inputs, ...)`.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from experiments.contract import Inputs
from experiments.verify_authors.results import ON_CIFAR10, WHAT, Outcome, cifar10_numbers
from repro.classification.choose_c import Choice, Training, require_known_classes
from repro.classification.discriminator_features import (
    discriminator_features,
    feature_scale,
    pixel_features,
    standardise,
)
from repro.classification.kmeans_features import KMeansFeatures
from repro.classification.svm import L2SVC
from repro.data.store import ImageStore
from repro.networks.dcgan import Discriminator
from repro.networks.discriminator_inputs import freeze_on
from repro.released.networks import Released
from repro.rng import weights_seed


@dataclass(frozen=True)
class SourceOfRows:
    """Extracts features (N, F) from images (N, H, W, C) uint8; the path: where to store them.

    as_they_are, standardised: names of the rows that use them so, or scaled to mean 0 and deviation
    1 on the training images; "" for no such row.
    """

    extract: Callable[[np.ndarray, Path], np.ndarray]
    as_they_are: str = ""
    standardised: str = ""


@dataclass(frozen=True)
class FittedOnCifar10:
    """A row after training, with everything that the test set needs."""

    name: str
    choice: Choice
    svm: L2SVC
    scale: tuple[np.ndarray, np.ndarray] | None  # mean and deviation of the training features


def check_on_cifar10(
    released: Released,
    inputs: Inputs,
    *,
    hold_out: Callable[[ImageStore], Training],
    fit: Callable[..., tuple[Choice, L2SVC]],
    statistics_images: int | None,
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
    networks = _networks(
        released,
        training.images[:statistics_images],
        random_networks=random_networks,
        device=device,
        seed=seed,
    )
    pixels = SourceOfRows(lambda images, path: pixel_features(images), as_they_are="pixels")
    learned = cache(lambda: kmeans(training.images))
    by_kmeans = SourceOfRows(
        lambda images, path: learned().features(images, out=path, device=device),
        standardised="kmeans",
    )
    fitted = [
        (source, [*_fitted(source, training, fit, scratch)])
        for source in chain(networks, [pixels, by_kmeans])
    ]
    right = _on_test(inputs.dataset("cifar10.test"), fitted, training, scratch)
    rows = [row for _, rows in fitted for row in rows]
    numbers = cifar10_numbers(
        right,
        {name: [one.choice for one in rows if one.name == name] for name in WHAT},
        released,
        training_images=len(training.images),
        held_out=training.held_out,
        seed=seed,
    )
    described = {
        "training_images": len(training.images),
        "held_out": training.held_out,
        "test_images": right["released"].shape[1],
        "features": {one.name: one.svm.coef_.shape[1] for one in rows},
    }
    return Outcome(numbers, described)


def _networks(
    released: Released, images: np.ndarray, *, random_networks: int, device: torch.device, seed: int
) -> Iterator[SourceOfRows]:
    """The networks' features; batch statistics are frozen on the images given."""

    def of_network(name: str, D: Discriminator) -> SourceOfRows:
        D = D.to(device)
        freeze_on(D, images)
        return SourceOfRows(
            lambda images, path: discriminator_features(D, images, out=path),
            as_they_are=name,
            standardised=f"{name}_standardised",
        )

    yield of_network("released", released.discriminator())
    for index in range(random_networks):
        weights = weights_seed(seed, f"{ON_CIFAR10}, random D", index)
        yield of_network("random", released.random_discriminator(weights))


def _fitted(
    source: SourceOfRows,
    training: Training,
    fit: Callable[..., tuple[Choice, L2SVC]],
    scratch: Path,
) -> Iterator[FittedOnCifar10]:
    """The rows of a source, from features extracted once."""
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".features-") as folder:
        X = source.extract(training.images, Path(folder) / "training.npy")
        given = {"y": training.labels, "held_out": training.held_out}
        if source.as_they_are:
            yield FittedOnCifar10(source.as_they_are, *fit(X=X, **given), scale=None)
        if source.standardised:
            scale = feature_scale(X)
            standardise(X, scale)  # in place
            yield FittedOnCifar10(source.standardised, *fit(X=X, **given), scale=scale)


def _on_test(
    test: ImageStore,
    fitted: list[tuple[SourceOfRows, list[FittedOnCifar10]]],
    training: Training,
    scratch: Path,
) -> dict[str, np.ndarray]:
    """Use the test set, here and nowhere else: hits (networks, T) bool by row."""
    y = test.label("class")
    require_known_classes(y, training.labels, where=str(test.folder))
    right: dict[str, list[np.ndarray]] = {name: [] for name in WHAT}
    for source, rows in fitted:
        with tempfile.TemporaryDirectory(dir=scratch, prefix=".features-") as folder:
            X = source.extract(test.images, Path(folder) / "test.npy")
            for one in rows:  # the standardised one is the last
                if one.scale is not None:
                    standardise(X, one.scale)
                right[one.name].append(one.svm.predict(X) == y)
    return {name: np.stack(rights) for name, rights in right.items()}
