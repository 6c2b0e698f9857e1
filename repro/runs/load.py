"""A run file resolved: every dataset, model and experiment with its spec, paths and inputs.

config/<run>.yaml -> Run. The Snakefile takes from it the names, the input folders and the spec file
of each step; repro.runs.checks reports errors before any step starts. Spec files are written only
when they change, so that changing one model makes one model run again.
`python -m repro check CONFIG [--raw FOLDER] [--config KEY=VALUE ...]` prints what a run file would
do; `add_run_file` gives these options to every command that takes a run file.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import yaml

from repro.artefacts.whole_file import write_json
from repro.command_line import new_parser
from repro.runs.cards import check_scales
from repro.runs.checks import (
    check_experiments,
    check_fit,
    check_names,
    check_opening,
    missing_raw_data,
)
from repro.runs.extensions import experiment_cards
from repro.runs.models import ablation_models, merged, trained_apart, with_preset
from repro.runs.overrides import attribute_to_config, differing, given_by_config
from repro.runs.paper_scale import bound_roles
from repro.runs.run import Experiment, Run
from repro.runs.run_name import refuse_other_photos, run_name
from repro.runs.scales import options_at_scale
from repro.specs.names import NAMED, require_names
from repro.specs.run_file import RunSpec
from repro.specs.validation import SpecError, read_yaml, validated


def load_run(file: str, overrides: dict[str, Any] | None = None) -> Run:
    """Read a run file, with `overrides` (Snakemake's --config) merged over it.

    `run` names the run and its folder, which otherwise take the file's name; `strict` makes again
    the results of other versions of PyTorch, NumPy and the like. Raises SpecError naming file (or
    --config), key, the value found and the values allowed.
    """
    if not file:
        raise SpecError("the name of a run file is empty; give one, e.g. config/demo.yaml")
    file = os.path.relpath(file)  # as it would be typed here
    values = read_yaml(Path(file))
    given = given_by_config(overrides or {}, values)
    try:
        run = _resolved(merged(values, overrides or {}), file=file)
        run.given = differing(overrides or {}, values)
        return run
    except SpecError as error:
        raise SpecError(attribute_to_config(str(error), file=file, given=given)) from None


def _resolved(values: dict[str, Any], *, file: str) -> Run:
    named, strict = values.pop("run", None), values.pop("strict", False)
    if strict not in (True, False):
        raise SpecError(f"{file}: 'strict': found {strict!r}, expected 1 or 0")
    name = run_name(named, file=file)
    require_names(values, file=file)
    values = {key: value for key, value in values.items() if value is not None or key not in NAMED}
    if isinstance(values.get("models"), dict):
        values["models"] = {
            name: with_preset(model, file=file, key=f"models.{name}")
            for name, model in values["models"].items()
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
    cards = experiment_cards()
    check_experiments(spec, cards, file=file)
    check_scales(cards)
    cards = {name: card for name, card in cards.items() if name not in spec.leave_out}
    check_opening(spec, cards, file=file)
    spec = spec.model_copy(update={"experiments": options_at_scale(spec, cards)})
    experiments = [Experiment(name, card) for name, card in cards.items()]
    run = Run(name, file, spec, experiments, trainings, ablations, strict=bool(strict))
    check_names(run)
    for experiment in experiments:
        _bind(experiment, run)
    check_fit(run)
    return run


def _bind(experiment: Experiment, run: Run) -> None:
    """Give an experiment its inputs' folders; `unbound` names those that keep it from running."""
    card = experiment.card
    found = {slot: run.slot_folders(*slot.split(".")) for slot in [*card.inputs, *card.optional]}
    missing = [slot for slot in card.inputs if not found[slot]]
    lacking = {slot.partition(".")[0] for slot in missing}
    if card.by_role and lacking < {slot.partition(".")[0] for slot in card.inputs}:
        found = {slot: own for slot, own in found.items() if slot.partition(".")[0] not in lacking}
        missing = []
    experiment.unbound = missing
    for folders in found.values():
        experiment.inputs |= folders


def write_specs(run: Run) -> None:
    """Write each step's spec file where it is new or differs from the one on disk.

    Raises SpecError for a folder that was made from other photos.
    """
    refuse_other_photos(run)
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
        style = {"banner": run.banner(run.datasets_of(experiment)), **_drawn_claims(experiment)}
        _write(run.spec_file("styles", experiment.name), style)
    _write(run.report_spec, report_spec(run))


def _drawn_claims(experiment: Experiment) -> dict[str, Any]:
    """The claims that are measured again under other choices: their rules are in the figures."""
    card = experiment.card
    again = [claim for claim in card.claims if claim.id in card.free_choices]
    return {"claims": [claim.model_dump() for claim in again]} if again else {}


def report_spec(run: Run) -> dict[str, Any]:
    """Facts about a run that the report needs and cannot find in the run's folders."""
    values = run.spec.model_dump(exclude={"worlds", "experiments", "ablations", "more_ablations"})
    generated = {name: run.drawn(name) for name in run.spec.datasets}
    for name, role in bound_roles(run).items():
        values["roles"][name] |= role.model_dump()
    experiments = [{"name": e.name, "unbound": e.unbound} for e in run.experiments]
    repeats = [name for names in run.trainings.values() for name in names[1:]]
    more = {
        "run": run.name,
        "given": run.given,
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


def _whether_it_runs(experiment: Experiment) -> str:
    if experiment.unbound:
        return f"left out because this run has no {', '.join(experiment.unbound)}"
    if experiment.card.on_request:
        return f"only on request: snakemake {experiment.name}"
    return "runs"


def add_run_file(parser: argparse.ArgumentParser) -> None:
    """Add the arguments from which `run_given` loads a run."""
    parser.add_argument("config", help="a run file, e.g. config/demo.yaml")
    parser.add_argument(
        "--config",
        dest="over",
        nargs="+",
        action="extend",
        default=[],
        type=_pair,
        metavar="KEY=VALUE",
        help="as for Snakemake's --config: run=NAME, raw=FOLDER, image_size=128",
    )
    parser.add_argument("--raw", help="folder of the raw data, instead of the run file's")


def _pair(text: str) -> tuple[str, Any]:
    """KEY=VALUE, for `type=`."""
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"found '{text}', expected KEY=VALUE")
    return key, yaml.safe_load(value)


def run_given(given: argparse.Namespace) -> Run:
    """The run that a command line names by `add_run_file`. Raises SpecError as load_run does."""
    over = dict(given.over)
    if given.raw is not None:
        over[load_run(given.config, over).spec.raw_key] = given.raw
    return load_run(given.config, over)


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("check", __doc__)
    add_run_file(parser)
    run = run_given(parser.parse_args(argv))
    for kind in ("worlds", "datasets", "models", "roles"):
        print(f"{kind}: {', '.join(getattr(run.spec, kind)) or '-'}")
    for experiment in run.experiments:
        print(f"experiment {experiment.name}: {_whether_it_runs(experiment)}")
    print("\n".join(missing_raw_data(run)) or "all raw data are there")
