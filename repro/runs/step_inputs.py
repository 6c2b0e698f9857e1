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
from repro.runs.run import Experiment, Run
from repro.specs.model import ModelSpec


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
        """Of drawing a world: that of the first model that needs it; 0 where none does."""
        datasets = self.run.spec.datasets
        return self._rank(lambda model: datasets[model.data].world == wildcards["name"])

    def data_priority(self, wildcards: Mapping[str, str]) -> int:
        """Of preparing or de-duplicating a dataset, likewise, or of an experiment that reads it."""
        name = wildcards["name"]
        folders = {self.run.folder / kind / name for kind in ("data", "dedup")}
        readers = [one for one in self.run.runnable if folders & set(one.inputs.values())]
        own = self._rank(lambda model: model.data == name)
        return max([own, *map(self.measuring_priority, readers)])

    def training_priority(self, wildcards: Mapping[str, str]) -> int:
        """Of a training: models are trained in the run file's order, those of ablations last.

        All of them before anything is measured, unless the run measures early. So a run file that
        names its longest trainings first keeps all cores busy to the end.
        """
        model = self.run.trained[wildcards["name"]]
        return self._rank(lambda other: other is model)

    def measuring_priority(self, experiment: Experiment) -> int:
        """Of an experiment: that of the last of its models in a run that measures early, else 0."""
        if not self.run.spec.measure_early:
            return 0
        models = {self.run.folder / "models" / name: name for name in self.run.trained}
        read = [models[path] for path in experiment.inputs.values() if path in models]
        return min((self.training_priority({"name": name}) for name in read), default=0)

    def _rank(self, wanted: Callable[[ModelSpec], bool]) -> int:
        """Of the first such model in the run file: the number of models from it on, else 0."""
        models = list(self.run.spec.models.values())
        ranks = (len(models) - place for place, model in enumerate(models) if wanted(model))
        return next(ranks, 0)

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
