"""Guess how long each training of a run takes, from its spec alone, before anything is measured.

Also whether a run is small enough for the rough times that other steps have in the demo.

Where in the flow: repro.watch.snakemake_log gives these numbers to the steps of a run that has no
plan.json; repro.watch.remaining corrects them by the speed of the first trainings. `python -m repro
plan` counts exactly and measures the machine, but loads PyTorch, which would delay every start.

Alone: `rough_trainings(run, training_images(run))` of `run = load_run("config/demo.yaml")`.
"""

import math
from collections.abc import Mapping
from itertools import pairwise

from repro.runs.image_counts import Count, expected_images
from repro.runs.run import Run
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec

PRODUCTS_A_SECOND = 22e9  # one core in float32, networks of 16 to 32 maps
A_MINIBATCH = 0.01  # seconds besides the products
BEGINNING_AND_END = 8.0  # seconds: imports, statistics, pictures, curves
SMALL = 10_000  # images of the largest training set of config/demo.yaml, rounded up
# forward passes of (G, D) that an average minibatch is worth (repro.plan.counts)
PASSES = {"one_of_each": (3.0, 8.0), "alternating": (2.0, 4.0)}


def training_images(run: Run) -> dict[str, Count | None]:
    """Images of every dataset on which a model is trained; where raw, its files are counted."""
    return {name: expected_images(run, name) for name in {m.data for m in run.trained.values()}}


def rough_trainings(run: Run, counts: Mapping[str, Count | None]) -> dict[str, float]:
    """Seconds by "train NAME"; without the models whose number of images is unknown.

    counts: from `training_images`.
    """
    return {
        f"train {name}": _seconds(model, count.images)
        for name, model in run.trained.items()
        if (count := counts[model.data]) is not None and count.images
    }


def is_small(counts: Mapping[str, Count | None]) -> bool:
    """Whether every model is trained on a known number of images, no more than in the demo."""
    return bool(counts) and all(one is not None and one.images <= SMALL for one in counts.values())


def _seconds(model: ModelSpec, images: int) -> float:
    training = model.training
    minibatches = training.epochs * images / training.batch
    products = training.batch * rough_products(model)
    each = A_MINIBATCH + products / PRODUCTS_A_SECOND
    return BEGINNING_AND_END + minibatches * each


def rough_products(model: ModelSpec) -> float:
    """Multiplications per image of an average minibatch, within a factor of about two."""
    of_g, of_d = PASSES[model.training.schedule]
    network = model.network
    if network.kind == "fully_connected":
        pixels = network.channels * network.image_size**2
        units_g = (network.z_dim, *network.generator_units, pixels)
        units_d = (pixels, *network.discriminator_units, 1)
        return of_g * _dense(units_g) + of_d * _dense(units_d)
    return of_g * _stack(network, network.ngf) + of_d * _stack(network, network.ndf)


def _dense(units: tuple[int, ...]) -> float:
    return sum(a * b for a, b in pairwise(units))


def _stack(network: NetworkSpec, maps: int) -> float:
    """All convolutions of G or D: maps double where sides halve, so their layers cost the same."""
    stages = math.log2(network.image_size / network.base_size)
    inner = network.kernel**2 * maps**2 * network.image_size**2 / 8
    image = network.kernel**2 * maps * network.channels * network.image_size**2 / 4
    if network.layers == "paired":  # each has one more layer, of stride 1 and thus larger
        return 7 * (stages - 1) * inner + 4 * image
    return (stages - 1) * inner + image
