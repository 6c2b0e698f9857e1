"""Ablations: one recipe, and the same with one setting changed, each trained from several seeds.

Reads all these models and their images. Writes the kernel distance of each model's samples to
held-out real images, their diversity, what its discriminator knows of windows, how its samples move
late in training, and the effect of each change, paired by seed. Where a run has them, the same at a
smaller image size, and the MNIST networks with and without gain and bias. Alone:
python -m experiments.ablations.measure --spec S.json --input ablated.ablations.1=DIR
    --input ablated.ablations.2=DIR ... --input ablated.data=DIR
    --input ablated.validation=DIR --out DIR
"""

from pathlib import Path

import numpy as np

from experiments.ablations.changes import Change, changes_among
from experiments.ablations.digits import gain_and_bias
from experiments.ablations.judging import UNTRAINED_NETWORKS, Judge, WindowRooms
from experiments.ablations.options import Options
from experiments.ablations.results import (
    ComparedChange,
    all_numbers,
    figure_arrays,
    quantity_numbers,
    resolution_numbers,
    swinging_numbers,
    training_images_distance,
    untrained_accuracy,
)
from experiments.ablations.snapshots import movement
from experiments.contract import Inputs, measure_command
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.data.store import ImageStore
from repro.networks.model_folder import draw
from repro.quality.feature_spaces import untrained_networks
from repro.rng import shuffled


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Judge every training, then state the effect of each change."""
    changes = changes_among(inputs.models("ablated.ablations"))
    held_out, trained_on = _images(inputs, "ablated", options.real, seed)
    recipe = changes[0].models[0]
    judge = Judge(recipe, held_out, trained_on, seed=seed)
    rooms = None
    if recipe.spec.network.channels == 3:  # synthetic rooms have colours
        drawn = WindowRooms.drawn(options.rooms, size=held_out.shape[1], seed=seed)
        rooms = drawn if drawn.usable else None
    compared = [_compared(change, judge, rooms, options, seed) for change in changes]
    real, _ = judge.distance(trained_on)
    save_arrays(out / "arrays.npz", **figure_arrays(compared, real, held_out[: options.shown]))
    made = [training_images_distance(real)]
    if rooms is not None:
        untrained = untrained_networks(recipe, trained_on, seed=seed, purpose=UNTRAINED_NETWORKS)
        made.append(untrained_accuracy(np.array([rooms.accuracy(D) for D in untrained])))
    made += [*all_numbers(compared), *swinging_numbers(compared[0])]
    if inputs.has("ablated_small.ablations.1"):
        made += _at_a_smaller_size(inputs, compared, options, seed)
    if inputs.has("mnist.ablations.1"):
        made += gain_and_bias(
            inputs.models("mnist.ablations"),
            inputs.dataset("mnist.validation"),
            samples=options.digits,
            seed=seed,
        )
    return made


def _images(inputs: Inputs, role: str, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """At most `count` held-out images of a role, and as many that it trains on, uint8."""
    held_out = _some(inputs.dataset(f"{role}.validation"), count, seed, "held out")
    return held_out, _some(inputs.dataset(f"{role}.data"), len(held_out), seed, "training images")


def _some(store: ImageStore, count: int, seed: int, kind: str) -> np.ndarray:
    """At most `count` images of a dataset in random order, (n, H, W, C) uint8."""
    rows = shuffled(len(store), seed=seed, purpose=f"ablations, {kind}")[:count]
    return store.images[rows]


def _compared(
    change: Change, judge: Judge, rooms: WindowRooms | None, options: Options, seed: int
) -> ComparedChange:
    """Everything that is measured of the trainings of a change."""
    samples = _samples(change, options.samples, seed)
    distances, without = _distances(judge, samples)
    values = {
        "distance": distances,
        "diversity": np.array([judge.diversity(own) for own in samples]),
    }
    if rooms is not None:
        known = [rooms.accuracy(model.discriminator()) for model in change.models]
        values["features"] = np.array(known)
    found = [movement(model, count=options.moved, seed=seed) for model in change.models]
    moved = [one for one in found if one is not None]
    if len(moved) == len(change.models):
        values["restlessness"] = np.array([one.restlessness for one in moved])
        values["swinging_earlier"] = np.array([one.swinging[0] for one in moved])
        values["swinging_later"] = np.array([one.swinging[1] for one in moved])
    return ComparedChange(change, values, samples[0][: options.shown], without)


def _distances(judge: Judge, samples: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Distances of R trainings' samples (R,), and without each untrained network (R, W)."""
    together, without = zip(*map(judge.distance, samples), strict=True)
    return np.array(together), np.stack(without)


def _samples(change: Change, count: int, seed: int) -> list[np.ndarray]:
    """Samples of each training, (count, H, W, C) uint8; same z for the same distribution."""
    purpose = "ablations, samples"
    return [
        draw(model.generator(), model.latents(count, seed=seed, purpose=purpose))
        for model in change.models
    ]


def _at_a_smaller_size(
    inputs: Inputs, large: list[ComparedChange], options: Options, seed: int
) -> list[Measurement]:
    """Distances at the smaller image size, and how much a change made at both does at each."""
    changes = changes_among(inputs.models("ablated_small.ablations"))
    held_out, trained_on = _images(inputs, "ablated_small", options.real, seed)
    recipe = changes[0].models[0]
    judge = Judge(recipe, held_out, trained_on, seed=seed)
    small = []
    for change in changes:
        samples = _samples(change, options.samples, seed)
        distances, without = _distances(judge, samples)
        small.append(ComparedChange(change, {"distance": distances}, samples[0][:1], without))
    sizes = large[0].shown.shape[1], held_out.shape[1]
    numbers = quantity_numbers(small, "distance", suffix="_small")
    return [*numbers, *resolution_numbers(large, small, sizes)]


if __name__ == "__main__":
    measure_command(measure, Options)
