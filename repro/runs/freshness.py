"""Decide by content which steps of a run are up to date, and keep the stamps for Snakemake.

Where in the flow: only the step itself replaces its folder, by a whole new one. Snakemake waits for
a small file instead, the step's stamp in results/<run>/stamps/, and deletes only that before it
starts a job. When the Snakefile is read, `settle` compares every step's folder with the recipe that
the run now requires (repro.artefacts.recipe). A step that is up to date gets its stamp, with a time
long ago; any other step loses its stamp, and so do all steps that depend on it. So a file date, a
copy or clone of the results, or an edit that was undone makes nothing again, and Snakemake cannot
delete anything that took time.

Alone: `settle_run(load_run("config/demo.yaml"))`.
"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from repro.artefacts.disk_full import naming_full_disk
from repro.artefacts.import_closure import page_files, templates
from repro.artefacts.provenance import ChangedFileError, Input, path_of, read_record
from repro.artefacts.raw_files import RawFiles
from repro.artefacts.recipe import NOT_THERE, Recipe, other_versions, shorten_list, why_not
from repro.runs.extensions import (
    CARDS,
    drawing_modules,
    experiment_module,
    files_read,
    hashing_module,
    preparing_modules,
    source_options,
)
from repro.runs.report_inputs import Shown, report_inputs
from repro.runs.run import Experiment, Run
from repro.specs.validation import read_step

LONG_AGO = 946_684_800  # time of the stamps that `settle` writes: the year 2000
AFTER = "made again after"


@dataclass(frozen=True)
class PipelineStep:
    """A step: its folder below the run's, the modules it runs, its settings and its inputs."""

    run: Path
    name: str  # models/faces
    modules: tuple[str, ...]
    spec: Path
    inputs: Mapping[str, Input] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    processes: int = 1
    after: tuple[Path, ...] | None = None  # folders it is made again after; None: its inputs

    @property
    def folder(self) -> Path:
        return self.run / self.name

    @property
    def stamp(self) -> Path:
        return stamp(self.folder, run=self.run)

    def recipe(self) -> Recipe:
        """The recipe that the run now requires."""
        return Recipe.of(
            *self.modules,
            settings=read_step(self.spec),
            files=self.files,
            processes=self.processes,
        )


def stamp(folder: Path, *, run: Path) -> Path:
    """The stamp of a step's folder."""
    return run / "stamps" / folder.relative_to(run)


def pipeline(run: Run) -> Iterator[PipelineStep]:
    """All steps of a run, each after the steps it depends on; the report comes last."""
    for name, world in run.spec.worlds.items():
        modules = drawing_modules(world.generator)
        yield PipelineStep(run.folder, f"raw/{name}", modules, run.spec_file("worlds", name))
    for name in run.spec.datasets:
        yield _preparing(run, name)
    for name, dataset in run.spec.datasets.items():
        if dataset.dedup is not None:
            data = {"data": run.folder / "data" / name}
            spec = run.spec_file("dedup", name)
            yield PipelineStep(run.folder, f"dedup/{name}", (hashing_module(),), spec, data)
    for name in run.trained:
        yield _training(run, name)
    for experiment in run.runnable:
        yield from _measuring_and_drawing(run, experiment)
    yield reporting(run)


def _preparing(run: Run, name: str) -> PipelineStep:
    modules = preparing_modules(*run.sources(name))
    inputs = {"raw": raw_files(run, name)}
    return PipelineStep(
        run.folder, f"data/{name}", modules, run.spec_file("datasets", name), inputs
    )


def raw_files(run: Run, dataset: str) -> RawFiles:
    """The raw files that a dataset's source reads."""
    spec, raw = run.spec.datasets[dataset], run.raw_folder(dataset)
    options = source_options(spec.source, spec.options, file=run.file, key=f"datasets.{dataset}")
    return RawFiles(raw, files_read(raw, spec.source, options))


def _training(run: Run, name: str) -> PipelineStep:
    model = run.model(name)
    inputs: dict[str, Input] = {"data": run.folder / "data" / model.data}
    if model.deduplicated:
        inputs["dedup"] = run.folder / "dedup" / model.data
    return PipelineStep(
        run.folder,
        f"models/{name}",
        ("repro.train",),
        run.spec_file("models", name),
        inputs,
        processes=run.spec.processes_per_training,
    )


