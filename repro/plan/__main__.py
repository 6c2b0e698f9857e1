"""Predict how long a run takes here, what it needs, and what fits into a number of hours.

    python -m repro plan config/paper.yaml [--device cuda] [--hours 48 --gpus 8]

It measures for about a minute (repro.plan.rates), counts images (repro.plan.counts), and prints for
each stage of the run file (repro.plan.costs): images, minibatches, hours, peak memory, disk; blanks
are not predicted. Finished steps count as well. It writes only synthetic data in a temporary
folder; --out stores the plan. Hours are those of one otherwise idle device (a GPU, or --threads
threads of the processor).
"""

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch

from repro.artefacts.provenance import device_name
from repro.artefacts.whole_file import write_json
from repro.command_line import (
    above_zero,
    add_device,
    add_threads,
    at_least_one,
    file_to_write,
    new_parser,
    run_main,
)
from repro.devices import Clock, chosen_device, describe_device, resolve_precision
from repro.plan.budget import Chosen, budget, describe_budget, finish_hours
from repro.plan.costs import HOUR, Stage, left_out, stages_of
from repro.plan.counts import Count, image_counts
from repro.plan.rates import Measured, measure_training, other_rates
from repro.progress import format_duration
from repro.runs.load import add_run_file, run_given
from repro.runs.run import Run
from repro.specs.model import ModelSpec

TRAINING_SECONDS = 36.0  # of the benchmark, for all trainings together
COLUMNS = ("stage", "images", "minibatches", "time", "memory GB", "disk GB", "from")


def main(argv: list[str] | None = None) -> None:
    given = _arguments().parse_args(argv)
    run = run_given(given)
    counts = image_counts(run, dict(given.images))
    torch.set_num_threads(given.threads)
    record = plan(run, counts, given)
    if given.out:
        write_json(given.out, record)


def _count(text: str) -> tuple[str, int]:
    """NAME=COUNT, for `type=`."""
    name, _, number = text.partition("=")
    if not number.isdecimal() or int(number) < 1:
        raise argparse.ArgumentTypeError(f"found '{text}', expected NAME=COUNT, e.g. faces=202599")
    return name, int(number)


def plan(run: Run, counts: Mapping[str, Count], given: argparse.Namespace) -> dict[str, Any]:
    """Measure and print; returns the record for --out."""
    machine = device_name()  # before the GPU becomes the machine's name
    device = chosen_device(given.device)
    clock = Clock(device, given.threads)
    where = f"{given.threads} of its threads" if device.type == "cpu" else describe_device(device)
    print(f"{machine}: {where}. Trainings, each at two batches:", flush=True)
    trainings = measure_trainings(run, clock, seconds=TRAINING_SECONDS)
    rates = other_rates(clock, sources=sources_of(run))
    stages = stages_of(run, counts, trainings, rates, device=device)
    print(f"\n{table(stages)}\n\n{describe_total(stages, devices=given.gpus)}")
    record: dict[str, Any] = {
        "config": run.file,
        "machine": machine,
        "device": describe_device(device),
        "threads": given.threads,
        "trainings": {name: asdict(one) for name, one in trainings.items()},
        "rates": asdict(rates),
        "stages": [asdict(one) for one in stages],
    }
    if given.hours is not None:
        chosen = budget(run, stages, hours=given.hours, devices=given.gpus)
        print(describe_budget(run, chosen, hours=given.hours, devices=given.gpus))
        record["budget"] = {"hours": given.hours, "devices": given.gpus, **_plain(chosen)}
    return record


def measure_trainings(run: Run, clock: Clock, *, seconds: float) -> dict[str, Measured]:
    """Rate of every training; each kind (`_kind`) is measured once."""
    kinds: dict[str, list[str]] = {}
    for name, model in run.spec.models.items():
        kinds.setdefault(_kind(model), []).append(name)
    found: dict[str, Measured] = {}
    for names in kinds.values():
        measured = measure_training(
            run.model(names[0]), clock=clock, seconds=seconds / max(1, len(kinds))
        )
        found |= dict.fromkeys(names, measured)
        training = run.model(names[0]).training
        precision = resolve_precision(training.precision, clock.device)
        words = describe_rates(names, measured, batch=training.batch, precision=precision)
        print(words, flush=True)
    return found


