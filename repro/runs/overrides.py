"""Tell which values come from --config rather than the run file, so that errors name the right one.

Where in the flow: `repro.runs.load` merges the two before it reads either. Snakemake passes the
values of --configfile together with --config, so a value equal to the file's counts as the file's.

Alone: `given_by_config({"seed": 1, "scale": "tiny"}, {"seed": 1})` is `["scale"]`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from repro.specs.names import show_in_key
from repro.specs.run_file import FOR_ALL


def given_by_config(overrides: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """Dotted keys whose value in `overrides` differs from the run file's `values`."""
    return [".".join(map(show_in_key, names)) for names, _ in _differing(overrides, values)]


def differing(overrides: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `overrides` that the run file's `values` lack or give otherwise."""
    found: dict[str, Any] = {}
    for names, value in _differing(overrides, values):
        place = found
        for name in names[:-1]:
            place = place.setdefault(name, {})
        place[names[-1]] = value
    return found


def _differing(
    overrides: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The names that lead to each value that differs, and the value in `overrides`."""
    for name, value in overrides.items():
        own = values.get(name)
        if isinstance(value, Mapping) and isinstance(own, Mapping):
            for names, part in _differing(value, own):
                yield (name, *names), part
        elif name not in values or value != own:
            yield (name,), value


def attribute_to_config(message: str, *, file: str, given: Sequence[str]) -> str:
    """The lines of an error message, each naming --config where its key came from there."""
    return "\n".join(_told_of(line, file, given) for line in message.split("\n"))


def _told_of(line: str, file: str, given: Sequence[str]) -> str:
    head = f"{file}: "
    if not line.startswith(head):
        return line
    rest = line.removeprefix(head)
    named = rest.removeprefix("unknown key ")
    if any(named.startswith((f"'{key}'", f"'{key}.", f"'{key}[")) for key in given):
        return f"--config: {rest}"
    for_all = ", ".join(key for key in given if key in FOR_ALL)  # merged over models and datasets
    if for_all and named.startswith(("'models.", "'datasets.", "'ablations.", "'more_ablations.")):
        return f"{file}, with --config {for_all}: {rest}"
    return line