def _measuring_and_drawing(run: Run, experiment: Experiment) -> Iterator[PipelineStep]:
    name = f"experiments/{experiment.name}"
    files: dict[str, Input] = {file: Path(file) for file in experiment.files}
    yield PipelineStep(
        run.folder,
        f"{name}/measured",
        (experiment_module(experiment.name, "measure"),),
        run.spec_file("experiments", experiment.name),
        {**experiment.inputs, **files},
    )
    module = experiment_module(experiment.name, "figure")
    yield PipelineStep(
        run.folder,
        f"{name}/figures",
        (module,),
        run.spec_file("styles", experiment.name),
        {"measured": run.folder / name / "measured"},
        files=page_files(module),
    )


def reporting(run: Run) -> PipelineStep:
    """The report of the results that now exist.

    Experiments run only on request make it again when they have been run, not before.
    """
    inputs: dict[str, Input] = {}
    with suppress(ChangedFileError):  # the report itself says which folder
        inputs = report_inputs(run.folder, CARDS, _shown(run))
    after = tuple(run.folder / name for name in reported(run, requested=()))
    return PipelineStep(
        run.folder,
        "report",
        ("repro.report",),
        run.report_spec,
        inputs,
        files=templates(),
        after=after,
    )


def _shown(run: Run) -> Shown:
    datasets = run.spec.datasets
    return Shown(
        datasets=list(datasets),
        hashed=[name for name, dataset in datasets.items() if dataset.dedup is not None],
        models=list(run.spec.models),
        experiments=[one.name for one in run.experiments],
    )


def reported(run: Run, *, requested: Collection[str]) -> list[str]:
    """Folders, relative to the run's, that a report waits for when `requested` are the targets.

    They include numbers as well as figures, so that deleted ones are made again before the report.
    """
    names = run.reported_datasets(requested)
    hashed = [name for name in names if run.spec.datasets[name].dedup is not None]
    shown = [experiment.name for experiment in run.reported(requested)]
    return [
        *(f"data/{name}" for name in names),
        *(f"dedup/{name}" for name in hashed),
        *(f"models/{name}" for name in run.spec.models),
        *(f"experiments/{name}/{part}" for name in shown for part in ("measured", "figures")),
    ]


def settle_run(run: Run) -> list[str]:
    """Settle all steps of a run; returns lines on what is made again and why, and what is old."""
    steps = [*pipeline(run)]
    again = settle(steps)
    lines = [f"{folder} is to be made again: {why}" for folder, why in again.items()]
    made: dict[str, list[str]] = {}
    for step in steps:
        if step.stamp.exists() and (others := other_versions(read_record(step.folder))):
            made.setdefault(others, []).append(step.name)
    for others, names in made.items():
        lines.append(
            f"{others}: {shorten_list(names)} kept; --config strict=1 makes such steps again"
        )
    return lines


def settle(steps: Sequence[PipelineStep]) -> dict[Path, str]:
    """Give every up-to-date step its stamp, and remove the stamp of any other.

    Returns why steps made earlier are out of date now, by folder, without steps that merely depend
    on them. Raises DiskFullError.
    """
    reasons: dict[Path, str] = {}
    for step in steps:
        reason = _of_others(step, reasons) or why_not(step.folder, step.recipe(), step.inputs)
        if reason is None:
            _write(step.stamp)
        else:
            reasons[step.folder] = reason
            step.stamp.unlink(missing_ok=True)
    return {
        folder: reason
        for folder, reason in reasons.items()
        if reason != NOT_THERE and not reason.startswith(AFTER)
    }


def _of_others(step: PipelineStep, reasons: Mapping[Path, str]) -> str | None:
    """Why a step must be made again together with the steps it depends on."""
    if not step.folder.exists():
        return NOT_THERE
    waited_for = map(path_of, step.inputs.values()) if step.after is None else step.after
    again = [str(path) for path in waited_for if path in reasons]
    return f"{AFTER} {shorten_list(again)}" if again else None


def _write(stamp: Path) -> None:
    with naming_full_disk(stamp):
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
        os.utime(stamp, (LONG_AGO, LONG_AGO))
