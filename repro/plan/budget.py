"""Choose the part of a run that fits into a number of hours, and the claims it decides.

`python -m repro plan --hours H [--gpus N]` uses it. An experiment needs the trainings among its
inputs; `optional` ones are taken last, where hours remain. Experiments are chosen by claims per
hour of additional training, the most first, as long as everything ends within the hours: each
training and experiment runs on one device, the longest first on the device that is free earliest. A
claim about a number counts only where its roles are marked as the paper's.

Alone: `needs_of(load_run("config/paper.yaml"), {})`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from repro.claims.card import ExperimentCard
from repro.claims.claim import Claim
from repro.claims.ground import Ground, ground_of
from repro.plan.costs import Stage
from repro.runs.paper_scale import bound_roles
from repro.runs.run import Run
from repro.specs.scales import TOO_SMALL


@dataclass(frozen=True)
class Need:
    """An experiment: its decidable claims, its trainings, its own hours if known.

    extras: trainings that it can do without; some of its claims may depend on them. absent: further
    such inputs, <role>.<slot>, that this run file does not bind.
    """

    name: str
    claims: tuple[str, ...]
    trainings: frozenset[str]
    hours: float
    extras: frozenset[str] = frozenset()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chosen:
    """The selection that fits.

    experiments, trainings: in the order in which they were chosen. ends: hours at which each device
    is finished. left_out: experiments that do not fit. epochs: for each training not chosen, the
    whole passes that fit into the remaining hours of the least loaded device.
    """

    experiments: list[Need]
    trainings: list[str]
    ends: list[float]
    left_out: list[Need]
    epochs: dict[str, int]


def needs_of(run: Run, hours: Mapping[str, float]) -> list[Need]:
    """Every experiment that the run file binds; hours: by experiment, where they are known."""
    names = {str(run.folder / "models" / name): name for name in run.spec.models}
    found = []
    for one in run.reported(requested=()):  # those run by `all`
        models: dict[bool, set[str]] = {True: set(), False: set()}
        for slot, folder in one.inputs.items():
            if str(folder) in names:
                models[_required(slot, one.card)].add(names[str(folder)])
        claims = tuple(claim.id for claim in one.card.claims if decidable(claim, one.card, run))
        found.append(
            Need(
                one.name,
                claims,
                trainings=frozenset(models[True]),
                hours=hours.get(one.name, 0.0),
                extras=frozenset(models[False] - models[True]),
                absent=tuple(slot for slot in one.card.optional if slot not in one.inputs),
            )
        )
    return found


def decidable(claim: Claim, card: ExperimentCard, run: Run) -> bool:
    """Whether a run at this scale, once measured, decides the claim (repro.report.results)."""
    if run.spec.scale in TOO_SMALL or run.spec.raw_key == "photos":
        return False
    ground = ground_of(claim, card, bound_roles(run)).ground
    return claim.kind == "direction" or ground == Ground.PAPER


def choose(
    needs: list[Need],
    *,
    training: Mapping[str, float],
    epochs: Mapping[str, float],
    hours: float,
    devices: int,
) -> Chosen:
    """Choose by claims per hour; training: hours of each training; epochs: its passes."""

    def ends(names: Iterable[str], experiments: Iterable[Need]) -> list[float]:
        jobs = [*(training[name] for name in names), *(one.hours for one in experiments)]
        return finish_hours(jobs, devices)

    taken: list[Need] = []
    trainings: list[str] = []
    waiting = list(needs)
    while waiting:
        more = {one.name: sorted(one.trainings - {*trainings}) for one in waiting}
        fitting = [
            one
            for one in waiting
            if max(ends([*trainings, *more[one.name]], [*taken, one])) <= hours
        ]
        if not fitting:
            break
        best = min(fitting, key=lambda one: _hours_a_claim(one, more[one.name], training))
        taken.append(best)
        trainings += more[best.name]
        waiting.remove(best)
    extras = {name for one in taken for name in one.extras} - {*trainings}
    for name in sorted(extras, key=lambda name: training[name]):
        if max(ends([*trainings, name], taken)) <= hours:
            trainings.append(name)
    done = ends(trainings, taken)
    wanted = {name for one in needs for name in one.trainings | one.extras}
    left = hours - min(done)
    allowed = {
        name: max(0, math.floor(epochs[name] * min(1.0, left / training[name])))
        for name in sorted(wanted - {*trainings})
    }
    return Chosen(taken, trainings, done, waiting, allowed)


def _hours_a_claim(
    one: Need, more: Iterable[str], training: Mapping[str, float]
) -> tuple[bool, float, str]:
    """Sort key, smallest first; experiments without a claim come last."""
    hours = sum(training[name] for name in more) + one.hours
    return not one.claims, hours / max(1, len(one.claims)), one.name


def finish_hours(jobs: Iterable[float], devices: int) -> list[float]:
    """Hours at which each device is finished, the longest job first on the earliest free one."""
    ends = [0.0] * devices
    for job in sorted(jobs, reverse=True):
        ends[ends.index(min(ends))] += job
    return ends


def _required(slot: str, card: ExperimentCard) -> bool:
    """Whether the card requires an input, <role>.<slot> or <role>.models.<number>."""
    return any(slot == name or slot.startswith(f"{name}.") for name in card.inputs)


def budget(run: Run, stages: list[Stage], *, hours: float, devices: int) -> Chosen:
    """The run's trainings and experiments that fit, with its data already prepared."""
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


def describe_budget(run: Run, chosen: Chosen, *, hours: float, devices: int) -> str:
    """Which experiments, trainings and claims fit; the number of passes for the others."""
    everything = [*chosen.experiments, *chosen.left_out]
    claims, possible = (
        sum(len(one.claims) for one in part) for part in (chosen.experiments, everything)
    )
    lines = [
        f"In {hours:g} hours, {devices} at a time, the data prepared first: "
        f"{len(chosen.experiments)} of {len(everything)} experiments, {claims} of the {possible} "
        "claims that this run file can decide; unpredicted steps count as zero.",
        f"  train: {', '.join(chosen.trainings) or 'nothing'}",
    ]
    for one in everything:
        word = "decided" if one in chosen.experiments else "left out"
        without = [*sorted(one.extras - {*chosen.trainings}), *one.absent]
        missing = f" (without {', '.join(without)}: its claims stay open)" if without else ""
        lines.append(f"  {word}: {one.name}{missing}: {', '.join(one.claims) or 'no claim'}")
    for name, passes in chosen.epochs.items():
        whole = run.model(name).training.epochs
        lines.append(
            f"  {name} is not trained; {passes} of its {whole:g} passes would fit into the rest"
        )
    return "\n".join(lines)
