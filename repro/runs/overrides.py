"""What --config lays over a run file, and which of the two a complaint is about.

Where in the flow: `repro.runs.load` merges the two before it reads anything of either. Snakemake
hands over what --configfile says together with --config, so what the file says likewise counts as
the file's.

Alone: `given_by_config({"seed": 1, "scale": "tiny"}, {"seed": 1})` is `["scale"]`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from repro.specs.names import in_a_key
from repro.specs.run_file import FOR_ALL


def given_by_config(
    overrides: Mapping[str, Any], values: Mapping[str, Any], *, above: str = ""
) -> list[str]:
    """Keys with dots of all that `overrides` says otherwise than the run file's `values`."""
    keys: list[str] = []
    for name, value in overrides.items():
        key, own = f"{above}{in_a_key(name)}", values.get(name)
        if isinstance(value, Mapping) and isinstance(own, Mapping):
            keys += given_by_config(value, own, above=f"{key}.")
        elif name not in values or value != own:
            keys.append(key)
    return keys


def told_of(message: str, *, file: str, given: Sequence[str]) -> str:
    """The lines of a complaint, each about --config where the key that it names came from there."""
    return "\n".join(_told_of(line, file, given) for line in message.split("\n"))


def _told_of(line: str, file: str, given: Sequence[str]) -> str:
    head = f"{file}: "
    if not line.startswith(head):
        return line
    rest = line.removeprefix(head)
    named = rest.removeprefix("unknown key ")
    if any(named.startswith((f"'{key}'", f"'{key}.", f"'{key}[")) for key in given):
        return f"--config: {rest}"
    for_all = ", ".join(key for key in given if key in FOR_ALL)  # laid over models and datasets
    if for_all and named.startswith(("'models.", "'datasets.", "'ablations.")):
        return f"{file}, with --config {for_all}: {rest}"
    return line
