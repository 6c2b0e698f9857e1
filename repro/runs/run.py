"""A resolved run: its datasets, models and experiments with their specs, folders and inputs.

Where in the flow: repro.runs.load makes a `Run` of a run file; the Snakefile takes from it names,
input folders and the spec file of each step.
"""

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro.claims.card import ExperimentCard
from repro.specs.model import ModelSpec
from repro.specs.roles import SLOTS, Kind
from repro.specs.run_file import RunModelSpec, RunSpec


@dataclass
class Experiment:
    """An experiment folder as a run sees it."""

    name: str
    card: ExperimentCard
    inputs: dict[str, Path] = field(default_factory=dict)  # <role>.<slot> -> folder
    files: list[str] = field(default_factory=list)  # files that its options name
    unbound: list[str] = field(default_factory=list)  # inputs that this run does not bind

    @property
    def input_arguments(self) -> list[str]:
        """The inputs as arguments of the measure command."""
        return [w for slot, path in self.inputs.items() for w in ("--input", f"{slot}={path}")]


@dataclass
class Run:
    """A resolved run; all paths are relative to the working folder."""

    name: str
    file: str
    spec: RunSpec
    experiments: list[Experiment]
    trainings: dict[str, list[str]]  # model of the run file -> names of its trained models
    ablations: dict[str, RunModelSpec] = field(default_factory=dict)  # trained on request
    strict: bool = False  # `strict` in --config: results of other package versions are made again
    given: dict[str, Any] = field(default_factory=dict)  # what --config gave besides the run file

    @property
    def folder(self) -> Path:
        return Path("results") / self.name

    def raw_folder(self, dataset: str) -> Path:
        """Path of a dataset's raw images: a generated world or the user's downloads."""
        spec = self.spec.datasets[dataset]
        if spec.world is not None:
            return self.folder / "raw" / spec.world
        return self.below_raw(str(spec.raw))

    def below_raw(self, path: str) -> Path:
        """A path from the run file, below the folder of the user's downloads."""
        return Path(self.spec.raw_folder or ".") / os.path.expanduser(path)

    def sources(self, dataset: str) -> list[str]:
        """The source that reads a dataset's raw images, and the source it wraps, if any."""
        spec = self.spec.datasets[dataset]
        return [name for name in (spec.source, spec.options.get("of")) if name is not None]

    @property
    def trained(self) -> dict[str, RunModelSpec]:
        """All possible models: the run's own and its ablations."""
        return {**self.spec.models, **self.ablations}

    def model(self, name: str) -> ModelSpec:
        return self.trained[name]

    def drawn(self, dataset: str) -> bool:
        """Whether a program drew its pictures."""
        world = self.spec.datasets[dataset].world
        return world is not None and not self.spec.worlds[world].real

    def banner(self, datasets: set[str]) -> str:
        """Text to stamp on figures of these datasets: the run's, or the kind of the pictures."""
        worlds = {self.spec.datasets[name].world for name in datasets}
        own = {self.spec.worlds[world].real if world else "" for world in worlds}
        only = own.pop() if len(own) == 1 else ""
        return only or self.spec.banner

    def datasets_of(self, experiment: Experiment) -> set[str]:
        """The datasets bound to the roles of an experiment."""
        roles = [self.spec.roles.get(role) for role in experiment.card.roles]
        return {role.data for role in roles if role is not None and role.data is not None}

    def spec_file(self, kind: str, name: str) -> Path:
        return self.folder / "specs" / kind / f"{name}.json"

    @property
    def report_spec(self) -> Path:
        """The spec file of the report."""
        return self.folder / "specs" / "report.json"

    def slot_folders(self, role: str, slot: str) -> dict[str, Path]:
        """Folders of an experiment's input <role>.<slot>, by name; {} when this run binds none.

        Where a slot may hold several (repro.specs.roles), they are <role>.<slot>.1 and so on.
        """
        about, key = SLOTS[slot], f"{role}.{slot}"
        name = getattr(self.spec.roles.get(role), about.key, None)
        paths = self._paths(about.kind, name)
        if about.kind in ("models", "trainings", "ablations"):
            return {f"{key}.{i}": path for i, path in enumerate(paths, 1)}
        return {key: paths[0]} if paths else {}

    def _paths(self, kind: Kind, name: Any) -> list[Path]:
        """Paths of a slot's folders; name: the value or values under the slot's key in the role."""
        if kind == "weights":
            return [self.spec.weights_file] if self.spec.weights_file else []
        if name is None:
            return []
        models = self.folder / "models"
        match kind:
            case "dataset":
                return [self.folder / "data" / name]
            case "dedup":
                asked_for = self.spec.datasets[name].dedup is not None
                return [self.folder / "dedup" / name] if asked_for else []
            case "raw":
                return [self.raw_folder(name)]
            case "model":
                return [models / name]
            case "models":
                return [models / one for one in name]
            case "trainings":
                return [models / training for training in self.trainings[name]]
            case "ablations":
                return [models / n for n, model in self.ablations.items() if model.data == name]
            case "released":
                folder = self.below_raw(name)  # an extra: a run works without it
                return [folder] if folder.is_dir() else []

    @property
    def runnable(self) -> list[Experiment]:
        return [e for e in self.experiments if not e.unbound]

    def reported(self, requested: Collection[str]) -> list[Experiment]:
        """Experiments that a report waits for when `requested` are the targets."""
        return [e for e in self.runnable if e.name in requested or not e.card.on_request]

    def reported_datasets(self, requested: Collection[str]) -> list[str]:
        """Datasets of the run's models and of the `reported` experiments; no others on request."""
        of_models = {model.data for model in self.spec.models.values()}
        given = {path for one in self.reported(requested) for path in one.inputs.values()}
        folders = {name: self.folder / "data" / name for name in self.spec.datasets}
        return [name for name, path in folders.items() if name in of_models or path in given]
