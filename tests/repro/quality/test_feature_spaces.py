"""Feature spaces against scikit-learn, and untrained ones: several, independent, reproducible."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances
from sklearn.preprocessing import StandardScaler
from untrained_model import write_model

from repro.networks.build import build_discriminator
from repro.networks.discriminator_inputs import freeze_on
from repro.networks.model_folder import ModelFolder
from repro.quality.feature_spaces import (
    NETWORKS,
    described,
    joined,
    scaled_features,
    untrained_spaces,
)
from repro.quality.kernel_distance import convolution_features
from repro.specs.network import NetworkSpec


def test_scaled_features_against_scikit_learn() -> None:
    """Standardised by the training images; a constant feature, which a dead unit gives, is 0."""
    source = np.random.default_rng(4)
    known, others = (source.integers(0, 256, (n, 16, 16, 3), dtype=np.uint8) for n in (40, 5))
    network = build_discriminator(NetworkSpec(image_size=16, ngf=4, ndf=4, z_dim=4), seed=1)
    network = freeze_on(network, known)
    network.layers[0].conv.weight.data[0] = 0
    raw = convolution_features(network, known)
    dead = raw.std(axis=0) <= 1e-8
    assert 0 < dead.sum() < len(dead)
    expected = StandardScaler().fit(raw).transform(convolution_features(network, others))
    expected[:, dead] = 0
    found = scaled_features(network, known)(others)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    of_means = scaled_features(network, known, root_mean_square=True)(others)
    apart = np.linalg.norm(of_means[0] - of_means[1])
    assert apart == pytest.approx(np.sqrt(np.square(found[0] - found[1]).mean()), rel=1e-4)


def test_untrained_spaces_differ_from_each_other_and_not_from_run_to_run(tmp_path: Path) -> None:
    model = ModelFolder.open(write_model(tmp_path / "model"))
    side = model.spec.network.image_size
    images = np.random.default_rng(4).integers(0, 256, (30, side, side, 3), dtype=np.uint8)
    once, again = (untrained_spaces(model, images, seed=7, purpose="test") for _ in range(2))
    first, second = described(images, once), described(images, again)
    assert len(first) == NETWORKS
    for number, own in enumerate(first):
        np.testing.assert_array_equal(own, second[number])
        others = [x for place, x in enumerate(first) if place != number]
        assert all(np.abs(own - x).mean() > 0.1 for x in others)
    # squared distances of the joined spaces are the sum of theirs
    apart = sum(pairwise_distances(own, metric="sqeuclidean") for own in first)
    together = pairwise_distances(joined(once)(images), metric="sqeuclidean")
    np.testing.assert_allclose(together, apart, rtol=1e-4, atol=1e-2)
