"""What each step of the pipeline reads: the files and folders that the rules name as their inputs.

Where in the flow: the Snakefile makes a `StepInputs` of the resolved run, and rules/*.smk take
their inputs from it and from the functions here. What a rule does not name cannot make it run
again, so the source files count as well: all that a step's module imports, and the templates.

Alone: `code("repro.train")`.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from repro.places import ROOT
from repro.runs.import_closure import import_closure
from repro.runs.run import Run


def from_here(path: Path) -> str:
    """A path as it is reached from the working folder.

    Relative paths let a checkout and its results be moved together without running anything again.
    """
    return os.path.relpath(path)


def code(*modules: str) -> list[str]:
    """Source files of `modules` and of all they import.

    A package stands for its command. Raises FileNotFoundError where there is no such module.
    """
    return [from_here(ROOT / path) for path in import_closure(*modules)]


def templates(names: str = "*") -> list[str]:
    """Templates of the library whose file names match a pattern."""
    return [from_here(path) for path in sorted(ROOT.glob(f"repro/*/templates/{names}"))]


def pages(folder: str) -> list[str]:
    """Templates of the offline pages in a folder of the checkout, and what all such pages share.

    [] where the folder has none.
    """
    own = [from_here(path) for path in sorted(ROOT.glob(f"{folder}/*.html"))]
    return own + templates("page*") if own else []


def parts(gathered: Callable[[str], Iterable[str]], folder: str) -> list[str]:
    """Folders of all parts of a dataset {name} below `folder`; [] where it is made in one piece.

    gathered: Snakemake's `gather.<process>`, which puts each part's name for {scatteritem}.
    """
    paths = list(gathered(f"{folder}/{{{{name}}}}/{{scatteritem}}"))
    return paths if len(paths) > 1 else []


SHOWN_FIRST, TRAINS = 100, 10  # priorities; of all else 0


class Named(Protocol):
    """A job's wildcards."""

    name: str  # of a dataset or a model


class StepInputs:
    """Inputs that depend on the run: Snakemake calls the methods with the wildcards of a job.

    asked: the targets of the command line, which Snakemake knows only when it plans the jobs.
    """

    def __init__(self, run: Run, *, asked: Callable[[], Collection[str]]) -> None:
        self.run, self.asked = run, asked

    def raw(self, wildcards: Named) -> str:
        """The raw images of a dataset: a generated world or the user's downloads."""
        return str(self.run.raw_folder(wildcards.name))

    def dataset(self, wildcards: Named) -> str:
        """The prepared dataset that a model is trained on."""
        return str(self.run.folder / "data" / self.run.model(wildcards.name).data)

    def dedup(self, wildcards: Named) -> list[str]:
        """The de-duplication of a model's dataset; [] where the model does not ask for it."""
        model = self.run.model(wildcards.name)
        return [str(self.run.folder / "dedup" / model.data)] if model.deduplicated else []

    def world_priority(self, wildcards: Mapping[str, str]) -> int:
        """Of drawing a world: that of the first model comes before everything else."""
        first = self._first_data()
        own = None if first is None else self.run.spec.datasets[first].world
        return SHOWN_FIRST if own == wildcards["name"] else 0

    def data_priority(self, wildcards: Mapping[str, str]) -> int:
        """Of preparing or de-duplicating a dataset, likewise."""
        return SHOWN_FIRST if wildcards["name"] == self._first_data() else 0

    def training_priority(self, wildcards: Mapping[str, str]) -> int:
        """Trainings are long; the first model of the run file is the one that somebody sees."""
        return SHOWN_FIRST if wildcards["name"] == next(iter(self.run.spec.models)) else TRAINS

    def _first_data(self) -> str | None:
        """The dataset of the run file's first model; None of a run without models."""
        return next((model.data for model in self.run.spec.models.values()), None)

    def reported(self, wildcards: object) -> list[str]:
        """What the report waits for: all but what is run on request and was not asked for.

        Numbers as well as figures, so that deleted ones are made again before they are reported.
        """
        asked = self.asked()
        names = self.run.reported_datasets(asked)
        hashed = [name for name in names if self.run.spec.datasets[name].dedup is not None]
        shown = [experiment.name for experiment in self.run.reported(asked)]
        folders = [
            *(f"data/{name}" for name in names),
            *(f"dedup/{name}" for name in hashed),
            *(f"experiments/{name}/{part}" for name in shown for part in ("measured", "figures")),
        ]
        return [str(self.run.folder / folder) for folder in folders]
