"""Convolutions of G and D, layer by layer and direction by direction, next to PyTorch's own.

A case is one direction of one layer: `gather` (a convolution), `spread` (a transposed one) or
`weights` (the weight gradient). ours is the method that repro.networks.patch_products chooses on
this processor, reference the other one: PyTorch's where ours uses patches, patches where ours is
PyTorch's. share_of_product is ours over a large matrix product in the same rounds. The results show
what limits a training in float32, and whether the choices hold on another processor.

Runs alone: python -m repro bench layers [--preset paper_64] [--threads 1]
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from repro.bench.alternation import alternate
from repro.bench.train import large_product, preset_network
from repro.command_line import at_least_one
from repro.devices import keep_freed_memory
from repro.networks.build import build_discriminator, build_generator
from repro.networks.patch_products import NONE, Layer, Routes, patches_pay, routes

CPU = torch.device("cpu")
GFLOP = 20  # of a direction in one run, in full passes, so that a run takes a tenth of a second


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", default="pytorch_tutorial", help="network of config/presets")
    parser.add_argument("--batch", type=at_least_one, default=64, help="images per minibatch")


@torch.no_grad()
def run(given: argparse.Namespace) -> dict[str, Any]:
    """One case per layer and direction, in GFLOP/s."""
    torch.set_num_threads(given.threads)
    keep_freed_memory()
    ways: dict[str, Callable[[], int]] = {"product": large_product("float32", device=CPU)}
    chosen: dict[str, bool] = {}
    for name, layer, fine, coarse, weight in _layers(given.preset, given.batch):
        own = routes(weight, layer.stride) if patches_pay(fine) else NONE
        for direction in ("gather", "spread", "weights"):
            case = f"{name}, {direction}"
            chosen[case] = getattr(own, direction)
            gflop = 2e-9 * weight.numel() * len(coarse) * coarse.shape[2] ** 2
            for patches in (False, True):
                way = replace(layer, chosen=Routes(*[patches] * 3))
                work = _direction(way, direction, fine, coarse, weight)
                ways[f"{case}, {'patches' if patches else 'pytorch'}"] = _repeated(work, gflop)
    rates = alternate(ways, repeats=given.repeats)
    cases = []
    for case, patches in chosen.items():
        both = {way: rates[f"{case}, {way}"].rate for way in ("patches", "pytorch")}
        ours, other = ("patches", "pytorch") if patches else ("pytorch", "patches")
        cases.append(
            {
                "case": case,
                "way": ours,
                "ours": both[ours],
                "reference": both[other],
                "ratio": round(both[ours] / both[other], 3),
                "unit": "GFLOP/s",
                "share_of_product": round(both[ours] / rates["product"].rate, 3),
            }
        )
    return {"device": "cpu", "preset": given.preset, "batch": given.batch, "cases": cases}


def _layers(preset: str, batch: int) -> list[tuple[str, Layer, Tensor, Tensor, Tensor]]:
    """(name, layer, fine maps, coarse maps, weight) of all convolutions of a preset's networks."""
    spec = preset_network(preset)
    found = []
    for name, network in (
        ("G", build_generator(spec, seed=0)),
        ("D", build_discriminator(spec, seed=0)),
    ):
        modules = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
        side = spec.base_size if name == "G" else spec.image_size
        for number, module in enumerate(modules, 1):
            stride = module.stride[0]
            into = side * stride if name == "G" else side // stride
            fine, coarse = (into, side) if name == "G" else (side, into)
            weight = module.weight.detach()
            layer = Layer(stride, int(module.padding[0]), fine, NONE)
            pair = _maps(batch, weight.shape[1], fine), _maps(batch, weight.shape[0], coarse)
            found.append((f"{name}{number}", layer, *pair, weight))
            side = into
    return found


def _maps(images: int, count: int, side: int) -> Tensor:
    return torch.rand(images, count, side, side).contiguous(memory_format=torch.channels_last)


def _direction(
    layer: Layer, direction: str, fine: Tensor, coarse: Tensor, weight: Tensor
) -> Callable[[], object]:
    return {
        "gather": lambda: layer.gathered(fine, weight),
        "spread": lambda: layer.spread(coarse, weight),
        "weights": lambda: layer.by_weights(fine, coarse, weight),
    }[direction]


def _repeated(work: Callable[[], object], gflop: float) -> Callable[[], int]:
    """A way for `alternate`: passes that total some GFLOP."""
    passes = max(1, round(GFLOP / gflop))
    work()

    def way() -> int:
        for _ in range(passes):
            work()
        return max(1, round(passes * gflop))

    return way
