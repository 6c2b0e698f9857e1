"""A run file resolved: every dataset, model and experiment with its spec, paths and inputs.

config/<run>.yaml -> Run. The Snakefile asks it for the names, the input folders and the spec file
of each step; repro.run_checks says what is wrong before any step starts. Spec files are written
only when they change, so that changing one model makes one model run again.

`python -m repro.runs CONFIG` prints what a run file would do.
"""

import argparse
import json
import os
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro.ablations import ablation_models
from repro.claims import ExperimentCard, read_card
from repro.provenance import write_json
from repro.run_checks import check_fit, check_left_out, check_names, missing_raw_data
from repro.run_models import merged, trained_apart, with_preset
from repro.specs import ModelSpec, RunModelSpec, RunSpec, SpecError, read_yaml, validated

ROOT = Path(__file__).parent.parent
# what an input asks for by another word than the role has
KEY_OF_SLOT = {"dedup": "data", "raw": "data", "models": "model", "baselines": "baseline"}


@dataclass
class Experiment:
    """An experiment folder as a run sees it."""

    name: str
    card: ExperimentCard
    inputs: dict[str, Path] = field(default_factory=dict)  # <role>.<slot> -> folder
    files: list[str] = field(default_factory=list)  # that its options name
    unbound: list[str] = field(default_factory=list)  # inputs that this run does not bind

    @property
    def input_words(self) -> list[str]:
        """The inputs as words of the measure command."""
        return [w for slot, path in self.inputs.items() for w in ("--input", f"{slot}={path}")]


@dataclass
class Run:
    """A resolved run; all paths are relative to the working folder."""

    name: str
    file: str
    spec: RunSpec
    experiments: list[Experiment]
    trainings: dict[str, list[str]]  # a model of the run file -> the models it is trained as
    ablations: dict[str, RunModelSpec] = field(default_factory=dict)  # trained when asked for

    @property
    def folder(self) -> Path:
        return Path("results") / self.name

    def raw_folder(self, dataset: str) -> Path:
        """Where a dataset's raw images lie: a generated world or the user's downloads."""
        spec = self.spec.datasets[dataset]
        if spec.world is not None:
            return self.folder / "raw" / spec.world
        return self.below_raw(str(spec.raw))

    def below_raw(self, path: str) -> Path:
        """A path of the run file below the folder of the user's downloads."""
        return Path(self.spec.raw_folder or ".") / os.path.expanduser(path)

    def source_modules(self, dataset: str) -> list[str]:
        """The module that reads a dataset's raw images, and that of the source it wraps, if any."""
        spec = self.spec.datasets[dataset]
        names = (spec.source, spec.options.get("of"))
        return [f"data_prep.{name}" for name in names if name is not None]

    @property
    def trained(self) -> dict[str, RunModelSpec]:
        """All models there may be: the run's own, and those of its ablations."""
        return {**self.spec.models, **self.ablations}

    def model(self, name: str) -> ModelSpec:
        return self.trained[name]

    def drawn(self, dataset: str) -> bool:
        """Whether a program made its pictures."""
        world = self.spec.datasets[dataset].world
        return world is not None and not self.spec.worlds[world].real

    def banner(self, datasets: set[str]) -> str:
        """Words to stamp on figures of these datasets: the run's, or what the pictures are."""
        worlds = {self.spec.datasets[name].world for name in datasets}
        own = {self.spec.worlds[world].real if world else "" for world in worlds}
        only = own.pop() if len(own) == 1 else ""
        return only or self.spec.banner

    def datasets_of(self, experiment: Experiment) -> set[str]:
        """The datasets that play the roles of an experiment."""
        roles = [self.spec.roles.get(role) for role in experiment.card.roles]
        return {role.data for role in roles if role is not None and role.data is not None}

    def spec_file(self, kind: str, name: str) -> Path:
        return self.folder / "specs" / kind / f"{name}.json"

    def slot_folders(self, role: str, slot: str) -> dict[str, Path]:
        """Folders of an experiment's input <role>.<slot>, by name; {} when this run binds none.

        The slots `models` and `baselines` are all trainings of the role's model and baseline,
        <role>.models.1 and so on, `ablations` those of the ablations on the role's dataset;
        `weights` is a file; any other slot is one folder.
        """
        bound, key = self.spec.roles.get(role), f"{role}.{slot}"
        if slot == "weights":
            return {key: self.spec.weights_file} if self.spec.weights_file else {}
        if slot == "ablations":
            data = bound.data if bound else None
            on_it = [name for name, model in self.ablations.items() if model.data == data]
            return {f"{key}.{i}": self.folder / "models" / n for i, n in enumerate(on_it, 1)}
        name = getattr(bound, KEY_OF_SLOT.get(slot, slot), None)
        if name is None or (slot == "dedup" and self.spec.datasets[name].dedup is None):
            return {}
        if slot == "raw":
            return {key: self.raw_folder(name)}
        if slot == "released":
            released = self.below_raw(name)  # an extra: a run does without where it is not there
            return {key: released} if released.is_dir() else {}
        if slot in ("model", "baseline"):
            return {key: self.folder / "models" / name}
        if slot in ("models", "baselines"):
            trainings = self.trainings[name]
            return {f"{key}.{i}": self.folder / "models" / t for i, t in enumerate(trainings, 1)}
        return {key: self.folder / ("dedup" if slot == "dedup" else "data") / name}

    @property
    def runnable(self) -> list[Experiment]:
        return [e for e in self.experiments if not e.unbound]

    def reported(self, asked: Collection[str]) -> list[Experiment]:
        """Experiments that a report waits for, where the targets `asked` are to be made."""
        return [e for e in self.runnable if e.name in asked or not e.card.on_request]

    def reported_datasets(self, asked: Collection[str]) -> list[str]:
        """Datasets of the run's models and of what `reported` names: not those on request only."""
        of_models = {model.data for model in self.spec.models.values()}
        given = {path for one in self.reported(asked) for path in one.inputs.values()}
        folders = {name: self.folder / "data" / name for name in self.spec.datasets}
        return [name for name, path in folders.items() if name in of_models or path in given]


