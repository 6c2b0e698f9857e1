"""bfloat16 and float32 trainings have the same loss curves, up to the spread over seeds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from repro.data.store import ImageStore
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec
from repro.train.minibatches import Images
from repro.train.trainer import Trainer

NETWORK = NetworkSpec(image_size=16, ngf=8, ndf=8, z_dim=16, norm_eps=1e-5)
SEEDS = range(4)
STEPS, WINDOW = 40, 10
CURVES = ("loss_d", "loss_g", "d_real", "d_fake_before")


@pytest.fixture
def store(make_dataset: Callable[..., Path]) -> ImageStore:
    """Discs of one colour on another: something a network can learn in a few steps."""
    source = np.random.default_rng(0)
    y, x = np.mgrid[:16, :16]
    images = np.empty((256, 16, 16, 3), np.uint8)
    for image in images:
        row, column, radius = source.uniform([5, 5, 3], [11, 11, 6])
        inside = np.hypot(y - row, x - column) < radius
        image[:] = source.integers(0, 256, 3)
        image[inside] = source.integers(0, 256, 3)
    return ImageStore.open(make_dataset(images))


def curves(store: ImageStore, *, seed: int, **training: object) -> np.ndarray:
    """Means over windows of 10 minibatches: (windows, curves)."""
    values = {"batch": 32, "schedule": "one_of_each", **training}
    spec = ModelSpec(data="data", network=NETWORK, training=TrainingSpec.model_validate(values))
    cpu = torch.device("cpu")
    images = Images(store, np.arange(len(store)), cpu)
    trainer = Trainer(spec=spec, images=images, seed=seed, device=cpu)
    rows = []
    for t in range(STEPS):
        trainer.step(t)
        if (t + 1) % WINDOW == 0:
            line = trainer.log_line(t + 1)
            rows.append([line[name] for name in CURVES])
    return np.array(rows)


@pytest.mark.slow
def test_bfloat16_and_float32_agree_within_the_spread_over_seeds(store: ImageStore) -> None:
    full = np.stack([curves(store, seed=s) for s in SEEDS])  # (seeds, windows, curves)
    low = np.stack([curves(store, seed=s, precision="bfloat16") for s in SEEDS])
    faster = np.stack([curves(store, seed=s, learning_rate_d=1e-3) for s in SEEDS])
    spread = full.std(axis=0, ddof=1).mean(axis=0)  # (curves,), over seeds

    def distance(other: np.ndarray) -> np.ndarray:
        """Mean distance of the mean curves, in spreads over seeds: (curves,)."""
        return np.abs(other.mean(axis=0) - full.mean(axis=0)).mean(axis=0) / spread

    assert not np.array_equal(low, full)
    assert (distance(low) < 1).all(), distance(low)
    assert (distance(faster) > 1).any(), distance(faster)  # the measure sees another setting
