"""The final messages of a run: where its results are, what to open, and how to continue.

Where in the flow: repro.watch.narrator prints `failure_lines` as soon as a step has failed.
repro.watch.snakemake_log prints `closing_text` when a run has succeeded or there was nothing to do,
`what_to_do` when steps have failed.
"""

import os
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

from repro.places import ROOT
from repro.progress import format_duration
from repro.runs.run import Experiment, Run
from repro.watch.board import Step, last_lines
from repro.watch.step_descriptions import plain

PLAYABLE = "playable.html"
ACTIVATE = ".venv/bin/activate"
DEFAULT_FILE = "config/demo.yaml"  # the Snakefile's default
LAST_LINES = 12  # of a failed step's log
INDENT = "    "
STOPPED = "stopped"  # begins the last line of a step that was stopped: see command_line.run_main


def closing_text(run: Run, *, targets: Collection[str], given: Sequence[str] = ()) -> str:
    """Lines on the results of a run that made `targets` (of the command line; none: all).

    given: the words KEY=VALUE after --config, which the next command must repeat.
    """
    asked = [one for one in run.experiments if one.name in targets]
    lines: list[str] = []
    for experiment in asked:
        lines += _of_experiment(run, experiment)
    everything = not targets or "all" in targets
    if everything or "report" in targets or any(one.card.on_request for one in asked):
        lines += _of_report(run, given if everything else None)
    if "train" in targets:
        lines += [f"The models:   {run.folder}/models (samples.png in each)"]
    if "prepare" in targets:
        lines += [f"The datasets: {run.folder}/data"]
    return "\n".join(plain(line) for line in lines)


def _of_experiment(run: Run, experiment: Experiment) -> list[str]:
    folder = _figures(run, experiment)
    if not folder.is_dir():
        return []
    pictures = [path for path in sorted(folder.iterdir()) if path.suffix in (".png", ".html")]
    return [f"The figures:  {folder}", *(f"{INDENT}{path}" for path in pictures)]


def _figures(run: Run, experiment: Experiment) -> Path:
    return run.folder / "experiments" / experiment.name / "figures"


def _of_report(run: Run, given: Sequence[str] | None) -> list[str]:
    """given: None where the lines need not say how to continue."""
    report = run.folder / "report" / "index.html"
    if not report.is_file():
        return []
    lines = [f"The report:   {report}"]
    pages = [_figures(run, experiment) / PLAYABLE for experiment in run.experiments]
    lines += [f"To play with: {page}" for page in pages if page.is_file()]
    if given is not None and (name := _example(run)):
        lines += ["To continue with one experiment (a folder of experiments/ each):"]
        if (ROOT / ACTIVATE).is_file() and "VIRTUAL_ENV" not in os.environ:
            lines += [f"{INDENT}source {ACTIVATE}"]
        lines += [f"{INDENT}{_command(run, name, given)}"]
    return lines


def _example(run: Run) -> str | None:
    """An experiment that this run can make."""
    names = [one.name for one in run.runnable if not one.card.on_request]
    return "latent_walk" if "latent_walk" in names else next(iter(names), None)


def _command(run: Run, target: str, given: Sequence[str]) -> str:
    """The call of Snakemake that makes `target` of this run."""
    words = ["snakemake", target]
    if run.file != DEFAULT_FILE:
        words += ["--configfile", run.file]
    return shlex.join([*words, *(["--config", *given] if given else [])])


def failure_lines(step: Step) -> list[str]:
    """Lines on a failed step: the end of its log, and what to do."""
    lines = last_lines(step.log, most=LAST_LINES)
    if _was_stopped(step):
        return [f"Stopped after {format_duration(step.ended - step.started)}: {step.description}"]
    shown = [f"FAILED after {format_duration(step.ended - step.started)}: {step.description}"]
    shown += [f"{INDENT}{plain(line)}" for line in lines or ["(its log is empty)"]]
    if step.log is not None:
        shown.append(f"  its log: {plain(str(step.log))}")
    return shown


def what_to_do(failed: Sequence[Step]) -> list[str]:
    """Lines to print after a run in which steps failed, or that the user stopped."""
    broken = [step for step in failed if not _was_stopped(step)]
    if failed and not broken:
        return ["Stopped. The same command continues where it stopped."]
    names = "; ".join(step.description for step in broken)
    return [
        f"Some steps failed: {names or 'see above'}",
        "Fix what the log reports and run the same command again: finished steps stay, interrupted "
        "ones continue where they stopped.",
    ]


def _was_stopped(step: Step) -> bool:
    return any(line.startswith(STOPPED) for line in last_lines(step.log, most=1))
