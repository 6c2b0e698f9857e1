"""Table 1's chain with the released ImageNet discriminator: CIFAR-10 by a linear SVM (paper §5.1).

Part of measure.py. Rows, splits, fits and tests are those of experiments/cifar10_svm, so that equal
rows give equal numbers: features of the released D's complete layers and of the same layers with
random weights, each as they are and standardised, one-layer K-means features, which are
standardised (as their authors do), and raw pixels. Alone:
`check(released, inputs, Options(), 42, scratch)`.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from experiments.cifar10_svm.fitting import finished_row, fit_row, hits_on_test
from experiments.cifar10_svm.options import ALL
from experiments.cifar10_svm.rows import (
    HELD_OUT,
    NetworkFeatures,
    Table1Row,
    kmeans_row,
    pixel_row,
)
from experiments.contract import Inputs
from experiments.verify_authors.options import Options
from experiments.verify_authors.results import ON_CIFAR10, WHAT, Outcome, cifar10_numbers
from repro.classification.choose_c import with_held_out
from repro.classification.shared_features import shared_features
from repro.classification.svm import L2SVC
from repro.devices import chosen_device
from repro.released.networks import Released
from repro.rng import weights_seed

SLOTS = ("cifar10.data", "cifar10.test")


def check(
    released: Released, inputs: Inputs, options: Options, seed: int, scratch: Path
) -> Outcome:
    """Accuracies of all rows on the test images of CIFAR-10.

    C is chosen on held-out training images, the SVM refitted on all of them. Raises SpecError for
    test images of classes that were not in training.
    """
    device = chosen_device(options.device)
    training = with_held_out(
        inputs.dataset("cifar10.data"),
        most=options.validation,
        share=options.validation_share,
        seed=seed,
        purpose=HELD_OUT,
    )
    rows = [*_rows(released, training.images, options, device=device, seed=seed)]
    svm = L2SVC(tol=options.tol, device=device.type)
    with shared_features(training.images, scratch) as shared:
        fit = partial(
            fit_row,
            training=training,
            few=[],
            features=shared,
            svm=svm,
            grid=options.grid,
            extensions=options.extensions,
        )
        finished = inputs.finished_parts()
        fitted = [finished_row(row, fit, finished) for row in rows]
    test = inputs.dataset("cifar10.test")  # opened here, after all choices
    hits = hits_on_test(rows, fitted, training, test, scratch=scratch)

    places = {name: [i for i, row in enumerate(rows) if row.name == name] for name in WHAT}
    numbers = cifar10_numbers(
        {name: np.concatenate([hits[i] for i in of_row]) for name, of_row in places.items()},
        {name: [fitted[i].choice(ALL) for i in of_row] for name, of_row in places.items()},
        released,
        training_images=len(training.images),
        held_out=training.held_out,
        seed=seed,
    )
    described = {
        "training_images": len(training.images),
        "held_out": training.held_out,
        "test_images": len(test),
        "features": {
            row.name: machines.coef.shape[2] for row, machines in zip(rows, fitted, strict=True)
        },
    }
    return Outcome(numbers, described)


def _rows(
    released: Released, images: np.ndarray, options: Options, *, device: torch.device, seed: int
) -> Iterator[Table1Row]:
    """All rows, those of equal features next to each other, the standardised one last."""
    networks = NetworkFeatures(
        images[: options.statistics_images], keep_trained=False, device=device
    )
    yield from _both(networks.row("released", released.discriminator()))
    for index in range(options.random_seeds):
        D = released.random_discriminator(weights_seed(seed, f"{ON_CIFAR10}, random D", index))
        yield from _both(networks.row("random", D, number=index + 1))
    yield pixel_row(images)
    yield kmeans_row(
        images, centroids=options.centroids, patches=options.patches, seed=seed, device=device
    )


def _both(row: Table1Row) -> Iterator[Table1Row]:
    """The row of a network, and the same with standardised features."""
    yield row
    yield replace(row, name=f"{row.name}_standardised", scaled=True)
