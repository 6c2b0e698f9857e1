"""Where a model's settings differ from the paper's bedroom model, the defaults of the specs.

Where in the flow: the report says it of every trained model, config/presets/README.md of every
preset. Alone: `differing_from_paper({"network": {"ngf": 32}})`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from repro.specs import NetworkSpec, TrainingSpec

Difference = tuple[str, Any, Any]  # key with dots, the paper's value, ours; values as JSON has them


def differing_from_paper(spec: Mapping[str, Any]) -> list[Difference]:
    """Settings under `network` and `training` of a spec, as a mapping, that are not the paper's.

    In the order of the specs. What the mapping does not set does not differ.
    """
    paper = {"network": NetworkSpec(), "training": TrainingSpec()}
    defaults = {part: model.model_dump(mode="json") for part, model in paper.items()}
    return list(_differing(defaults, json.loads(json.dumps(spec)), key=""))


def _differing(
    default: dict[str, Any], found: Mapping[str, Any], *, key: str
) -> Iterator[Difference]:
    for name in (name for name in default if name in found):
        if isinstance(default[name], dict):
            yield from _differing(default[name], found[name], key=f"{key}{name}.")
        elif found[name] != default[name]:
            yield f"{key}{name}", default[name], found[name]
