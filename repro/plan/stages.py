"""The stages of a run as rows of a plan: images, minibatches, hours, memory, disk, and whence.

Between rates (repro.plan.training_rate, repro.plan.step_rates) and counts (repro.plan.image_counts)
on one side and the table of `python -m repro.plan` on the other. A stage's hours are of one device
that does nothing else; None where neither a formula nor an earlier run tells. Disk is what the
stage writes, with what it needs while it works.

Alone: `stages_of(run, counts, trainings, rates, device=torch.device("cpu"))`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from repro.dedup.options import Options as DedupOptions
from repro.plan.experiment_cost import Known, earlier_seconds, experiment_seconds, kept_bytes
from repro.plan.image_counts import Count, removed_images
from repro.plan.step_rates import OtherRates
from repro.plan.training_cost import (
    dataset_disk,
    training_counts,
    training_disk,
    training_memory,
    training_seconds,
)
from repro.plan.training_rate import Measured
from repro.runs.run import Run

HOUR = 3600
CODE_BYTES = 16 + 8 + 1  # of an image: code, number of its group's first, kept or not


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline. Bytes are 0 and hours None where they are not predicted."""

    kind: str  # draw, prepare, dedup, train, measure
    name: str
    images: int
    minibatches: int
    hours: float | None
    memory: float
    disk: float
    origin: str

    @property
    def cells(self) -> tuple[str, ...]:
        """For a row of the table."""
        return (
            f"{self.kind} {self.name}",
            f"{self.images:,}" if self.images else "",
            f"{self.minibatches:,}" if self.minibatches else "",
            "?" if self.hours is None else _time(self.hours),
            _short(self.memory / 1e9) if self.memory else "",
            _short(self.disk / 1e9) if self.disk else "",
            self.origin,
        )


def _time(hours: float) -> str:
    """Seconds, minutes or hours."""
    if hours >= 1:
        return f"{hours:,.1f}h"
    return f"{60 * hours:.1f}min" if hours >= 1 / 60 else f"{HOUR * hours:.0f}s"


def _short(value: float) -> str:
    """Two decimals, one from 10 on."""
    if value < 0.01:
        return "<0.01"
    return f"{value:,.1f}" if value >= 10 else f"{value:.2f}"


def stages_of(
    run: Run,
    counts: Mapping[str, Count],
    trainings: Mapping[str, Measured],
    rates: OtherRates,
    *,
    device: torch.device,
) -> list[Stage]:
    """All steps of a run that take time, in its order; figures and the report are seconds."""
    worlds = [_earlier(run, "draw", "draw_world", name) for name in run.spec.worlds]
    data = [_prepared(run, name, counts[name], rates) for name in run.spec.datasets]
    models = [
        _trained(run, name, counts, trainings[name], rates.start, device)
        for name in run.spec.models
    ]
    hashes = _hashed(run, counts, rates)
    return [*worlds, *data, *hashes, *models, *_measured(run, counts, trainings, rates)]


def _earlier(run: Run, kind: str, rule: str, name: str) -> Stage:
    seconds = earlier_seconds(run, rule, name)
    hours = None if seconds is None else seconds / HOUR
    return Stage(kind, name, 0, 0, hours, 0, 0, "not predicted" if hours is None else "earlier run")


def _prepared(run: Run, name: str, count: Count, rates: OtherRates) -> Stage:
    spec = run.spec.datasets[name]
    disk = dataset_disk(images=count.images, image_size=spec.image_size, channels=spec.channels)
    copied = "of" in spec.options  # a source that makes copies of another's pictures
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


def images_trained(run: Run, name: str, counts: Mapping[str, Count]) -> tuple[int, str]:
    """Images of a training, and what is to be said of that number."""
    model = run.model(name)
    images = counts[model.data].images
    if not model.deduplicated:
        return images, ""
    removed = removed_images(run, model.data)
    if removed is None:
        return images, ", near-duplicates not taken off"
    return images - removed, ""


def _trained(
    run: Run,
    name: str,
    counts: Mapping[str, Count],
    measured: Measured,
    start: float,
    device: torch.device,
) -> Stage:
    model = run.model(name)
    images, said = images_trained(run, name, counts)
    counted = training_counts(model, images=images)
    seconds = start + training_seconds(model, counted, measured.rate)
    memory = training_memory(model)
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
        f"measured{said}",
    )


def _measured(
    run: Run, counts: Mapping[str, Count], trainings: Mapping[str, Measured], rates: OtherRates
) -> Iterator[Stage]:
    known = Known(
        run=run,
        images={name: count.images for name, count in counts.items()},
        rates={name: one.rate for name, one in trainings.items()},
        neighbour=rates.neighbour,
    )
    for experiment in run.reported(asked=()):  # what `all` runs
        seconds, origin = experiment_seconds(known, experiment.name)
        hours = None if seconds is None else (seconds + rates.start) / HOUR
        disk, memory = kept_bytes(known, experiment.name)
        yield Stage("measure", experiment.name, 0, 0, hours, memory, disk, origin)