def discover_experiments() -> dict[str, ExperimentCard]:
    """Name -> experiment.yaml of every experiment folder."""
    cards = sorted((ROOT / "experiments").glob("*/experiment.yaml"))
    return {card.parent.name: read_card(card) for card in cards}


def load_run(file: str, overrides: dict[str, Any] | None = None) -> Run:
    """Read a run file, with `overrides` (Snakemake's --config) merged over it.

    Raises SpecError naming file, key, what was found and what is allowed.
    """
    file = os.path.relpath(file)  # as it would be typed here
    values = merged(read_yaml(Path(file)), overrides or {})
    values["models"] = {
        name: with_preset(model, file=file, key=f"models.{name}")
        for name, model in (values.get("models") or {}).items()
    }
    if values.get("raw") and values.get("photos"):
        raise SpecError(
            f"{file}: 'raw' ({values['raw']}) and 'photos' ({values['photos']}) are two names of "
            "one folder, both given; give one"
        )
    spec = validated(RunSpec, values, where=file)
    models, trainings = trained_apart(spec.models, seed=spec.seed, file=file)
    ablations = ablation_models(spec, taken=models, file=file)
    spec = spec.model_copy(update={"models": models})
    cards = discover_experiments()
    check_left_out(spec, cards, file=file)
    experiments = [Experiment(n, card) for n, card in cards.items() if n not in spec.leave_out]
    run = Run(Path(file).stem, file, spec, experiments, trainings, ablations)
    check_names(run)
    for experiment in experiments:
        for slot in experiment.card.inputs:
            folders = run.slot_folders(*slot.split("."))
            experiment.inputs |= folders
            experiment.unbound += [] if folders else [slot]
        for slot in experiment.card.optional:
            experiment.inputs |= run.slot_folders(*slot.split("."))
    check_fit(run)
    return run


def write_specs(run: Run) -> None:
    """Write each step's spec file, where it is new or differs from the one on disk."""
    spec = run.spec
    for name, world in spec.worlds.items():
        drawing = {**world.model_dump(exclude={"real"}), "seed": spec.seed}
        _write(run.spec_file("worlds", name), drawing)
    for name, dataset in spec.datasets.items():
        plain = dataset.model_dump(exclude={"world", "raw", "dedup"})
        _write(run.spec_file("datasets", name), plain)
        if dataset.dedup is not None:
            _write(run.spec_file("dedup", name), {"options": dataset.dedup, "seed": spec.seed})
    for name, model in run.trained.items():
        plain = model.model_dump(exclude={"seed", "trainings"})
        values = {"model": plain, "seed": model.seed, "banner": run.banner({model.data})}
        _write(run.spec_file("models", name), values)
    for experiment in run.experiments:
        options = spec.experiments.get(experiment.name, {})
        values = {"options": options, "seed": spec.seed}
        _write(run.spec_file("experiments", experiment.name), values)
        style = {"banner": run.banner(run.datasets_of(experiment))}
        _write(run.spec_file("styles", experiment.name), style)
    _write(run.folder / "specs" / "report.json", report_spec(run))


def run_steps_with(interpreter: str, checkout: Path) -> None:
    """Let every `python -m ...` of a step be this interpreter and find this checkout's modules."""
    bin_folder = str(Path(interpreter).parent)
    os.environ["PATH"] = os.pathsep.join([bin_folder, os.environ.get("PATH", os.defpath)])
    os.environ["PYTHONPATH"] = str(checkout)


def report_spec(run: Run) -> dict[str, Any]:
    """What the report must know of a run beyond what it finds in its folders."""
    values = run.spec.model_dump(exclude={"worlds", "experiments", "ablations"})
    generated = {name: run.drawn(name) for name in run.spec.datasets}
    for role in values["roles"].values():
        role["kind"] = "generated" if generated.get(role["data"] or "", False) else "real"
    experiments = [
        {"name": e.name, "folder": f"experiments/{e.name}", "unbound": e.unbound}
        for e in run.experiments
    ]
    repeats = [name for names in run.trainings.values() for name in names[1:]]
    more = {
        "run": run.name,
        "config": run.file,
        "experiments": experiments,
        "repeats": repeats,
    }
    return {**values, **more, "generated": any(generated.values())}


def _write(path: Path, values: dict[str, Any]) -> None:
    text = json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if not path.is_file() or path.read_bytes() != text.encode("utf-8", "backslashreplace"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="a run file, e.g. config/demo.yaml")
    try:
        run = load_run(parser.parse_args().config)
    except SpecError as error:
        sys.exit(f"error: {error}")
    for kind in ("worlds", "datasets", "models", "roles"):
        print(f"{kind}: {', '.join(getattr(run.spec, kind)) or '-'}")
    for experiment in run.experiments:
        state = f"not bound: {', '.join(experiment.unbound)}" if experiment.unbound else "runs"
        print(f"experiment {experiment.name}: {state}")
    print("\n".join(missing_raw_data(run)) or "all raw data are there")


if __name__ == "__main__":
    main()
