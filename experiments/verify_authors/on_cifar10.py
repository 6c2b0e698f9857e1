"""Table 1's chain with the released ImageNet discriminator: CIFAR-10 by a linear SVM (paper §5.1).

Part of measure.py. The same images and splits serve three rows: features of the released D's
complete layers, of the same layers with random weights, raw pixels. C is chosen on held-out
training images, the SVM refitted on all of them, and then the test set opened, once.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.contract import Inputs
from experiments.verify_authors.names import number_name
from experiments.verify_authors.options import Options
from experiments.verify_authors.outcome import ROWS, Outcome, chosen_c, layers_words
from repro.claims.constructors import mean_over, single_number
from repro.claims.measurement import Measurement
from repro.classification.choose_c import (
    Choice,
    Training,
    chosen_and_refitted,
    require_known_classes,
    with_held_out,
)
from repro.classification.discriminator_features import (
    discriminator_features,
    freeze_on,
    pixel_features,
)
from repro.classification.svm import L2SVC
from repro.data.store import ImageStore
from repro.devices import chosen_device
from repro.networks.dcgan import Discriminator
from repro.released.networks import Released
from repro.rng import generator

PURPOSE = "verify authors, cifar10"


@dataclass(frozen=True)
class FeatureSource:
    """How features are made of images (N, H, W, C) uint8 -> (N, F); the path: where to put them."""

    name: str
    extract: Callable[[np.ndarray, Path], np.ndarray]


@dataclass(frozen=True)
class FittedOnCifar10:
    """A row after training: all that the test set needs."""

    row: FeatureSource
    choice: Choice
    svm: L2SVC


def check_on_cifar10(
    released: Released, inputs: Inputs, options: Options, seed: int, out: Path
) -> Outcome:
    """Accuracies of the three rows and their paired differences, in percent of test images."""
    training = _training(inputs.dataset("cifar10.data"), options, seed)
    rows = _rows(released, training, options, seed)
    fitted = [_fit(row, training, options, out) for row in rows]
    right = _on_test(inputs, fitted, training, out)
    made = [
        number
        for name in ROWS
        for number in _of_row(name, released, fitted, right, training, seed=seed)
    ]
    made += [_difference(name, released, fitted, right, seed=seed) for name in ("random", "pixels")]
    return Outcome(
        made,
        {
            "training_images": len(training.images),
            "held_out": training.held_out,
            "test_images": right.shape[1],
            "features": {one.row.name: one.svm.coef_.shape[1] for one in fitted},
        },
    )


def _training(store: ImageStore, options: Options, seed: int) -> Training:
    return with_held_out(
        store,
        most=options.validation,
        share=options.validation_share,
        seed=seed,
        purpose=f"{PURPOSE}, held-out images",
    )


def _rows(
    released: Released, training: Training, options: Options, seed: int
) -> Iterator[FeatureSource]:
    device = chosen_device(options.device)

    def of_network(name: str, D: Discriminator) -> FeatureSource:
        D = D.to(device)
        freeze_on(D, training.images)
        return FeatureSource(name, lambda images, path: discriminator_features(D, images, out=path))

    yield of_network("released", released.discriminator())
    for index in range(options.random_seeds):
        weights = int(generator(seed, f"{PURPOSE}, random D", index).integers(2**31))
        yield of_network("random", released.random_discriminator(weights))
    yield FeatureSource("pixels", lambda images, path: pixel_features(images))


def _fit(row: FeatureSource, training: Training, options: Options, out: Path) -> FittedOnCifar10:
    """Choose C on held-out images, refit on all training images (refit: paper silent)."""
    svm = L2SVC(tol=options.tol, device=chosen_device(options.device).type)
    with tempfile.TemporaryDirectory(dir=out, prefix=".features-") as scratch:
        X = row.extract(training.images, Path(scratch) / "training.npy")
        choice, final = chosen_and_refitted(
            svm,
            X,
            training.labels,
            held_out=training.held_out,
            grid=options.grid,
            extensions=options.extensions,
        )
    return FittedOnCifar10(row, choice, final)


def _on_test(
    inputs: Inputs, fitted: list[FittedOnCifar10], training: Training, out: Path
) -> np.ndarray:
    """Open the test set, here and nowhere else: rights (rows, T) bool."""
    store = inputs.dataset("cifar10.test")
    y = store.label("class")
    require_known_classes(y, training.labels, where=str(store.folder))
    right = []
    for one in fitted:
        with tempfile.TemporaryDirectory(dir=out, prefix=".features-") as scratch:
            X = one.row.extract(store.images, Path(scratch) / "test.npy")
            right.append(one.svm.predict(X) == y)
    return np.stack(right)


def _of_row(
    name: str,
    released: Released,
    fitted: list[FittedOnCifar10],
    right: np.ndarray,
    training: Training,
    *,
    seed: int,
) -> list[Measurement]:
    """Test accuracy, held-out accuracy and C of a row; of several networks their mean."""
    choices = [one.choice for one in fitted if one.row.name == name]
    networks = f", mean of {len(choices)} networks" if len(choices) > 1 else ""
    what = ROWS[name] + (f", {layers_words(released)}" if name == "released" else "")
    accuracy = mean_over(
        number_name("cifar10", "accuracy", name, released.complete_layers),
        100 * _rights(name, fitted, right),
        seed=seed,
        purpose=f"{PURPOSE}, accuracy, {name}",
        over=f"test images{networks}",
        by="bootstrap",
        unit="%",
        protocol=f"L2-SVM on {what}; C chosen on {training.held_out} held-out training images, "
        f"then refitted on all {len(training.images)}; test images once",
    )
    held_out = single_number(
        number_name("cifar10", "validation_accuracy", name, released.complete_layers),
        100 * float(np.mean([one.accuracy for one in choices])),
        n=training.held_out,
        why="it chose C, so it flatters",
        unit="%",
        protocol="on held-out training images",
    )
    return [accuracy, held_out, chosen_c("cifar10", name, choices, released)]


def _difference(
    other: str, released: Released, fitted: list[FittedOnCifar10], right: np.ndarray, *, seed: int
) -> Measurement:
    return mean_over(
        f"cifar10_released_minus_{other}",
        100 * (_rights("released", fitted, right) - _rights(other, fitted, right)),
        seed=seed,
        purpose=f"{PURPOSE}, released minus {other}",
        over="test images (both rows on the same images)",
        by="paired bootstrap",
        unit="percentage points",
        protocol=f"accuracy on {ROWS['released']} ({layers_words(released)}) minus accuracy on "
        f"{ROWS[other]}",
    )


def _rights(name: str, fitted: list[FittedOnCifar10], right: np.ndarray) -> np.ndarray:
    """Share of the row's networks that label each test image rightly, (T,)."""
    return right[[one.row.name == name for one in fitted]].mean(axis=0)
