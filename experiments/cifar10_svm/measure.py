"""Table 1 (paper §5.1): CIFAR-10 by an L2-SVM on features of a D that never saw CIFAR-10.

Reads the discriminator trained on the objects role (the paper: ImageNet-1k), and the training and
test images of cifar10. The same images, splits and draws serve three rows: D's features, those of
the same D with random weights, and raw pixels. Alone:
python -m experiments.cifar10_svm.measure --input objects.model=DIR --input cifar10.data=DIR
    --input cifar10.test=DIR --out DIR
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.base import clone

from experiments.cifar10_svm.options import Options
from experiments.cifar10_svm.results import Result, measurements
from experiments.contract import Inputs, Measurement, measure_command
from repro.devices import chosen_device
from repro.features import (
    discriminator_features,
    feature_scale,
    freeze_on,
    pixel_features,
    standardise,
)
from repro.networks import Discriminator
from repro.random import generator, shuffled
from repro.selection import Choice, balanced_draw, choose_with_all_labels, choose_with_few_labels
from repro.specs import SpecError
from repro.store import save_arrays
from repro.svm import L2SVC

PURPOSE = "cifar10 svm"


@dataclass(frozen=True)
class Training:
    """Training images in random order; the last `held_out` choose C."""

    images: np.ndarray  # (N, H, W, C) uint8
    labels: np.ndarray  # (N,)
    held_out: int


@dataclass(frozen=True)
class Row:
    """A row of the table: how its features are made of images (N, H, W, C) uint8 -> (N, F)."""

    name: str
    extract: Callable[[np.ndarray, Path], np.ndarray]  # the path: where the features may lie
    units: int  # maps of the widest layer, the paper's last column
    scaled: bool = False


@dataclass(frozen=True)
class Fitted:
    """A row after training: all that the test set needs."""

    row: Row
    scale: tuple[np.ndarray, np.ndarray] | None
    choice: Choice
    few_choice: Choice
    svm: L2SVC
    few: list[L2SVC]  # one a draw


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Fit every row on the training images, then open the test set once for all of them."""
    training = _training(inputs, options, seed)
    fitted = [
        _fit(row, training, options, seed, out) for row in _rows(inputs, options, seed, training)
    ]
    results = _on_test(inputs, fitted, training, out)
    arrays: dict[str, np.ndarray] = {
        "per_class": np.array(options.per_class),
        "training_images": np.array(len(training.images)),
    }
    for one in results:
        arrays |= one.arrays()
    save_arrays(out / "arrays.npz", **arrays)
    return measurements(results, per_class=options.per_class, seed=seed)


def _training(inputs: Inputs, options: Options, seed: int) -> Training:
    store = inputs.dataset("cifar10.data")
    order = shuffled(len(store), seed=seed, purpose=f"{PURPOSE}, held-out images")
    held_out = min(options.validation, int(options.validation_share * len(store)))
    if held_out < 1:
        raise SpecError(f"{store.folder}: {len(store)} images are too few to hold any out")
    return Training(store.images[order], store.label("class")[order], held_out)


def _rows(inputs: Inputs, options: Options, seed: int, training: Training) -> Iterator[Row]:
    model = inputs.model("objects.model")
    device = chosen_device(options.device)

    def of_network(name: str, D: Discriminator) -> Row:
        D = D.to(device)
        freeze_on(D, training.images[: options.statistics_images])
        widest = max(p.shape[0] for p in D.layers.parameters() if p.ndim == 4)
        return Row(
            name,
            lambda images, path: discriminator_features(D, images, out=path),
            widest,
            options.standardise,
        )

    yield of_network("dcgan", model.discriminator())
    for index in range(options.random_seeds):
        weights = int(generator(seed, f"{PURPOSE}, random D", index).integers(2**31))
        yield of_network("random", model.random_discriminator(weights))
    yield Row("pixels", lambda images, path: pixel_features(images), training.images.shape[3])


def _fit(row: Row, training: Training, options: Options, seed: int, out: Path) -> Fitted:
    """Choose C on held-out images, refit on all training images (refit: paper silent)."""
    y, held_out = training.labels, training.held_out
    svm = L2SVC(tol=options.tol, device=chosen_device(options.device).type)
    with tempfile.TemporaryDirectory(dir=out, prefix=".features-") as scratch:
        X = row.extract(training.images, Path(scratch) / "training.npy")
        scale = feature_scale(X) if row.scaled else None
        if scale is not None:
            standardise(X, scale)
        choice = choose_with_all_labels(
            svm, X, y, held_out=held_out, grid=options.grid, extensions=options.extensions
        )
        few_choice = choose_with_few_labels(
            svm,
            X,
            y,
            held_out=held_out,
            grid=options.grid,
            extensions=options.extensions,
            draws=_draws(y[:-held_out], options, seed, options.selection_draws, "to choose C"),
        )
        few = [
            clone(svm).set_params(C=few_choice.C).fit(X[rows], y[rows])
            for rows in _draws(y, options, seed, options.draws, "for the table")
        ]
        final = clone(svm).set_params(C=choice.C).fit(X, y)
    return Fitted(row, scale, choice, few_choice, final, few)


def _draws(
    labels: np.ndarray, options: Options, seed: int, count: int, use: str
) -> list[np.ndarray]:
    """The same draws for every row of the table."""
    purpose = f"{PURPOSE}, labels {use}"
    return [
        balanced_draw(labels, options.per_class, seed=seed, purpose=purpose, index=index)
        for index in range(count)
    ]


def _on_test(inputs: Inputs, fitted: list[Fitted], training: Training, out: Path) -> list[Result]:
    """Open the test set, here and nowhere else, with everything chosen."""
    store = inputs.dataset("cifar10.test")
    y = store.label("class")
    unknown = sorted(set(y.tolist()) - set(training.labels.tolist()))
    if unknown:
        raise SpecError(f"{store.folder}: test classes {unknown} do not occur in cifar10.data")
    results = []
    for one in fitted:
        with tempfile.TemporaryDirectory(dir=out, prefix=".features-") as scratch:
            X = one.row.extract(store.images, Path(scratch) / "test.npy")
            if one.scale is not None:
                standardise(X, one.scale)
            results.append(
                Result(
                    name=one.row.name,
                    correct=one.svm.predict(X) == y,
                    few_correct=np.stack([svm.predict(X) == y for svm in one.few]),
                    choice=one.choice,
                    few_choice=one.few_choice,
                    features=X.shape[1],
                    units=one.row.units,
                    held_out=training.held_out,
                )
            )
    return results


if __name__ == "__main__":
    measure_command(measure, Options)
