"""The rows of Table 2 that are features and a linear SVM, by the authors' protocol.

Part of measure.py; the protocol is repro.classification.few_labels. C is chosen on validation
images; the test images come to `FittedFeatureRow.tested` when all rows have chosen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from experiments.svhn_svm.data import PURPOSE, Split
from experiments.svhn_svm.options import Options
from repro.classification.discriminator_features import (
    discriminator_features,
    freeze_on,
    pixel_features,
)
from repro.classification.few_labels import Extract, FewLabels, choose_on_images, right_on_images
from repro.classification.svm import L2SVC
from repro.devices import chosen_device
from repro.networks.dcgan import Discriminator
from repro.networks.model_folder import ModelFolder
from repro.rng import generator


@dataclass(frozen=True)
class FeatureRow:
    """How features are made of images, and for how many draws of labels the row is tested.

    Rows of one name differ in the random weights of the network.
    """

    name: str
    extract: Extract
    draws: int


@dataclass(frozen=True)
class FittedFeatureRow:
    """A row with its C chosen and its machines fitted; tested: right (draws, T) bool as well."""

    row: FeatureRow
    few: FewLabels
    right: np.ndarray | None = None

    @property
    def features(self) -> int:
        """Dimensions given to the SVM."""
        return self.few.svms[0].coef_.shape[1]

    def tested(self, test: Split, scratch: Path) -> "FittedFeatureRow":
        """With every machine's rights on the test images."""
        right = right_on_images(self.few, self.row.extract, test, scratch=scratch)
        return replace(self, right=right)


def feature_rows(
    model: ModelFolder, training: Split, options: Options, seed: int
) -> Iterator[FeatureRow]:
    """Features of D, of D with random weights, and pixels."""
    yield _of_network("dcgan", model.discriminator(), options.draws, training, options)
    for index in range(options.random_seeds):
        weights = int(generator(seed, f"{PURPOSE}, random D", index).integers(2**31))
        D = model.random_discriminator(weights)
        yield _of_network("random", D, options.random_draws, training, options)
    yield FeatureRow("pixels", lambda images, path: pixel_features(images), options.random_draws)


def _of_network(
    name: str, D: Discriminator, draws: int, training: Split, options: Options
) -> FeatureRow:
    D = D.to(chosen_device(options.device))
    freeze_on(D, training.images[: options.statistics_images])
    return FeatureRow(name, lambda images, path: discriminator_features(D, images, out=path), draws)


def fit_row(
    row: FeatureRow, training: Split, validation: Split, options: Options, seed: int, scratch: Path
) -> FittedFeatureRow:
    """C by the validation images, then a machine for each draw that will be tested."""
    few = choose_on_images(
        L2SVC(tol=options.tol, device=chosen_device(options.device).type),
        row.extract,
        training,
        validation,
        scratch=scratch,
        per_class=options.per_class,
        grid=options.grid,
        extensions=options.extensions,
        selection_draws=options.selection_draws,
        draws=row.draws,
        seed=seed,
        purpose=PURPOSE,
    )
    return FittedFeatureRow(row, few)
