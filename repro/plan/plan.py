"""How long a run will take here, what it needs, and what of it fits into so many hours.

    python -m repro.plan --config config/paper.yaml [--device cuda] [--hours 48 --gpus 8]

Measures about a minute (repro.plan.training_rate, repro.plan.step_rates), counts images
(repro.plan.image_counts), and prints for each stage of the run file: images, minibatches, hours,
peak memory, disk; blank is not predicted. Finished steps count as well. Only made data in a
temporary folder are written; --json keeps the plan. Hours are of one device (a GPU, or --threads
threads of the processor) that has nothing else to do.
"""

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from repro.artefacts.provenance import device_name
from repro.devices import chosen_device, device_words
from repro.plan.budget import Chosen, choose, ends_of, needs_of
from repro.plan.experiment_cost import left_out
from repro.plan.image_counts import Count
from repro.plan.stages import Stage, stages_of
from repro.plan.step_rates import other_rates
from repro.plan.training_rate import Clock, Measured, measure_training
from repro.runs.run import Run
from repro.specs.run_file import ModelSpec

TRAINING_SECONDS = 36.0  # of the benchmark, for all trainings together
COLUMNS = ("stage", "images", "minibatches", "time", "memory GB", "disk GB", "from")


def measure_trainings(run: Run, clock: Clock, *, seconds: float) -> dict[str, Measured]:
    """Rate of every training; those of one network, batch and schedule are measured once."""
    kinds: dict[str, list[str]] = {}
    for name, model in run.spec.models.items():
        kinds.setdefault(_kind(model), []).append(name)
    found: dict[str, Measured] = {}
    for names in kinds.values():
        measured = measure_training(
            run.model(names[0]), clock=clock, seconds=seconds / max(1, len(kinds))
        )
        found |= dict.fromkeys(names, measured)
        batch = run.model(names[0]).training.batch
        print(measured_in_words(names, measured, batch=batch), flush=True)
    return found


def _kind(model: ModelSpec) -> str:
    """What two trainings share that take equally long for an image."""
    training = model.training
    same = (training.batch, training.precision, training.schedule, training.augmentation)
    return f"{model.network.model_dump_json()} {same}"


def measured_in_words(names: list[str], measured: Measured, *, batch: int) -> str:
    """The two batches measured, how far apart their rates are, and what follows at `batch`."""
    (small, large), (few, many) = measured.batches, measured.seconds
    seconds = measured.rate.fixed + batch * measured.rate.per_image
    rate = measured.rate
    return (
        f"  {', '.join(names)}: {small / few:,.1f} images/s at batch {small}, "
        f"{large / many:,.1f} at {large}; so {1e3 * rate.fixed:.1f} ms a minibatch and "
        f"{1e3 * rate.per_image:.2f} ms an image, {batch / seconds:,.1f} images/s at {batch}"
    )


def sources_of(run: Run) -> set[str]:
    """Sources whose reading is measured; copies are made of another source's pictures."""
    return {str(one.options.get("of", one.source)) for one in run.spec.datasets.values()}


def table(stages: list[Stage]) -> str:
    """The stages, one a line, aligned."""
    rows = [COLUMNS, *(one.cells for one in stages)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = []
    for row in rows:
        first, *numbers, last = (
            cell.ljust(width) if place in (0, len(row) - 1) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *numbers, last]).rstrip())
    return "\n".join(lines)


def budget(run: Run, stages: list[Stage], *, hours: float, devices: int) -> Chosen:
    """What of a run's trainings and experiments fits, its data being prepared before."""
    by_name: dict[str, dict[str, float]] = {}
    for one in stages:
        by_name.setdefault(one.kind, {})[one.name] = one.hours or 0.0
    data = sum(sum(by_name.get(kind, {}).values()) for kind in ("prepare", "dedup"))
    needs = needs_of(run, by_name.get("measure", {}))
    epochs = {name: model.training.epochs for name, model in run.spec.models.items()}
    return choose(
        needs,
        training=by_name.get("train", {}),
        epochs=epochs,
        hours=max(0.0, hours - data),
        devices=devices,
    )


def budget_in_words(run: Run, chosen: Chosen, *, hours: float, devices: int) -> str:
    """Which experiments, trainings and claims fit; how many passes the others would get."""
    everything = [*chosen.experiments, *chosen.left_out]
    claims, possible = (
        sum(len(one.claims) for one in part) for part in (chosen.experiments, everything)
    )
    lines = [
        f"In {hours:g} hours, {devices} at a time, the data prepared first: "
        f"{len(chosen.experiments)} of {len(everything)} experiments, {claims} of the {possible} "
        "claims that this run file can decide; what is not predicted is taken as no time.",
        f"  train: {', '.join(chosen.trainings) or 'nothing'}",
    ]
    for one in everything:
        word = "decided" if one in chosen.experiments else "left out"
        without = [*sorted(one.extras - {*chosen.trainings}), *one.absent]
        missing = f" (without {', '.join(without)}: what rests on it stays open)" if without else ""
        lines.append(f"  {word}: {one.name}{missing}: {', '.join(one.claims) or 'no claim'}")
    for name, passes in chosen.epochs.items():
        whole = run.model(name).training.epochs
        lines.append(
            f"  {name} is not trained; {passes} of its {whole:g} passes would fit into what is left"
        )
    return "\n".join(lines)


def in_all(stages: list[Stage], *, devices: int) -> str:
    """Hours of one device, and of several at best; what is not in them."""
    hours = [one.hours for one in stages if one.hours is not None]
    unknown = [f"{one.kind} {one.name}" for one in stages if one.hours is None]
    for one in stages:
        if one.kind == "measure" and (part := left_out(one.name, one.origin)):
            unknown.append(f"{part} of {one.name}")
    together = f"Together {sum(hours):,.1f} hours of one device"
    if devices > 1:
        together += f", {max(ends_of(hours, devices)):,.1f} hours {devices} at a time"
    return f"{together}; not predicted and not in it: {', '.join(unknown) or 'nothing'}."


def plan(run: Run, counts: Mapping[str, Count], given: argparse.Namespace) -> dict[str, Any]:
    """Measure and print; the record for --json."""
    device = chosen_device(given.device)
    clock = Clock(device, given.threads)
    where = f"{given.threads} of its threads" if device.type == "cpu" else device_words(device)
    print(f"{device_name()}: {where}. Trainings, each at two batches:", flush=True)
    trainings = measure_trainings(run, clock, seconds=TRAINING_SECONDS)
    rates = other_rates(clock, sources=sources_of(run))
    stages = stages_of(run, counts, trainings, rates, device=device)
    print(f"\n{table(stages)}\n\n{in_all(stages, devices=given.gpus)}")
    record: dict[str, Any] = {
        "config": run.file,
        "machine": device_name(),
        "device": device_words(device),
        "threads": given.threads,
        "trainings": {name: asdict(one) for name, one in trainings.items()},
        "rates": asdict(rates),
        "stages": [asdict(one) for one in stages],
    }
    if given.hours is not None:
        chosen = budget(run, stages, hours=given.hours, devices=given.gpus)
        print(budget_in_words(run, chosen, hours=given.hours, devices=given.gpus))
        record["budget"] = {"hours": given.hours, "devices": given.gpus, **_plain(chosen)}
    return record


def _plain(chosen: Chosen) -> dict[str, Any]:
    return {
        "experiments": {one.name: list(one.claims) for one in chosen.experiments},
        "left_out": {one.name: list(one.claims) for one in chosen.left_out},
        "trainings": chosen.trainings,
        "epochs_that_fit": chosen.epochs,
    }
