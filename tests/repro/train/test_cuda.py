"""On a GPU: training to the same bytes twice, recorded steps, images resident; nearest neighbours.

Skipped where PyTorch finds no GPU, but for the refusal of what only a GPU can do.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from repro.data.store import ImageStore
from repro.devices import chosen_device
from repro.quality.neighbours import Nearest
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec
from repro.train.minibatches import Images
from repro.train.trainer import Trainer, TrainingError

NETWORK = NetworkSpec(image_size=16, ngf=8, ndf=8, z_dim=8, norm_eps=1e-5)
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@pytest.fixture
def store(make_dataset: Callable[..., Path]) -> ImageStore:
    source = np.random.default_rng(0)
    return ImageStore.open(make_dataset(source.integers(0, 256, (70, 16, 16, 3), dtype=np.uint8)))


def trained(
    store: ImageStore,
    *,
    steps: int = 24,
    resident: bool = True,
    graphs: bool = False,
    **training: object,
) -> Trainer:
    """24 minibatches: four epochs of five, each with a last one of 6 images, and a part of one."""
    device = chosen_device("cuda")
    values = {"batch": 16, "epochs": 9, "decay_epochs": 3, **training}
    spec = ModelSpec(data="data", network=NETWORK, training=TrainingSpec.model_validate(values))
    images = Images(store, np.arange(len(store)), device)
    assert images.resident is not None
    if not resident:
        images.resident = None
    trainer = Trainer(spec=spec, images=images, seed=1, device=device, cuda_graphs=graphs)
    for t in range(steps):
        trainer.step(t)
    return trainer


def assert_same(a: Trainer, b: Trainer, *, tolerance: float = 0.0) -> None:
    for one, other in ((a.G, b.G), (a.D, b.D)):
        for (name, x), y in zip(one.named_parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(x, y, rtol=0, atol=tolerance, msg=name)


@on_gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_bytes_twice_and_from_the_memory_map(store: ImageStore, precision: str) -> None:
    first = trained(store, precision=precision)
    assert_same(first, trained(store, precision=precision))
    assert_same(first, trained(store, precision=precision, resident=False), tolerance=1e-6)


@on_gpu
@pytest.mark.parametrize("schedule", ["alternating", "one_of_each"])
def test_recorded_steps_are_the_steps(store: ImageStore, schedule: str) -> None:
    plain = trained(store, schedule=schedule)
    recorded = trained(store, schedule=schedule, graphs=True)
    assert all(step.graph is not None for step in recorded.recorded.values())
    assert_same(plain, recorded, tolerance=1e-6)
    line, again = plain.log_line(24), recorded.log_line(24)
    assert line == pytest.approx(again, abs=1e-4)


@on_gpu
def test_recorded_steps_continue_from_a_state(store: ImageStore) -> None:
    whole = trained(store, schedule="one_of_each", graphs=True)
    part = trained(store, schedule="one_of_each", steps=12)
    rest = trained(store, schedule="one_of_each", steps=0, graphs=True)
    rest.load(part.state())
    for t in range(12, 24):
        rest.step(t)
    assert_same(whole, rest, tolerance=1e-6)


def test_recorded_steps_are_refused_without_a_gpu(store: ImageStore) -> None:
    cpu = torch.device("cpu")
    images = Images(store, np.arange(len(store)), cpu)
    spec = ModelSpec(data="data", network=NETWORK, training=TrainingSpec(batch=16))
    with pytest.raises(TrainingError, match="one process on one GPU"):
        Trainer(spec=spec, images=images, seed=1, device=cpu, cuda_graphs=True)


@on_gpu
@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_nearest_neighbours_are_those_of_the_cpu(kind: str) -> None:
    source = np.random.default_rng(2)
    queries, references = (source.integers(0, 256, (n, 60)).astype(kind) for n in (300, 9000))
    found = {}
    for device in ("cpu", "cuda"):
        nearest = Nearest(queries, 3, exclude=np.arange(300), device=device)
        nearest.see(references[:5000])
        nearest.see(references[5000:])
        found[device] = nearest
    np.testing.assert_array_equal(found["cpu"].indices, found["cuda"].indices)
    np.testing.assert_array_equal(found["cpu"].squared, found["cuda"].squared)
