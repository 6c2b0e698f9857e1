"""A run file resolved: every dataset, model and experiment with its spec, paths and inputs.

config/<run>.yaml -> Run. The Snakefile asks it for the names, the input folders and the spec file
of each step, and `check` says all that is wrong before any step starts: unknown names, options
that do not fit, raw data that are not there. Spec files are written only when they change, so
that changing one model makes one model run again.

`python -m repro.runs CONFIG` prints what a run file would do.
"""

import argparse
import importlib
import json
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro.claims import ExperimentCard, read_card
from repro.provenance import write_json
from repro.specs import (
    ModelSpec,
    PresetSpec,
    RunSpec,
    SpecError,
    Strict,
    module_options,
    nearest,
    read_yaml,
    validated,
)

ROOT = Path(__file__).parent.parent
PRESETS = ROOT / "config" / "presets"
FOLDER_OF_SLOT = {"dedup": "dedup", "model": "models"}  # any other slot holds a dataset


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

    @property
    def folder(self) -> Path:
        return Path("results") / self.name

    def raw_folder(self, dataset: str) -> Path:
        """Where a dataset's raw images lie: a generated world or the user's downloads."""
        spec = self.spec.datasets[dataset]
        if spec.world is not None:
            return self.folder / "raw" / spec.world
        return Path(self.spec.raw or ".") / str(spec.raw)

    def source_modules(self, dataset: str) -> list[str]:
        """The module that reads a dataset's raw images, and that of the source it wraps, if any."""
        spec = self.spec.datasets[dataset]
        names = (spec.source, spec.options.get("of"))
        return [f"data_prep.{name}" for name in names if name is not None]

    def model(self, name: str) -> ModelSpec:
        return self.spec.models[name]

    def spec_file(self, kind: str, name: str) -> Path:
        return self.folder / "specs" / kind / f"{name}.json"

    def slot_folder(self, role: str, slot: str) -> Path | None:
        """Folder of an experiment's input, or None when this run does not bind it."""
        bound = self.spec.roles.get(role)
        name = getattr(bound, "data" if slot in ("dedup", "raw") else slot, None)
        if name is None:
            return None
        if slot == "raw":
            return self.raw_folder(name)
        if slot == "dedup" and self.spec.datasets[name].dedup is None:
            return None
        return self.folder / FOLDER_OF_SLOT.get(slot, "data") / name

    @property
    def runnable(self) -> list[Experiment]:
        return [e for e in self.experiments if not e.unbound]


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
        name: _with_preset(model, file=file, key=f"models.{name}")
        for name, model in (values.get("models") or {}).items()
    }
    run = Run(Path(file).stem, file, validated(RunSpec, values, where=file), [])
    for name, card in discover_experiments().items():
        experiment = Experiment(name, card)
        for slot in card.inputs:
            folder = run.slot_folder(*slot.split("."))
            if folder is None:
                experiment.unbound.append(slot)
            else:
                experiment.inputs[slot] = folder
        run.experiments.append(experiment)
    _check_names(run)
    _check_options(run)
    return run


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`, mapping by mapping; lists and values are replaced whole."""
    result = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def _with_preset(model: Any, *, file: str, key: str) -> Any:
    """A model's values laid over its preset's."""
    if not isinstance(model, dict):
        return model  # validation says what is wrong with it
    name = model.get("preset", ModelSpec.model_fields["preset"].default)
    path = PRESETS / f"{name}.yaml"
    if not path.is_file():
        names = [p.stem for p in PRESETS.glob("*.yaml")]
        raise SpecError(f"{file}: '{key}.preset': no preset '{name}'; {nearest(str(name), names)}")
    preset = read_yaml(path)
    validated(PresetSpec, preset, where=str(path.relative_to(ROOT)))
    recipe = {part: preset.get(part, {}) for part in ("network", "training")}
    return merged(recipe, model)


def _check_names(run: Run) -> None:
    """Every name a run file mentions must be defined in it, or be a module that exists."""
    spec = run.spec
    mentions: list[tuple[str, str | None, Collection[str]]] = [
        *((f"datasets.{n}.world", d.world, spec.worlds) for n, d in spec.datasets.items()),
        *((f"models.{n}.data", m.data, spec.datasets) for n, m in spec.models.items()),
        *((f"roles.{n}.data", r.data, spec.datasets) for n, r in spec.roles.items()),
        *((f"roles.{n}.test", r.test, spec.datasets) for n, r in spec.roles.items()),
        *((f"roles.{n}.copies", r.copies, spec.datasets) for n, r in spec.roles.items()),
        *((f"roles.{n}.model", r.model, spec.models) for n, r in spec.roles.items()),
        *((f"experiments.{n}", n, [e.name for e in run.experiments]) for n in spec.experiments),
    ]
    for key, name, names in mentions:
        if name is not None and name not in names:
            raise SpecError(f"{run.file}: '{key}': no such name '{name}'; {nearest(name, names)}")
    for name, model in spec.models.items():
        if model.deduplicated and spec.datasets[model.data].dedup is None:
            raise SpecError(
                f"{run.file}: 'models.{name}.deduplicated' is true, but 'datasets.{model.data}' "
                "has no 'dedup:'; give it one (dedup: {} for the defaults)"
            )


def _check_options(run: Run) -> None:
    """Options of sources, worlds, hashes and experiments fit the modules they are for."""
    spec = run.spec
    for name, dataset in spec.datasets.items():
        _options(run, f"datasets.{name}", "data_prep", dataset.source, dataset.options)
        if dataset.dedup is not None:
            _options(run, f"datasets.{name}", "repro", "dedup_options", dataset.dedup, word="dedup")
    for name, world in spec.worlds.items():
        _options(run, f"worlds.{name}", "data_prep.generated", world.generator, world.options)
    experiments = {experiment.name: experiment for experiment in run.experiments}
    for name, options in spec.experiments.items():
        module = f"experiments.{name}"
        given = _options(run, module, module, "options", options, word="")
        experiments[name].files = _files_named(given)


def _files_named(options: Strict) -> list[str]:
    """Files that the options name, in fields marked by json_schema_extra={"files": True}."""
    marked = [
        name
        for name, about in type(options).model_fields.items()
        if isinstance(about.json_schema_extra, dict) and about.json_schema_extra.get("files")
    ]
    return [file for name in marked for file in getattr(options, name)]


def _options(
    run: Run, key: str, package: str, name: str, values: dict[str, Any], word: str = "options"
) -> Strict:
    folder = ROOT / Path(*package.split("."))
    if not (folder / f"{name}.py").is_file():
        names = [p.stem for p in folder.glob("*.py") if "class Options" in p.read_text()]
        raise SpecError(f"{run.file}: '{key}': no module '{name}' there; {nearest(name, names)}")
    module = importlib.import_module(f"{package}.{name}")
    place = f"{key}.{word}" if word else key
    return validated(module_options(module), values, where=run.file, key=place)


def missing_raw_data(run: Run) -> list[str]:
    """One paragraph for each file that a dataset needs and that is not there."""
    source = importlib.import_module("data_prep.source")
    lines: dict[str, None] = {}
    for name, dataset in run.spec.datasets.items():
        if dataset.world is not None:
            continue
        module = importlib.import_module(f"data_prep.{dataset.source}")
        options = module_options(module).model_validate(dataset.options)
        for need in source.missing(run.raw_folder(name), dataset.source, options):
            lines[
                f"datasets.{name} needs {need.what}\n  looked at: {need.path}\n  {need.how_to_get}"
            ] = None
    return list(lines)


def write_specs(run: Run) -> None:
    """Write each step's spec file, where it is new or differs from the one on disk."""
    spec = run.spec
    for name, world in spec.worlds.items():
        _write(run.spec_file("worlds", name), {**world.model_dump(), "seed": spec.seed})
    for name, dataset in spec.datasets.items():
        plain = dataset.model_dump(exclude={"world", "raw", "dedup"})
        _write(run.spec_file("datasets", name), plain)
        if dataset.dedup is not None:
            _write(run.spec_file("dedup", name), {"options": dataset.dedup, "seed": spec.seed})
    for name, model in spec.models.items():
        values = {"model": model.model_dump(), "seed": spec.seed, "banner": spec.banner}
        _write(run.spec_file("models", name), values)
    for experiment in run.experiments:
        options = spec.experiments.get(experiment.name, {})
        values = {"options": options, "seed": spec.seed}
        _write(run.spec_file("experiments", experiment.name), values)
    _write(run.folder / "specs" / "style.json", {"banner": spec.banner})
    _write(run.folder / "specs" / "report.json", report_spec(run))


def run_steps_with(interpreter: str, checkout: Path) -> None:
    """Let every `python -m ...` of a step be this interpreter and find this checkout's modules."""
    bin_folder = str(Path(interpreter).parent)
    os.environ["PATH"] = os.pathsep.join([bin_folder, os.environ.get("PATH", os.defpath)])
    os.environ["PYTHONPATH"] = str(checkout)


def report_spec(run: Run) -> dict[str, Any]:
    """What the report must know of a run beyond what it finds in its folders."""
    values = run.spec.model_dump(exclude={"worlds", "experiments"})
    generated = {n: d.world is not None for n, d in run.spec.datasets.items()}
    for role in values["roles"].values():
        role["kind"] = "generated" if generated.get(role["data"] or "", True) else "real"
    experiments = [
        {"name": e.name, "folder": f"experiments/{e.name}", "unbound": e.unbound}
        for e in run.experiments
    ]
    more = {"run": run.name, "config": run.file, "experiments": experiments}
    return {**values, **more, "generated": any(generated.values())}


def _write(path: Path, values: dict[str, Any]) -> None:
    text = json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if not path.is_file() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="a run file, e.g. config/demo.yaml")
    run = load_run(parser.parse_args().config)
    for kind in ("worlds", "datasets", "models", "roles"):
        print(f"{kind}: {', '.join(getattr(run.spec, kind)) or '-'}")
    for experiment in run.experiments:
        state = f"not bound: {', '.join(experiment.unbound)}" if experiment.unbound else "runs"
        print(f"experiment {experiment.name}: {state}")
    print("\n".join(missing_raw_data(run)) or "all raw data are there")


if __name__ == "__main__":
    main()
