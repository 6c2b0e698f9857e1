"""List where a model's settings differ from the paper's bedroom model, the defaults of the specs.

Where in the flow: the report lists the differences of every trained model, config/presets/README.md
those of every preset, and repro.report.departures those of all sources side by side. Alone:
`differing_from_paper({"network": {"ngf": 32}})`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec

PAPER_NETWORK, PAPER_TRAINING = NetworkSpec().model_dump(), TrainingSpec().model_dump()
Difference = tuple[str, Any, Any]  # dotted key, the paper's value, ours; values as in JSON


def differing_from_paper(spec: Mapping[str, Any]) -> list[Difference]:
    """Settings under `network` and `training` of a spec, as a mapping, that are not the paper's.

    They come in the order of the specs. Settings absent from the mapping do not differ.
    """
    return differences({"network": PAPER_NETWORK, "training": PAPER_TRAINING}, spec)


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    """Settings that differ between two specs, in the first one's order: (key, first, other).

    Settings that only one of them has do not differ.
    """
    return list(_differing(_as_json(one), _as_json(other), key=""))


def changes_of(base: ModelSpec, model: ModelSpec) -> list[Difference]:
    """Settings of one model's spec that differ from the other's, in the order of the specs."""
    own = set(ModelSpec.model_fields)
    return differences(base.model_dump(include=own), model.model_dump(include=own))


def name_of(changed: list[Difference]) -> str:
    """Changes as part of the name of a file or measurement: "kernel_4", "l2_0-beta1_0.9"."""
    words = (f"{key.rpartition('.')[2]}_{format_setting(value)}" for key, _, value in changed)
    return "-".join(re.sub(r"[^\w.+-]", "_", word) for word in words)


def format_setting(value: Any) -> str:
    """A setting's value as one would write it in a run file; "–" for None."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        without = PAPER_TRAINING["augmentation"]  # the only setting that has settings of its own
        changed = {k: v for k, v in value.items() if v != without.get(k)}
        return ", ".join(f"{k}: {format_setting(v)}" for k, v in changed.items()) or "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _as_json(spec: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(spec))
    return plain


def _differing(
    default: dict[str, Any], found: Mapping[str, Any], *, key: str
) -> Iterator[Difference]:
    for name in (name for name in default if name in found):
        if isinstance(default[name], dict):
            yield from _differing(default[name], found[name], key=f"{key}{name}.")
        elif found[name] != default[name]:
            yield f"{key}{name}", default[name], found[name]
