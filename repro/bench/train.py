"""Training, images per second: the library's step next to the plain loop of common DCGAN ports.

The plain loop is written as in such ports: nn.Sequential networks in the default memory format,
float32, BCELoss on a sigmoid, PyTorch's default Adam, D's weight gradients computed in G's step,
`.item()` on every loss. Both sides see the same pixels, batch by batch, and train D, then G on the
same generated images. Each side runs in its own process, as in practice: memory left in the
allocator by one must not help the other. On a GPU both have float32 in full, not TF32, and
deterministic convolutions (`repro.devices.use`). PyTorch's flop counter counts FLOPs on the
library's own step; the large matrix product with which they are compared is timed in the same
rounds.

Runs alone: python -m repro bench train [--device cuda] [--presets paper_64] [--batch 128]
"""

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from repro.bench.alternation import alternate
from repro.bench.plain_loop import PlainLoop
from repro.command_line import add_device, at_least_one
from repro.data.noise import noise_dataset
from repro.data.store import ImageStore
from repro.devices import (
    chosen_device,
    describe_device,
    keep_freed_memory,
    resolve_precision,
    use,
    wait_for,
)
from repro.places import PRESETS
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.presets import PresetSpec
from repro.specs.training import TrainingSpec
from repro.specs.validation import SpecError, read_yaml, validated
from repro.train.minibatches import Images
from repro.train.trainer import Trainer

RECORDED = "bfloat16, recorded"  # on a GPU: the step as a CUDA graph
WARM_UP = 4  # untimed steps of each way; a CUDA graph is recorded at the fourth
SIDES = {"cpu": 2048, "gpu": 8192}  # of the large square matrix product


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_device(parser)
    parser.add_argument(
        "--presets",
        nargs="+",
        default=["pytorch_tutorial", "paper_64", "imagenet32"],
        metavar="PRESET",
        help="networks of config/presets",
    )
    parser.add_argument("--batch", type=at_least_one, default=64, help="images per minibatch")
    parser.add_argument("--steps", type=at_least_one, default=3, help="minibatches a run")
    parser.add_argument(
        "--images", type=at_least_one, default=2048, help="random images trained on"
    )


def run(given: argparse.Namespace) -> dict[str, Any]:
    """One case per preset and precision: ours, the plain loop (float32), TFLOP/s and shares.

    bfloat16 is left out where the device would emulate it, slower than float32. Raises
    SpecError for a preset whose networks the plain loop does not have.
    """
    device = chosen_device(given.device)
    for preset in given.presets:
        if preset_network(preset).kind != "convolutional":
            raise SpecError(
                f"--presets {preset}: its networks take labels or have no convolutions, and the "
                "plain loop has neither; expected presets with kind convolutional, such as paper_64"
            )
    cases = [case for preset in given.presets for case in _cases(preset, given, device)]
    return {"device": describe_device(device), "batch": given.batch, "cases": cases}


def _cases(preset: str, given: argparse.Namespace, device: torch.device) -> list[dict[str, Any]]:
    precisions = list(dict.fromkeys(("float32", resolve_precision("auto", device))))
    recorded = device.type == "cuda" and "bfloat16" in precisions
    ours = [*precisions, *([RECORDED] if recorded else [])]
    names = ["plain", *ours, *(f"product {name}" for name in precisions)]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        noise_dataset(data, preset_network(preset), count=given.images)
        apart = {name: WayInOwnProcess(name, preset, given, data, device) for name in names}
        rates = alternate(apart, repeats=given.repeats)
        for one in apart.values():
            one.close()
    flop = apart["float32"].flop
    cases = []
    for name in ours:
        product = rates[f"product {name.split(',')[0]}"].rate / 1e3  # GFLOP/s -> TFLOP/s
        speed = rates[name].rate * flop / given.batch / 1e12
        cases.append(
            {
                "case": f"{preset}, {name}",
                "ours": rates[name].rate,
                "reference": rates["plain"].rate,
                "ratio": round(rates[name].rate / rates["plain"].rate, 3),
                "unit": "images/s",
                "n": given.steps * given.batch,
                "gflop_per_image": round(flop / given.batch / 1e9, 3),
                "tflop_per_s": round(speed, 4),
                "product_tflop_per_s": round(product, 4),
                "share_of_product": round(speed / product, 3),
            }
        )
    return cases