def _kind(model: ModelSpec) -> str:
    """Key shared by trainings that take equally long per image."""
    training = model.training
    parts = {"batch", "precision", "schedule", "augmentation", "diff_augment", "ema"}
    return model.network.model_dump_json() + training.model_dump_json(include=parts)


def describe_rates(names: list[str], measured: Measured, *, batch: int, precision: str) -> str:
    """The two batches measured, the difference of their rates, and the prediction at `batch`.

    precision: the arithmetic chosen for the device, in which it was measured.
    """
    (small, large), (few, many) = measured.batches, measured.seconds
    seconds = measured.rate.fixed + batch * measured.rate.per_image
    rate = measured.rate
    return (
        f"  {', '.join(names)}, {precision}: {small / few:,.1f} images/s at batch {small}, "
        f"{large / many:,.1f} at {large}; so {1e3 * rate.fixed:.1f} ms per minibatch and "
        f"{1e3 * rate.per_image:.2f} ms per image, {batch / seconds:,.1f} images/s at {batch}"
    )


def sources_of(run: Run) -> set[str]:
    """Sources whose reading is measured; copies are made from another source's pictures."""
    return {str(one.options.get("of", one.source)) for one in run.spec.datasets.values()}


def table(stages: list[Stage]) -> str:
    """The stages as aligned text, one per line."""
    rows = [COLUMNS, *(_cells(one) for one in stages)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = []
    for row in rows:
        first, *numbers, last = (
            cell.ljust(width) if place in (0, len(row) - 1) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *numbers, last]).rstrip())
    return "\n".join(lines)


def _cells(stage: Stage) -> tuple[str, ...]:
    """A row of the table."""
    return (
        f"{stage.kind} {stage.name}",
        f"{stage.images:,}" if stage.images else "",
        f"{stage.minibatches:,}" if stage.minibatches else "",
        "?" if stage.hours is None else format_duration(HOUR * stage.hours),
        _short(stage.memory / 1e9) if stage.memory else "",
        _short(stage.disk / 1e9) if stage.disk else "",
        stage.origin,
    )


def _short(value: float) -> str:
    """Two decimals, from 10 on one."""
    if value < 0.01:
        return "<0.01"
    return f"{value:,.1f}" if value >= 10 else f"{value:.2f}"


def describe_total(stages: list[Stage], *, devices: int) -> str:
    """Hours on one device, and at best on several; and what they do not include."""
    hours = [one.hours for one in stages if one.hours is not None]
    unknown = [f"{one.kind} {one.name}" for one in stages if one.hours is None]
    for one in stages:
        if one.kind == "measure" and (part := left_out(one.name, one.origin)):
            unknown.append(f"{part} of {one.name}")
    together = f"Together {sum(hours):,.1f} hours of one device"
    if devices > 1:
        together += f", {max(finish_hours(hours, devices)):,.1f} hours {devices} at a time"
    return f"{together}; not predicted and not included: {', '.join(unknown) or 'nothing'}."


def _plain(chosen: Chosen) -> dict[str, Any]:
    return {
        "experiments": {one.name: list(one.claims) for one in chosen.experiments},
        "left_out": {one.name: list(one.claims) for one in chosen.left_out},
        "trainings": chosen.trainings,
        "epochs_that_fit": chosen.epochs,
    }


def _arguments() -> argparse.ArgumentParser:
    parser = new_parser("plan", __doc__)
    add_run_file(parser)
    add_device(parser)
    add_threads(parser, default=1)
    parser.add_argument(
        "--hours", type=above_zero, help="print what fits into this number of hours"
    )
    parser.add_argument(
        "--gpus", type=at_least_one, default=1, help="devices in parallel (default 1)"
    )
    parser.add_argument(
        "--images",
        type=_count,
        action="append",
        default=[],
        metavar="NAME=COUNT",
        help="images of a dataset; may be repeated",
    )
    parser.add_argument("--out", type=file_to_write, help="JSON file to keep the plan in")
    return parser


if __name__ == "__main__":
    run_main(main)
