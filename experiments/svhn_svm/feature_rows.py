"""The rows of Table 2 that consist of features and a linear SVM, by the authors' protocol.

Part of measure.py, which chooses C for each row on the validation images by the protocol of
repro.classification.few_labels; `FittedFeatureRow.tested` gets the test images when all rows have
chosen. Alone: `next(feature_rows(model, ...)).extract(images, path)` gives features (N, F).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from experiments.svhn_svm.data import PURPOSE, Split
from repro.classification.discriminator_features import Extract, frozen_features, pixel_features
from repro.classification.few_labels import (
    FewLabels,
    FewLabelsProtocol,
    choose_on_images,
    hits_on_images,
)
from repro.classification.svm import L2SVC
from repro.networks.model_folder import ModelFolder
from repro.rng import weights_seed


@dataclass(frozen=True)
class FeatureRow:
    """How to extract features from images, and on how many draws of labels to test the row.

    Rows of one name differ in the random weights of the network.
    """

    name: str
    extract: Extract
    draws: int

    def fitted(
        self,
        svm: L2SVC,
        training: Split,
        validation: Split,
        protocol: FewLabelsProtocol,
        *,
        scratch: Path,
    ) -> "FittedFeatureRow":
        """The row with C chosen on the validation images and an SVM fitted on each of its draws."""
        few = choose_on_images(
            svm, self.extract, training, validation, protocol, draws=self.draws, scratch=scratch
        )
        return FittedFeatureRow(self, few)


@dataclass(frozen=True)
class FittedFeatureRow:
    """A row with its C chosen and its SVMs fitted, before the test set is opened."""

    row: FeatureRow
    few: FewLabels

    def tested(self, test: Split, *, scratch: Path) -> "TestedFeatureRow":
        """The row with the hits of its SVMs on the test images."""
        right = hits_on_images(self.few, self.row.extract, test, scratch=scratch)
        return TestedFeatureRow(self.row.name, self.few, right)


@dataclass(frozen=True)
class TestedFeatureRow:
    """A row after its test; right (draws, T) bool."""

    name: str
    few: FewLabels
    right: np.ndarray

    @property
    def features(self) -> int:
        """Dimensions given to the SVM."""
        return self.few.svms[0].coef_.shape[1]


def feature_rows(
    model: ModelFolder,
    *,
    statistics: np.ndarray,
    draws: int,
    control_draws: int,
    random_networks: int,
    device: torch.device,
    seed: int,
) -> Iterator[FeatureRow]:
    """Features of D, and the controls: D with random weights, several times, and raw pixels.

    statistics (N, H, W, C) uint8: images on which batch statistics are frozen; draws,
    control_draws: number of draws of labels on which D's row and the controls are tested.
    """
    yield FeatureRow("dcgan", frozen_features(model.discriminator(), statistics, device), draws)
    for index in range(random_networks):
        weights = weights_seed(seed, f"{PURPOSE}, random D", index)
        D = model.random_discriminator(weights)
        yield FeatureRow("random", frozen_features(D, statistics, device), control_draws)
    yield FeatureRow("pixels", lambda images, path: pixel_features(images), control_draws)
