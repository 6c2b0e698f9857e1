"""What a training costs, from its spec and the number of images: steps, seconds, memory, disk.

Arithmetic alone; the rates it is given were measured by repro.plan.training_rate, the numbers of
images come from repro.plan.image_counts, and `python -m repro.plan` puts them into a table. A
minibatch is passes of as many products as one forward pass (repro.networks.layers): D's is G
forward, D forward on real and on generated images, and twice that backward (weights, inputs); G's
is G and D forward, D backward for its inputs alone, G backward for both.

Alone: `training_counts(ModelSpec(data="x"), images=50_000)`.
"""

import math
from dataclasses import dataclass

from repro.networks.layers import discriminator_without_memory, generator_without_memory, layers_of
from repro.specs.network import NetworkSpec
from repro.specs.run_file import ModelSpec
from repro.train.minibatches import Schedule
from repro.train.trainer import SHEET_SIDE

# forward passes of (G, D) that a minibatch is worth, by what it trains
PASSES = {"D": (1, 6), "G": (3, 2), "both": (3, 8)}
VALUE = 4  # bytes of a float32
PROCESS_BYTES = 850e6  # measured: the demo's smallest trainings peak at 814 to 860 MB
KEPT_MAPS = 3  # values a layer keeps for the way back: its result, normalised, activated


@dataclass(frozen=True)
class NetworkSize:
    """Multiplications, values and parameters of one network; the first two of one image."""

    products: int
    values: int
    parameters: int


@dataclass(frozen=True)
class TrainingCounts:
    """How much a training computes: minibatches and images trained on, pictures made beside them.

    shown: real images, all passes together. beside_g, beside_d: forward passes of one image for the
    sample sheets and the frozen statistics.
    """

    images: int
    minibatches: int
    steps_d: int
    steps_g: int
    shown: int
    sheets: int
    beside_g: int
    beside_d: int


@dataclass(frozen=True)
class StepRate:
    """Seconds of a minibatch: `fixed`, whatever its size, and `per_image`; `sheet`: of a sheet."""

    fixed: float
    per_image: float
    sheet: float = 0.0


def network_sizes(network: NetworkSpec) -> tuple[NetworkSize, NetworkSize]:
    """Of G and of D."""
    layers_of_g = layers_of(generator_without_memory(network))
    layers_of_d = layers_of(discriminator_without_memory(network))
    sizes = []
    for layers in (layers_of_g, layers_of_d):
        values = sum(math.prod(layer.given) for layer in layers)
        parameters = sum(layer.parameters for layer in layers)
        sizes.append(NetworkSize(sum(layer.products for layer in layers), values, parameters))
    return sizes[0], sizes[1]


def products_per_image(model: ModelSpec) -> float:
    """Multiplications of one image of a minibatch, the mean over the schedule's minibatches."""
    G, D = network_sizes(model.network)
    kinds = ["both"] if model.training.schedule == "one_of_each" else ["D", "G"]
    return sum(PASSES[k][0] * G.products + PASSES[k][1] * D.products for k in kinds) / len(kinds)


def training_counts(model: ModelSpec, *, images: int) -> TrainingCounts:
    """Of a whole training on so many images, as repro.train.minibatches.Schedule divides them."""
    training = model.training
    schedule = Schedule(images=images, training=training, seed=0)
    passes, rest = divmod(schedule.length, schedule.per_epoch)
    shown = passes * images + sum(len(schedule.rows(t)) for t in range(rest))
    sheets = math.ceil(schedule.length / training.sample_every)
    snapshots = len(schedule.snapshots)
    frozen_g = 2 + snapshots * ("generator" in training.snapshots_of)
    frozen_d = 1 + snapshots * ("discriminator" in training.snapshots_of)
    batches = training.statistics_batches
    real_batches = min(batches, max(1, images // training.batch))
    steps_d, steps_g = schedule.steps()
    return TrainingCounts(
        images=images,
        minibatches=schedule.length,
        steps_d=steps_d,
        steps_g=steps_g,
        shown=shown,
        sheets=sheets,
        beside_g=frozen_g * batches * training.batch + 2 * sheet_pictures(model.network),
        beside_d=frozen_d * real_batches * training.batch,
    )


def sheet_pictures(network: NetworkSpec) -> int:
    """Pictures of a sample sheet."""
    return SHEET_SIDE * (network.classes or SHEET_SIDE)


def training_seconds(model: ModelSpec, counts: TrainingCounts, rate: StepRate) -> float:
    """Seconds of a training at a measured rate; forward passes beside it by their products."""
    G, D = network_sizes(model.network)
    per_product = rate.per_image / products_per_image(model)
    beside = counts.beside_g * G.products + counts.beside_d * D.products
    steps = counts.minibatches * rate.fixed + counts.shown * rate.per_image
    return steps + counts.sheets * rate.sheet + beside * per_product


def training_memory(model: ModelSpec) -> float:
    """Bytes at the peak of a training on a CPU: process, weights, and maps kept for the way back.

    Weights count four times (gradients, two moments of Adam), D's maps twice (real and generated).
    Pages of the images' file, which the system keeps or drops as it likes, are not in it.
    """
    G, D = network_sizes(model.network)
    width = 2 if model.training.precision == "bfloat16" else VALUE
    weights = 4 * VALUE * (G.parameters + D.parameters)
    maps = KEPT_MAPS * width * model.training.batch * (G.values + 2 * D.values)
    return PROCESS_BYTES + weights + maps


def training_disk(model: ModelSpec, counts: TrainingCounts) -> float:
    """Bytes of the model folder's networks and of the two resume states while it trains.

    A state holds weights and two moments of both networks. Sheets and curves are left out.
    """
    G, D = network_sizes(model.network)
    states = 2 * 3 * VALUE * (G.parameters + D.parameters)
    kept_g, kept_d = 2, 1
    snapshots = max(0, model.training.snapshots - 1)
    kept_g += snapshots * ("generator" in model.training.snapshots_of)
    kept_d += snapshots * ("discriminator" in model.training.snapshots_of)
    rows = 8 * counts.images
    return states + VALUE * (kept_g * G.parameters + kept_d * D.parameters) + rows


def dataset_disk(*, images: int, image_size: int, channels: int) -> int:
    """Bytes of the pixels of a prepared dataset; keys and labels add some tens an image."""
    return images * image_size**2 * channels