class WayInOwnProcess:
    """A way for `alternate` in its own process, which waits between its runs."""

    def __init__(
        self,
        name: str,
        preset: str,
        given: argparse.Namespace,
        data: Path,
        device: torch.device,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(theirs, name, preset, given, data, device)
        )
        self.process.start()
        theirs.close()
        self.flop: float = self.connection.recv()  # of a step of ours, else 0; arrives when ready

    def __call__(self) -> int:
        self.connection.send(True)
        return self.connection.recv()

    def close(self) -> None:
        self.connection.send(False)
        self.process.join()


def _serve(
    connection: Connection,
    name: str,
    preset: str,
    given: argparse.Namespace,
    data: Path,
    device: torch.device,
) -> None:
    """Create the way called `name`, then run it at each request."""
    torch.set_num_threads(given.threads)
    use(device)  # the parent's, whose lock it holds
    flop = 0.0
    if name.startswith("product"):
        way = large_product(name.removeprefix("product "), device=device)
    else:
        store = ImageStore.open(data)
        network = preset_network(preset)
        images = Images(store, np.arange(len(store)), device)
        if name == "plain":
            step = PlainLoop(network, images, batch=given.batch, device=device).step
        else:
            keep_freed_memory()  # as repro.train does
            trainer = _trainer(network, images, name=name, batch=given.batch, device=device)
            flop = _flop_of_a_step(trainer)
            step = trainer.step
        way = _timed(step, steps=given.steps, batch=given.batch, device=device)
    connection.send(flop)
    while connection.recv():
        connection.send(way())


def preset_network(preset: str) -> NetworkSpec:
    """The network of a preset."""
    path = PRESETS / f"{preset}.yaml"
    return validated(PresetSpec, read_yaml(path), where=str(path)).network


def _trainer(
    network: NetworkSpec, images: Images, *, name: str, batch: int, device: torch.device
) -> Trainer:
    """The library's own step, by one of the names float32, bfloat16 and RECORDED."""
    training = TrainingSpec.model_validate(
        {
            "batch": batch,
            "schedule": "one_of_each",
            "l2": 0.0,
            "precision": name.split(",")[0],
            "epochs": 1e6,
        }
    )
    spec = ModelSpec(data="bench", network=network, training=training)
    recorded = name == RECORDED
    return Trainer(spec=spec, images=images, seed=0, device=device, cuda_graphs=recorded)


def _flop_of_a_step(trainer: Trainer) -> float:
    """Floating-point operations of one minibatch: D's and G's update, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        trainer.step(0)
    return float(counter.get_total_flops())


def _timed(
    step: Callable[[int], None], *, steps: int, batch: int, device: torch.device
) -> Callable[[], int]:
    """A way for `alternate`: `steps` minibatches; each run continues where the last one ended."""
    done = 1
    for _ in range(WARM_UP):
        step(done)
        done += 1

    def way() -> int:
        nonlocal done
        for _ in range(steps):
            step(done)
            done += 1
        wait_for(device)
        return steps * batch

    return way


def large_product(precision: str, *, device: torch.device) -> Callable[[], int]:
    """A way for `alternate`: one square matrix product; its units are GFLOP."""
    side = SIDES["cpu" if device.type == "cpu" else "gpu"]
    kind = torch.float32 if precision == "float32" else torch.bfloat16
    a = torch.ones(side, side, dtype=kind, device=device)

    def way() -> int:
        for _ in range(4):
            a @ a
        wait_for(device)
        return round(4 * 2 * side**3 / 1e9)

    way()
    return way
