"""The models of a run file: merged with their presets, and one for each training.

Where in the flow: `repro.runs.load` resolves a run file with these functions. `ablation_models`
makes the models under `ablations:` of a run file: one recipe with one setting changed at a time,
named after its change (ablation-base, ablation-kernel_4; further seeds end in -2, -3), and those of
`more_ablations:` (ablation-digits-base). They are
trained when an experiment that reads the slot `ablations` is requested.

Alone: `with_preset({"preset": "paper_64", "data": "rooms"}, file="my.yaml", key="models.rooms")`.
"""

import hashlib
from collections.abc import Collection
from typing import Any

from repro.places import PRESETS, ROOT
from repro.specs.differences import changes_of, name_of
from repro.specs.model import ModelSpec
from repro.specs.names import is_name, nearest_name
from repro.specs.presets import PresetSpec
from repro.specs.run_file import FOR_ALL, AblationsSpec, RunModelSpec, RunSpec, merge_over_network
from repro.specs.validation import SpecError, nearest, read_yaml, validated

PREFIX = "ablation"


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`above` merged over `below`, mapping by mapping; lists and values are replaced whole."""
    result = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def with_preset(model: Any, *, file: str, key: str) -> Any:
    """Merge a model's values, found at `key` of a run file, over those of its preset.

    Raises SpecError for an unknown preset, and for `stop_on` with a preset of the authors.
    """
    if not isinstance(model, dict):
        return model  # validation reports what is wrong with it
    name = model.get("preset", ModelSpec.model_fields["preset"].default)
    names = [p.stem for p in PRESETS.glob("*.yaml")]
    if name not in names:
        raise SpecError(f"{file}: '{key}.preset': no preset '{name}'; {nearest(str(name), names)}")
    path = PRESETS / f"{name}.yaml"
    values = read_yaml(path)
    preset = validated(PresetSpec, values, where=str(path.relative_to(ROOT)))
    recipe = {part: values.get(part, {}) for part in ("network", "training")}
    both = merged(recipe, model)
    training = both.get("training")
    stopping = training.get("stop_on") if isinstance(training, dict) else None
    if preset.of_the_paper and stopping:
        raise SpecError(
            f"{file}: '{key}.training.stop_on' is {stopping}, but nothing may "
            f"stop a recipe of the paper's authors early, and preset '{name}' is one; leave "
            "stop_on out (troubles are reported anyway) or take another preset"
        )
    return both


def trained_apart(
    models: dict[str, RunModelSpec], *, seed: int, file: str
) -> tuple[dict[str, RunModelSpec], dict[str, list[str]]]:
    """A separate model for each training of each model, and their names by the file's model."""
    apart: dict[str, RunModelSpec] = {}
    names: dict[str, list[str]] = {}
    for name, model in models.items():
        first = seed if model.seed is None else model.seed
        names[name] = [name, *(f"{name}-{i}" for i in range(2, model.trainings + 1))]
        for number, one in enumerate(names[name]):
            if number > 0 and one in models:
                raise SpecError(
                    f"{file}: 'models.{one}' is also a training of 'models.{name}' "
                    f"(trainings: {model.trainings}); give it another name"
                )
            apart[one] = model.model_copy(update={"seed": first + number, "trainings": 1})
    return apart, names


def ablation_models(spec: RunSpec, *, taken: Collection[str], file: str) -> dict[str, RunModelSpec]:
    """Every training under `ablations:` and `more_ablations:`; {} for none.

    The recipe comes first, then each change merged over it; all of a recipe have the same seeds.
    taken: names of the run's other models. Raises SpecError, naming file and key, for a value that
    does not fit, and for a change that changes nothing or is given twice.
    """
    models: dict[str, RunModelSpec] = {}
    if spec.ablations is not None:
        models |= _changed(spec, spec.ablations, prefix=PREFIX, file=file, key="ablations")
    for name, own in spec.more_ablations.items():
        key = f"more_ablations.{name}"
        more = _changed(spec, own, prefix=f"{PREFIX}-{name}", file=file, key=key)
        if twice := sorted(more.keys() & models.keys()):
            raise SpecError(f"{file}: '{key}' makes a second '{twice[0]}'; give it another name")
        models |= more
    apart, _ = trained_apart(models, seed=spec.seed, file=file)
    for name in sorted(set(apart) & set(taken)):
        raise SpecError(f"{file}: 'models.{name}' is the name of an ablation; give it another")
    return apart


def _changed(
    spec: RunSpec, ablations: AblationsSpec, *, prefix: str, file: str, key: str
) -> dict[str, RunModelSpec]:
    """The recipe of one block of ablations and each change to it, by the names of their models."""
    recipe, trainings = ablations.model, ablations.trainings
    base = _model(spec, recipe, trainings, file=file, key=f"{key}.model")
    models = {f"{prefix}-base": base}
    for number, change in enumerate(ablations.changes):
        place = f"{key}.changes[{number}]"
        model = _model(spec, merged(recipe, change), trainings, file=file, key=place)
        changed = changes_of(base, model)
        if not changed:
            raise SpecError(f"{file}: '{place}' is {change}, which is already in the recipe")
        name = _short(f"{prefix}-{name_of(changed)}")
        if name in models:
            raise SpecError(f"{file}: '{place}' is {change}, which is given twice; leave out one")
        models[name] = model
    return models


def _model(
    spec: RunSpec, values: dict[str, Any], trainings: int, *, file: str, key: str
) -> RunModelSpec:
    for_all = {name: getattr(spec, name) for name in FOR_ALL if getattr(spec, name) is not None}
    own = {"trainings": trainings}
    complete = merge_over_network(merged(with_preset(values, file=file, key=key), own), for_all)
    return validated(RunModelSpec, complete, where=file, key=key)


def _short(name: str) -> str:
    """The name of an ablation; a long one becomes its beginning and a digest of the rest."""
    if is_name(name, "model"):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{nearest_name(name[:60], 'model')}-{digest}"
