"""Ablations: one recipe of a run file, and what is changed in it, as models with names.

Where in the flow: `repro.runs` asks for the models under `ablations:` of a run file. They are
trained where an experiment that reads the slot `ablations` is asked for, and named after what they
change: ablation-base, ablation-kernel_4, ablation-l2_0; further seeds end in -2, -3.

Alone: `ablation_models(spec, taken=[], file="config/demo.yaml")`.
"""

import re
from collections.abc import Collection
from typing import Any

from repro.run_models import merged, trained_apart, with_preset
from repro.spec_differences import Difference, as_in_a_run_file, differences
from repro.specs import FOR_ALL, ModelSpec, RunModelSpec, RunSpec, SpecError, validated

PREFIX = "ablation"


def ablation_models(spec: RunSpec, *, taken: Collection[str], file: str) -> dict[str, RunModelSpec]:
    """Every training under `ablations:`: the recipe, then each change laid over it; {} for none.

    All have the same seeds. taken: names of the run's other models. Raises SpecError, naming file
    and key, for a value that does not fit and a change that changes nothing or stands there twice.
    """
    if spec.ablations is None:
        return {}
    recipe = spec.ablations.model
    base = _model(spec, recipe, file=file, key="ablations.model")
    models = {f"{PREFIX}-base": base}
    for number, change in enumerate(spec.ablations.changes):
        key = f"ablations.changes[{number}]"
        model = _model(spec, merged(recipe, change), file=file, key=key)
        changed = changes_of(base, model)
        if not changed:
            raise SpecError(f"{file}: '{key}' is {change}, which the recipe says already")
        name = f"{PREFIX}-{name_of(changed)}"
        if name in models:
            raise SpecError(f"{file}: '{key}' is {change}, which stands there twice; leave out one")
        models[name] = model
    apart, _ = trained_apart(models, seed=spec.seed, file=file)
    for name in sorted(set(apart) & set(taken)):
        raise SpecError(f"{file}: 'models.{name}' is the name of an ablation; give it another")
    return apart


def changes_of(base: ModelSpec, model: ModelSpec) -> list[Difference]:
    """What one model's spec says otherwise than the other's, in the order of the specs."""
    own = set(ModelSpec.model_fields)
    return differences(base.model_dump(include=own), model.model_dump(include=own))


def name_of(changed: list[Difference]) -> str:
    """Changes as part of a file's or measurement's name: "kernel_4", "l2_0-beta1_0.9"."""
    words = (f"{key.rpartition('.')[2]}_{as_in_a_run_file(value)}" for key, _, value in changed)
    return "-".join(re.sub(r"[^\w.+-]", "_", word) for word in words)


def _model(spec: RunSpec, values: dict[str, Any], *, file: str, key: str) -> RunModelSpec:
    assert spec.ablations is not None
    for_all = {name: getattr(spec, name) for name in FOR_ALL if getattr(spec, name) is not None}
    own = {"network": for_all, "trainings": spec.ablations.trainings}
    complete = merged(with_preset(values, file=file, key=key), own)
    return validated(RunModelSpec, complete, where=file, key=key)
