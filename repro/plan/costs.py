"""Costs of the steps of a run (seconds, memory and disk), computed from counts and rates.

The cost of a training follows from its spec; that of the library's other steps from the number of
images. An experiment whose cost follows from counts has a `cost.py` next to its measure.py, found
by that name (experiments/README.md has the contract); its formulas use `CostInputs`. For every
other experiment we use the benchmark of an earlier run of the same run file
(results/<run>/benchmarks), else None, which the plan shows as not predicted. Hours of a stage are
those of one otherwise idle device; its disk is its output plus temporary files.

`python -m repro.plan` uses it, between repro.plan.rates and repro.plan.budget. Alone:
`earlier_seconds(load_run("config/demo.yaml"), "measure", "latent_walk")`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from repro.classification.discriminator_features import POOLED
from repro.dedup.options import Options as DedupOptions
from repro.plan.counts import (
    Count,
    TrainingCounts,
    images_trained,
    network_sizes,
    products_per_image,
    training_counts,
)
from repro.plan.rates import Measured, OtherRates, StepRate
from repro.runs.benchmarks import seconds_taken
from repro.runs.extensions import experiment_cost, experiment_options
from repro.runs.run import Run
from repro.specs.model import ModelSpec
from repro.train.trainer import with_precision

HOUR = 3600
FORMULA = "formula"  # origin of predicted seconds
CODE_BYTES = 16 + 8 + 1  # per image: code, number of its group's first, kept or not
VALUE = 4  # bytes of a float32
PROCESS_BYTES = 850e6  # measured: the demo's smallest trainings peak at 814 to 860 MB
KEPT_MAPS = 3  # values that a layer stores for the backward pass: its result, normalised, activated


def training_seconds(model: ModelSpec, counts: TrainingCounts, rate: StepRate) -> float:
    """Seconds of a training at a measured rate; other forward passes count by multiplications."""
    G, D = network_sizes(model.network)
    per_product = rate.per_image / products_per_image(model)
    extra = counts.extra_g * G.products + counts.extra_d * D.products
    steps = counts.minibatches * rate.fixed + counts.shown * rate.per_image
    return steps + counts.sheets * rate.sheet + extra * per_product


def training_memory(model: ModelSpec) -> float:
    """Peak bytes of a training on a CPU: process, weights, and maps for the backward pass.

    Weights count four times (gradients, two moments of Adam), D's maps twice (real and generated).
    Pages of the images' file are not included: the system keeps or drops them as it likes.
    """
    G, D = network_sizes(model.network)
    width = 2 if model.training.precision == "bfloat16" else VALUE
    weights = 4 * VALUE * (G.parameters + D.parameters)
    maps = KEPT_MAPS * width * model.training.batch * (G.values + 2 * D.values)
    return PROCESS_BYTES + weights + maps


def training_disk(model: ModelSpec, counts: TrainingCounts) -> float:
    """Bytes of the model folder's networks, and of the two resume states during training.

    A state holds weights and two moments of both networks. Sheets and curves are not included.
    """
    G, D = network_sizes(model.network)
    states = 2 * 3 * VALUE * (G.parameters + D.parameters)
    kept_g, kept_d = 2, 1
    snapshots = model.training.networks_kept - 1
    kept_g += snapshots * ("generator" in model.training.snapshots_of)
    kept_d += snapshots * ("discriminator" in model.training.snapshots_of)
    rows = 8 * counts.images
    return states + VALUE * (kept_g * G.parameters + kept_d * D.parameters) + rows


def dataset_disk(*, images: int, image_size: int, channels: int) -> int:
    """Bytes of the pixels of a prepared dataset; keys and labels add a few dozen per image."""
    return images * image_size**2 * channels


@dataclass(frozen=True)
class CostInputs:
    """Facts for the formulas: images by dataset, rate by model, seconds per compared number."""

    run: Run
    images: Mapping[str, int]
    rates: Mapping[str, StepRate]
    neighbour: float

    def model(self, name: str) -> ModelSpec:
        return self.run.model(name)

    def drawn(self, model: str) -> float:
        """Seconds of one picture of a model's generator."""
        return network_sizes(self.model(model).network)[0].products * self._product(model)

    def judged(self, model: str) -> float:
        """Seconds of one picture through a model's discriminator."""
        return network_sizes(self.model(model).network)[1].products * self._product(model)

    def _product(self, model: str) -> float:
        return self.rates[model].per_image / products_per_image(self.model(model))

    def options(self, experiment: str) -> Any:
        """The options of an experiment, as set by this run."""
        given = self.run.spec.experiments.get(experiment, {})
        return experiment_options(experiment, given, file=self.run.file)


def experiment_seconds(known: CostInputs, experiment: str) -> tuple[float | None, str]:
    """Seconds on one device, and their origin; None and "not predicted" otherwise.

    A formula for the whole measurement takes precedence over an earlier run, and that over a
    formula for a part.
    """
    cost = experiment_cost(experiment)
    only = getattr(cost, "ONLY", "")
    if cost is not None and not only:
        return cost.seconds(known), FORMULA
    earlier = earlier_seconds(known.run, "measure", experiment)
    if earlier is not None:
        return earlier, "earlier run"
    if cost is not None:
        return cost.seconds(known), f"{FORMULA}, {only}"
    return None, "not predicted"


