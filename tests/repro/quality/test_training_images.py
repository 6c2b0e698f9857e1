"""Nearest training images against a comparison of every pair."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from repro.data.store import ImageStore
from repro.networks.build import build_discriminator
from repro.networks.discriminator_inputs import freeze_on
from repro.quality import training_images
from repro.quality.kernel_distance import convolution_features
from repro.quality.training_images import nearest_training_images, scaled_features
from repro.specs.network import NetworkSpec


@pytest.mark.parametrize("mirrored", [False, True])
def test_nearest_are_those_of_all_pairs_on_both_sides(
    make_dataset: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, mirrored: bool
) -> None:
    source = np.random.default_rng(3)
    images = source.integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
    images[4] = images[2][:, ::-1]  # one training image is another one mirrored
    rows = np.arange(0, 30, 2)  # the others were not trained on
    queries = np.concatenate(
        [images[[2, 4, 7]], source.integers(0, 256, (9, 8, 8, 3), dtype=np.uint8)]
    )
    own = np.full(len(queries), -1)
    own[:2] = [1, 2]  # places of images 2 and 4 among the rows
    monkeypatch.setattr(training_images, "BLOCK", 4)
    found = nearest_training_images(
        queries,
        ImageStore.open(make_dataset(images)),
        rows,
        describe=lambda x: x.reshape(len(x), -1),
        mirrored=mirrored,
        k=3,
        exclude=own,
    )
    known = images[rows].astype(float)
    sides = [known, known[:, :, ::-1]] if mirrored else [known]
    for number, query in enumerate(queries):
        apart = np.concatenate(
            [np.sqrt(np.square(side - query).sum(axis=(1, 2, 3))) for side in sides]
        )
        if own[number] >= 0:
            apart[own[number] :: len(rows)] = np.inf
        order = np.argsort(apart, kind="stable")[:3]
        np.testing.assert_allclose(found.distances[number], apart[order])
        np.testing.assert_array_equal(found.places[number], order % len(rows))
        np.testing.assert_array_equal(found.mirrored[number], order >= len(rows))
    assert (found.distances[0, 0] == 0) == mirrored  # image 4, mirrored, is image 2
    assert found.mirrored[0, 0] == mirrored


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
