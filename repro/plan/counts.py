"""Count the work in a run: images of its datasets, minibatches and products of trainings.

The number of images comes from, in this order: the user (--images NAME=COUNT), a prepared folder's
manifest, the source's own count where the raw data exist, the generator of a world that is still to
be drawn (its `count_for`), the published size that the source knows (its `published`). If none of
them knows, the user must give it; data_prep/README.md has the contract. A minibatch is a number of
passes, each with the multiplications of one forward pass (repro.networks.layers): D's is G forward,
D forward on real and on generated images, and twice that backward (weights, inputs); G's is G and D
forward, D backward for its inputs only, G backward for both.

Used by `python -m repro.plan` and by cost.py of experiments. Alone:
`image_counts(load_run("config/demo.yaml"), {})`, `training_counts(ModelSpec(data="x"), images=9)`.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from repro.networks.layers import discriminator_without_memory, generator_without_memory, layers_of
from repro.runs.image_counts import Count, expected_images
from repro.runs.run import Run
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.validation import SpecError, nearest
from repro.train.minibatches import Schedule
from repro.train.trainer import SHEET_SIDE

# forward passes of (G, D) that a minibatch is worth, by what it trains
PASSES = {"D": (1, 6), "G": (3, 2), "both": (3, 8)}


def image_counts(run: Run, given: Mapping[str, int]) -> dict[str, Count]:
    """Images of every dataset. Raises SpecError for unknown names, and for unknown counts."""
    for name in given:
        if name not in run.spec.datasets:
            raise SpecError(
                f"--images {name}=...: {run.file} has no dataset '{name}'; "
                f"{nearest(name, run.spec.datasets)}"
            )
    found: dict[str, Count] = {}
    unknown = []
    for name in run.spec.datasets:
        count = Count(given[name], "given") if name in given else expected_images(run, name)
        if count is None or count.images < 1:
            unknown.append(name)
        else:
            found[name] = count
    if unknown:
        words = " ".join(f"--images {name}=COUNT" for name in unknown)
        raise SpecError(
            f"{run.file}: how many images these datasets have is unknown, since their raw data "
            f"are missing and their sources have no published number: {', '.join(unknown)}; "
            f"give them: {words} (or the folder of the data: --raw FOLDER)"
        )
    return found


def removed_images(run: Run, dataset: str) -> int | None:
    """Number of images that a finished de-duplication removes; None where it has not been run."""
    path = run.folder / "dedup" / dataset / "summary.json"
    return int(json.loads(path.read_text(encoding="utf-8"))["removed"]) if path.is_file() else None


@dataclass(frozen=True)
class NetworkSize:
    """Multiplications, values and parameters of one network; the first two are per image."""

    products: int
    values: int
    parameters: int


@dataclass(frozen=True)
class TrainingCounts:
    """Work of a training: minibatches, images trained on, and other pictures generated.

    shown: real images, all passes together. extra_g, extra_d: forward passes of one image for the
    sample sheets and the frozen statistics.
    """

    images: int
    minibatches: int
    shown: int
    sheets: int
    extra_g: int
    extra_d: int


def network_sizes(network: NetworkSpec) -> tuple[NetworkSize, NetworkSize]:
    """Sizes of G and of D."""
    layers_of_g = layers_of(generator_without_memory(network))
    layers_of_d = layers_of(discriminator_without_memory(network))
    sizes = []
    for layers in (layers_of_g, layers_of_d):
        values = sum(math.prod(layer.given) for layer in layers)
        parameters = sum(layer.parameters for layer in layers)
        sizes.append(NetworkSize(sum(layer.products for layer in layers), values, parameters))
    return sizes[0], sizes[1]


def products_per_image(model: ModelSpec) -> float:
    """Multiplications per image of a minibatch, averaged over the schedule's minibatches."""
    G, D = network_sizes(model.network)
    kinds = ["both"] if model.training.schedule == "one_of_each" else ["D", "G"]
    return sum(PASSES[k][0] * G.products + PASSES[k][1] * D.products for k in kinds) / len(kinds)


def training_counts(model: ModelSpec, *, images: int) -> TrainingCounts:
    """Minibatches of a whole training, as repro.train.minibatches.Schedule divides the images."""
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
    return TrainingCounts(
        images=images,
        minibatches=schedule.length,
        shown=shown,
        sheets=sheets,
        extra_g=frozen_g * batches * training.batch + 2 * sheet_pictures(model.network),
        extra_d=frozen_d * real_batches * training.batch,
    )


def sheet_pictures(network: NetworkSpec) -> int:
    """Pictures of a sample sheet."""
    return SHEET_SIDE * (network.classes or SHEET_SIDE)


def images_trained(run: Run, name: str, counts: Mapping[str, Count]) -> tuple[int, str]:
    """Images of a training, and a remark on that number."""
    model = run.model(name)
    images = counts[model.data].images
    if not model.deduplicated:
        return images, ""
    removed = removed_images(run, model.data)
    if removed is None:
        return images, ", near-duplicates not subtracted"
    return images - removed, ""