def left_out(experiment: str, origin: str) -> str:
    """The part of an experiment not included in hours of this origin, as text; "" where none is."""
    cost = experiment_cost(experiment)
    only = getattr(cost, "ONLY", "")
    return str(getattr(cost, "WITHOUT", "")) if only and origin == f"{FORMULA}, {only}" else ""


def peak_bytes(known: CostInputs, experiment: str) -> tuple[float, float]:
    """(disk, memory) that an experiment needs while it works; 0 where it does not specify them."""
    cost = getattr(experiment_cost(experiment), "peak_bytes", None)
    return cost(known) if cost else (0.0, 0.0)


def earlier_seconds(run: Run, rule: str, name: str) -> float | None:
    """Wall-clock seconds of a finished step of an earlier run of this run file, or None."""
    return seconds_taken(run.folder / "benchmarks" / rule / f"{name}.tsv")


def feature_width(model: ModelSpec) -> int:
    """Number of features per image from all layers of a model's D; 0 without such layers."""
    network = model.network
    return POOLED**2 * sum(network.discriminator_widths) if network.kind == "convolutional" else 0


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline. Unpredicted bytes are 0 and unpredicted hours None."""

    kind: str  # draw, prepare, dedup, train, measure
    name: str
    images: int
    minibatches: int
    hours: float | None
    memory: float
    disk: float
    origin: str


def stages_of(
    run: Run,
    counts: Mapping[str, Count],
    trainings: Mapping[str, Measured],
    rates: OtherRates,
    *,
    device: torch.device,
) -> list[Stage]:
    """All steps of a run that take time, in order; figures and the report take only seconds."""
    worlds = [_drawn(run, name) for name in run.spec.worlds]
    data = [_prepared(run, name, counts[name], rates) for name in run.spec.datasets]
    models = [
        _trained(run, name, counts, trainings[name], rates.start, device)
        for name in run.spec.models
    ]
    hashes = _hashed(run, counts, rates)
    return [*worlds, *data, *hashes, *models, *_measured(run, counts, trainings, rates)]


def _drawn(run: Run, name: str) -> Stage:
    seconds = earlier_seconds(run, "draw_world", name)
    hours = None if seconds is None else seconds / HOUR
    return Stage(
        "draw", name, 0, 0, hours, 0, 0, "not predicted" if hours is None else "earlier run"
    )


def _prepared(run: Run, name: str, count: Count, rates: OtherRates) -> Stage:
    spec = run.spec.datasets[name]
    disk = dataset_disk(images=count.images, image_size=spec.image_size, channels=spec.channels)
    copied = "of" in spec.options  # a source that copies another's pictures
    seconds = rates.read[str(spec.options["of"] if copied else spec.source)]
    hours = count.images * (seconds + rates.copy * copied) / HOUR
    return Stage("prepare", name, count.images, 0, hours, 0, disk, f"{count.origin}, measured")


def _hashed(run: Run, counts: Mapping[str, Count], rates: OtherRates) -> Iterator[Stage]:
    for name, dataset in run.spec.datasets.items():
        if dataset.dedup is None:
            continue
        images = counts[name].images
        options = DedupOptions.model_validate(dataset.dedup)
        steps = int(options.training(images)["steps"])
        seconds = rates.start + steps * rates.hash_step * options.batch / 128
        seconds += images * rates.hash_image
        disk = images * CODE_BYTES
        yield Stage("dedup", name, images, steps, seconds / HOUR, 0, disk, "measured")


def _trained(
    run: Run,
    name: str,
    counts: Mapping[str, Count],
    measured: Measured,
    start: float,
    device: torch.device,
) -> Stage:
    model = run.model(name)
    images, note = images_trained(run, name, counts)
    counted = training_counts(model, images=images)
    seconds = start + training_seconds(model, counted, measured.rate)
    memory = training_memory(with_precision(model, device))
    if device.type == "cuda":
        network = model.network
        pixels = dataset_disk(
            images=images, image_size=network.image_size, channels=network.channels
        )
        free, _ = torch.cuda.mem_get_info(device)
        # images stay on the GPU where they take less than half of what is free
        memory = measured.gpu_bytes + (pixels if pixels < free // 2 else 0)
    return Stage(
        "train",
        name,
        images,
        counted.minibatches,
        seconds / HOUR,
        memory,
        training_disk(model, counted),
        f"measured{note}",
    )


def _measured(
    run: Run, counts: Mapping[str, Count], trainings: Mapping[str, Measured], rates: OtherRates
) -> Iterator[Stage]:
    known = CostInputs(
        run=run,
        images={name: count.images for name, count in counts.items()},
        rates={name: one.rate for name, one in trainings.items()},
        neighbour=rates.neighbour,
    )
    for experiment in run.reported(requested=()):  # those run by `all`
        seconds, origin = experiment_seconds(known, experiment.name)
        hours = None if seconds is None else (seconds + rates.start) / HOUR
        disk, memory = peak_bytes(known, experiment.name)
        yield Stage("measure", experiment.name, 0, 0, hours, memory, disk, origin)
