"""Nearest training images against a comparison of every pair."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from repro.data.store import ImageStore
from repro.quality import training_images
from repro.quality.training_images import nearest_training_images


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
