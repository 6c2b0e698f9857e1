"""The models of a run file: laid over their presets, and one for each training.

Where in the flow: `repro.runs` resolves a run file with these, `repro.ablations` the trainings that
change one setting at a time.

Alone: `with_preset({"preset": "paper_64", "data": "rooms"}, file="my.yaml", key="models.rooms")`.
"""

from pathlib import Path
from typing import Any

from repro.specs import (
    PRESETS,
    ModelSpec,
    PresetSpec,
    RunModelSpec,
    SpecError,
    nearest,
    read_yaml,
    validated,
)

ROOT = Path(__file__).parent.parent


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`, mapping by mapping; lists and values are replaced whole."""
    result = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def with_preset(model: Any, *, file: str, key: str) -> Any:
    """A model's values, found at `key` of a run file, laid over those of its preset.

    Raises SpecError for a preset there is none of, and for `stop_on` with one of the authors'.
    """
    if not isinstance(model, dict):
        return model  # validation says what is wrong with it
    name = model.get("preset", ModelSpec.model_fields["preset"].default)
    path = PRESETS / f"{name}.yaml"
    if not path.is_file():
        names = [p.stem for p in PRESETS.glob("*.yaml")]
        raise SpecError(f"{file}: '{key}.preset': no preset '{name}'; {nearest(str(name), names)}")
    values = read_yaml(path)
    preset = validated(PresetSpec, values, where=str(path.relative_to(ROOT)))
    recipe = {part: values.get(part, {}) for part in ("network", "training")}
    both = merged(recipe, model)
    if preset.of_the_paper and (both.get("training") or {}).get("stop_on"):
        raise SpecError(
            f"{file}: '{key}.training.stop_on' is {both['training']['stop_on']}, but nothing may "
            f"stop a recipe of the paper's authors early, and preset '{name}' is one; leave "
            "stop_on out (troubles are named all the same) or take another preset"
        )
    return both


def trained_apart(
    models: dict[str, RunModelSpec], *, seed: int, file: str
) -> tuple[dict[str, RunModelSpec], dict[str, list[str]]]:
    """A model of its own for each training of each model, and their names by the file's model."""
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
