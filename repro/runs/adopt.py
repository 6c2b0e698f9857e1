"""Keep results that other code made: somebody vouches that the code would make the same again.

Where in the flow: after an update of this repository, or of your own code, a run makes again
everything that the changed code affects (repro.runs.freshness). If you know that the change does
not matter, or want models of one commit measured by a later one, adopt them: each folder's record
then names the present code and, under `adopted`, the former one. Only code is vouched for. A folder
whose files, settings or inputs have changed is refused.

    python -m repro adopt config/two_cores.yaml                     what there is, and why it is old
    python -m repro adopt config/two_cores.yaml 'data/*' 'models/*' these, by their names
"""

import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from repro.artefacts.provenance import (
    SIDECAR,
    ChangedFileError,
    commit_and_dirty,
    content_hashes,
    path_of,
    read_record,
    sha256_of_input,
)
from repro.artefacts.raw_files import TIMED
from repro.artefacts.recipe import differing, shorten_list, why_not
from repro.artefacts.step_folder import recorded_input
from repro.artefacts.whole_file import write_json
from repro.command_line import new_parser
from repro.runs.freshness import PipelineStep, pipeline
from repro.runs.in_progress import alone
from repro.runs.load import add_run_file, run_given, write_specs
from repro.runs.run import Run
from repro.specs.validation import SpecError, nearest, read_step

CHOSEN_HERE = "auto"  # a setting for which the machine chose a value


def adopt(step: PipelineStep) -> None:
    """Write into the record of a step's folder that the present code made it.

    Raises ChangedFileError where its files, its settings or its inputs have changed.
    """
    record = read_record(step.folder)
    changed = differing(record["outputs"], content_hashes(step.folder))
    if changed:
        raise ChangedFileError(f"{step.folder}: {shorten_list(changed)} changed since it was made")
    recipe = step.recipe()
    before = record.get("recipe")
    if isinstance(before, dict):
        other = [] if before["settings"] == recipe.settings else ["(their hash differs)"]
    else:
        other = other_settings(record, read_step(step.spec))
    if other:
        raise ChangedFileError(f"{step.folder} was made with other settings: {shorten_list(other)}")
    if others := _other_inputs(step, record):
        raise ChangedFileError(f"{step.folder} was made from other inputs: {shorten_list(others)}")
    commit, dirty = commit_and_dirty()
    vouched = {
        "recipe": before,
        "by commit": commit,
        "dirty": dirty,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    record |= {
        "recipe": recipe.recorded(),
        "inputs": {name: recorded_input(given) for name, given in step.inputs.items()},
        "sizes": {name: (step.folder / name).stat().st_size for name in record["outputs"]},
        "adopted": [*record.get("adopted", []), vouched],
    }
    write_json(step.folder / SIDECAR, record)


def other_settings(record: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Settings of a step's file whose value differs in its older record.

    Such a record has the settings as the step resolved them, without the enclosing names.
    """
    before = {**_flat(record.get("spec") or {}), ("seed",): record.get("seed")}
    found = []
    for key, value in _flat(now).items():
        own = key if key in before else key[1:]  # model.training.epochs -> training.epochs
        same = _plain(before.get(own, value)) in (_plain(value), None) or value == CHOSEN_HERE
        if not same:
            found.append(f"{'.'.join(key)} was {before[own]!r}, is {value!r}")
    return found


def _flat(value: Any, key: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if not isinstance(value, Mapping):
        return {key: value}
    parts = [_flat(one, (*key, str(name))) for name, one in value.items()]
    return {name: one for part in parts for name, one in part.items()}


def _plain(value: Any) -> Any:
    """A value as we compare it: YAML reads 1e-4 as a string, and steps make it a number."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _other_inputs(step: PipelineStep, record: Mapping[str, Any]) -> list[str]:
    """Inputs that have changed; of raw data, an older record does not know the times."""
    found = []
    for name, given in step.inputs.items():
        before = str(record.get("inputs", {}).get(name, {}).get("sha256", ""))
        known_by, colon, _ = before.rpartition(":")
        of_old = bool(colon) and known_by != TIMED
        of_report = step.name == "report"  # its inputs grow with the run
        same = path_of(given).exists() and (of_old or of_report or sha256_of_input(given) == before)
        if not same and (before or not isinstance(given, Path) or not given.is_file()):
            found.append(str(path_of(given)))
    return found


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("adopt", __doc__)
    add_run_file(parser)
    parser.add_argument(
        "steps", nargs="*", help="folders below the run's, such as models/faces or 'models/*'"
    )
    given = parser.parse_args(argv)
    run = run_given(given)
    with alone(run):
        write_specs(run)
        _adopt(run, given.steps)


def _adopt(run: Run, patterns: Sequence[str]) -> None:
    """Adopt the steps that match; without patterns, print which are old and why."""
    steps = {step.name: step for step in pipeline(run) if (step.folder / SIDECAR).is_file()}
    old = {name: why for name, step in steps.items() if (why := _why(step)) is not None}
    if not patterns:
        print("\n".join(f"{name}: {why}" for name, why in old.items()) or "nothing is old")
        return
    refused = []
    for name in _named(patterns, steps):
        if name in old:
            try:
                adopt(steps[name])
                print(f"{steps[name].folder}: adopted", flush=True)
            except ChangedFileError as error:
                refused.append(str(error))
    if refused:
        raise ChangedFileError("\n".join(["not adopted:", *refused]))


def _why(step: PipelineStep) -> str | None:
    return why_not(step.folder, step.recipe(), step.inputs)


def _named(patterns: Sequence[str], names: Mapping[str, PipelineStep]) -> list[str]:
    for pattern in patterns:
        if not any(fnmatch(name, pattern) for name in names):
            raise SpecError(f"no finished step '{pattern}' in this run; {nearest(pattern, names)}")
    return [name for name in names if any(fnmatch(name, pattern) for pattern in patterns)]
