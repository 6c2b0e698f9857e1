"""Check the targets of Snakemake's command line: whether they exist, and which raw data they need.

Where in the flow: the Snakefile calls it when it is read, before anything is planned, so that a
misspelt target is answered with the nearest one, and one experiment does not wait for the raw data
of the others.
"""

import difflib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Protocol

from repro.runs.checks import missing_raw_data
from repro.runs.freshness import pipeline
from repro.runs.run import Experiment, Run
from repro.specs.validation import SpecError, nearest

OF_THE_RUN = ("all", "prepare", "report", "train")
STEPS = ("measure_", "draw_")  # rules of an experiment, besides the one named like it


class Rule(Protocol):
    """A rule of Snakemake's."""

    name: str

    def is_producer(self, requested_output: str) -> bool:
        """Whether this is one of its outputs, with wildcards filled in."""


def check_targets(run: Run, targets: Iterable[str], rules: Iterable[Rule]) -> None:
    """Raise SpecError for a target that no rule makes, with the nearest one or what to do."""
    by_name = {rule.name: rule for rule in rules}
    for target in targets:
        if target not in by_name and not _is_made(run, target, by_name.values()):
            raise SpecError(_why_none(run, target))


def _is_made(run: Run, target: str, rules: Iterable[Rule]) -> bool:
    if Path(target).is_relative_to(run.folder / "stamps"):
        return target in {str(step.stamp) for step in pipeline(run)}
    return any(rule.is_producer(target) for rule in rules)


def _why_none(run: Run, target: str) -> str:
    by_name = {experiment.name: experiment for experiment in run.experiments}
    if target in by_name:
        return f"{run.file} leaves '{target}' out: {_what_it_lacks(by_name[target])}"
    if target in run.spec.leave_out:
        return f"{run.file} leaves '{target}' out, under 'leave_out'"
    if "/" not in target:
        return f"no target '{target}'; {nearest(target, {*OF_THE_RUN, *by_name})}"
    stamps = {step.folder: str(step.stamp) for step in pipeline(run)}
    for folder, stamp in stamps.items():
        if Path(target).is_relative_to(folder):
            return f"'{target}' is not a target itself; request its stamp: snakemake {stamp}"
    close = difflib.get_close_matches(target, stamps.values(), n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"stamps lie in {run.folder / 'stamps'}"
    return f"nothing makes '{target}'; {hint}"


def _what_it_lacks(experiment: Experiment) -> str:
    lacks = f"it has no {', '.join(experiment.unbound)}"
    if experiment.card.ask_for:
        return f"{lacks}; give it: snakemake {experiment.name} --config {experiment.card.ask_for}"
    return f"{lacks}; bind them under 'roles', or take another run file"


def require_raw_data(run: Run, targets: Collection[str]) -> str:
    """A line on missing raw data that `targets` do not need; "" where all exist.

    Raises SpecError, which says how to get them, for missing raw data that `targets` need.
    """
    needed = datasets_needed(run, targets)
    if missing := missing_raw_data(run, of=needed):
        raise SpecError("\n".join(["raw data are missing:", *missing]))
    rest = [n for n in run.spec.datasets if n not in needed and missing_raw_data(run, of=[n])]
    if not rest:
        return ""
    return (
        f"raw data of {', '.join(rest)} are missing; {' '.join(targets)} needs none of them "
        f"(python -m repro check {run.file} says what is looked for)"
    )


def datasets_needed(run: Run, targets: Collection[str]) -> set[str]:
    """Datasets that Snakemake makes for `targets`; without any, for its default target."""
    needed: set[str] = set()
    experiments = {one.name: one for one in run.runnable}
    for target in targets or ["all"]:
        folder = _folder_of(run, target)
        name = folder.split("/")[1] if folder.startswith("experiments/") else target
        if folder in ("all", "report") or _asks_for_report(run, target):
            needed |= set(run.reported_datasets(targets))
        elif target == "train":
            needed |= {model.data for model in run.spec.models.values()}
        elif name not in experiments:
            needed |= _datasets_of(run, [run.folder / folder]) or set(run.spec.datasets)
        if name in experiments:
            needed |= _datasets_of(run, experiments[name].inputs.values())
    return needed


def _folder_of(run: Run, target: str) -> str:
    """The folder, relative to the run's, that a target represents; a rule's name is unchanged."""
    for top in (run.folder / "stamps", run.folder):
        if Path(target).is_relative_to(top):
            return Path(target).relative_to(top).as_posix()
    for step in STEPS:
        if target.startswith(step):
            return f"experiments/{target.removeprefix(step)}"
    return target


def _asks_for_report(run: Run, name: str) -> bool:
    """Whether it is an experiment on request, whose target is the report that shows it."""
    return any(one.name == name and one.card.on_request for one in run.runnable)


def _datasets_of(run: Run, folders: Iterable[Path]) -> set[str]:
    """The datasets that folders of a run hold, or depend on."""
    given = set(folders)
    models = {run.folder / "models" / name: model for name, model in run.trained.items()}
    found = {model.data for folder, model in models.items() if folder in given}
    for name in run.spec.datasets:
        own = {run.folder / "data" / name, run.folder / "dedup" / name, run.raw_folder(name)}
        found |= {name} if own & given else set()
    return found
