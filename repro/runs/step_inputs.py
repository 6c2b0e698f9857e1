"""Inputs of each step of the pipeline, in the form that the rules use.

Where in the flow: the Snakefile makes a `StepInputs` of the resolved run, and rules/*.smk take
their inputs and parameters from it. A rule waits for stamps (repro.runs.freshness) and reads the
folders that they stand for.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from repro.artefacts.provenance import sha256_of_input, sha256_of_json
from repro.runs.freshness import pipeline, reported, stamp
from repro.runs.run import Experiment, Run
from repro.specs.model import ModelSpec


def parts(gathered: Callable[[str], Iterable[str]], folder: str) -> list[str]:
    """Folders of all parts of a dataset {name} below `folder`; [] where it is made in one piece.

    gathered: Snakemake's `gather.<process>`, which replaces {scatteritem} by each part's name.
    """
    paths = list(gathered(f"{folder}/{{{{name}}}}/{{scatteritem}}"))
    return paths if len(paths) > 1 else []


class Wildcards(Protocol):
    """A job's wildcards."""

    name: str  # of a dataset or a model


class StepInputs:
    """Inputs that depend on the run: Snakemake calls the methods with the wildcards of a job.

    requested: the targets of the command line, which Snakemake knows only when it plans the jobs.
    """

    def __init__(self, run: Run, *, requested: Callable[[], Collection[str]]) -> None:
        self.run, self.requested = run, requested

    def stamp(self, name: str) -> str:
        """The stamp of a folder of the run; {wildcards} are left to Snakemake."""
        return str(stamp(self.run.folder / name, run=self.run.folder))

    def stamps(self, *folders: Path) -> list[str]:
        """The stamps of the given folders that steps of this run make."""
        own = [path for path in folders if path.is_relative_to(self.run.folder)]
        return [str(stamp(path, run=self.run.folder)) for path in own]

    def raw(self, wildcards: Wildcards) -> list[str]:
        """The stamp of the world whose images a dataset holds; [] for the user's downloads."""
        return self.stamps(self.run.raw_folder(wildcards.name))

    def raw_folder(self, wildcards: Wildcards) -> str:
        """The raw images of a dataset: a generated world or the user's downloads."""
        return str(self.run.raw_folder(wildcards.name))

    def dataset(self, wildcards: Wildcards) -> list[str]:
        """The stamp of the prepared dataset that a model is trained on."""
        return self.stamps(Path(self.dataset_folder(wildcards)))

    def dataset_folder(self, wildcards: Wildcards) -> str:
        return str(self.run.folder / "data" / self.run.model(wildcards.name).data)

    def dedup(self, wildcards: Wildcards) -> list[str]:
        """The stamp of the dataset's de-duplication; [] where the model uses none."""
        return self.stamps(*self._dedup_folders(wildcards))

    def dedup_arguments(self, wildcards: Wildcards) -> list[str]:
        """The folder of the de-duplication as arguments of the command."""
        return [word for path in self._dedup_folders(wildcards) for word in ("--dedup", str(path))]

    def _dedup_folders(self, wildcards: Wildcards) -> list[Path]:
        model = self.run.model(wildcards.name)
        return [self.run.folder / "dedup" / model.data] if model.deduplicated else []

    def world_priority(self, wildcards: Mapping[str, str]) -> int:
        """Priority of drawing a world: that of the first model that needs it; 0 where none does."""
        datasets = self.run.spec.datasets
        return self._rank(lambda model: datasets[model.data].world == wildcards["name"])

    def data_priority(self, wildcards: Mapping[str, str]) -> int:
        """Priority of preparing or de-duplicating a dataset: that of its first reader."""
        name = wildcards["name"]
        folders = {self.run.folder / kind / name for kind in ("data", "dedup")}
        readers = [one for one in self.run.runnable if folders & set(one.inputs.values())]
        own = self._rank(lambda model: model.data == name)
        return max([own, *map(self.measuring_priority, readers)])

    def training_priority(self, wildcards: Mapping[str, str]) -> int:
        """Priority of a training: models are trained in the run file's order, ablations last.

        All trainings come before anything is measured, unless the run measures early. So a run file
        that names its longest trainings first keeps all cores busy to the end.
        """
        model = self.run.trained[wildcards["name"]]
        return self._rank(lambda other: other is model)

    def measuring_priority(self, experiment: Experiment) -> int:
        """Priority of an experiment: that of its last model if the run measures early, else 0."""
        if not self.run.spec.measure_early:
            return 0
        models = {self.run.folder / "models" / name: name for name in self.run.trained}
        read = [models[path] for path in experiment.inputs.values() if path in models]
        return min((self.training_priority({"name": name}) for name in read), default=0)

    def _rank(self, wanted: Callable[[ModelSpec], bool]) -> int:
        """Number of models in the run file from the first wanted one on; 0 where none is wanted."""
        models = list(self.run.spec.models.values())
        ranks = (len(models) - place for place, model in enumerate(models) if wanted(model))
        return next(ranks, 0)

    def reported(self, wildcards: object) -> list[str]:
        """Stamps that the report waits for: those only on request are left out unless requested."""
        return [self.stamp(name) for name in reported(self.run, requested=self.requested())]

    def parts_recipe(self, kind: str) -> Callable[[Wildcards], str]:
        """One hash of everything that decides the bytes of a dataset's parts (`data`, or `dedup`).

        Parts belong to Snakemake itself, and a rule that has this hash among its parameters makes
        them again when it has changed.
        """

        def recipe(wildcards: Wildcards) -> str:
            step = next(one for one in pipeline(self.run) if one.name == f"{kind}/{wildcards.name}")
            read = step.inputs.get("raw")
            world = self.raw(wildcards)  # its stamp changes when it is drawn anew
            raw = sha256_of_input(read) if read is not None and not world else ""
            return sha256_of_json([step.recipe().recorded(), raw])

        return recipe
