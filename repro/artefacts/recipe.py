"""Everything that decides the bytes of a step's folder, as hashes: its code, settings and inputs.

Where in the flow: every step of the pipeline records its recipe next to its results. A folder that
is whole and has the requested recipe need not be made again, whatever the dates of its files. The
step itself checks this when it starts (`is_made`), and the Snakefile before it plans
(repro.runs.freshness). Code counts by its meaning, inputs by their content, raw data by the names,
sizes and times of their files.

Alone: `Recipe.of("repro.train", settings={"model": {...}, "seed": 42})`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro.artefacts.import_closure import code_hashes
from repro.artefacts.provenance import (
    DECIDING,
    SIDECAR,
    ChangedFileError,
    Input,
    content_hashes,
    path_of,
    read_record,
    sha256_of_input,
    sha256_of_json,
    versions,
)

NOT_THERE = "it is not there"
STRICT = "DCGAN_STRICT"  # environment variable: results of other package versions are made again
SHOWN = 3  # at most this number of changed names is listed


@dataclass(frozen=True)
class Recipe:
    """Meaning of the code by source file, and the hash of the settings."""

    code: Mapping[str, str]
    settings: str

    @classmethod
    def of(
        cls,
        *modules: str,
        settings: Mapping[str, Any],
        files: tuple[str, ...] = (),
        processes: int = 1,
    ) -> "Recipe":
        """The recipe of a step that runs `modules`, with all modules they import.

        settings: the values in its --spec. files: templates and the like. processes: number of
        processes that share the work, where it changes the result. Raises the same errors as
        code_hashes.
        """
        values = [settings, processes] if processes > 1 else settings
        return cls(code_hashes(*modules, files=files), sha256_of_json(values))

    def recorded(self) -> dict[str, Any]:
        """The form in which a step's record holds it."""
        return {"code": dict(self.code), "settings": self.settings}


def why_not(
    out: Path, recipe: Recipe, inputs: Mapping[str, Input], *, bytes_too: bool = False
) -> str | None:
    """Why the folder `out` is not the result of `recipe` for `inputs`; None where it is.

    Names and sizes of its files, or all their bytes (bytes_too), tell whether it is whole.
    """
    if not (out / SIDECAR).is_file():
        return "it has no record of what made it" if out.exists() else NOT_THERE
    try:
        record = read_record(out)
        return (
            _other_recipe(record.get("recipe"), recipe)
            or _other_inputs(record.get("inputs", {}), inputs)
            or _not_whole(out, record, bytes_too=bytes_too)
            or (other_versions(record) if os.environ.get(STRICT) else None)
        )
    except ChangedFileError:
        return f"{SIDECAR} is damaged"


def is_made(out: Path, recipe: Recipe | None, inputs: Mapping[str, Input]) -> bool:
    """Whether `out` is up to date, which is then printed; without a recipe it never is."""
    if recipe is None or why_not(out, recipe, inputs, bytes_too=True) is not None:
        return False
    print(
        f"{out} is complete and was made from the same settings, inputs and code: kept (delete it "
        "to make it again)",
        flush=True,
    )
    return True


def _other_recipe(before: Any, now: Recipe) -> str | None:
    if not isinstance(before, dict) or not isinstance(before.get("code"), dict):
        return "it does not say which code made it (python -m repro adopt vouches for it)"
    if changed := differing(before["code"], now.code):
        return f"its code has changed: {shorten_list(changed)}"
    return None if before.get("settings") == now.settings else "its settings have changed"


def _other_inputs(before: Mapping[str, Any], inputs: Mapping[str, Input]) -> str | None:
    known = {name: about["sha256"] for name, about in before.items()}
    missing = [str(path_of(given)) for given in inputs.values() if not path_of(given).exists()]
    if missing:
        return f"its inputs are missing: {shorten_list(missing)}"
    now = {name: sha256_of_input(given) for name, given in inputs.items()}
    paths = {name: str(path_of(given)) for name, given in inputs.items()}
    changed = [paths.get(name, name) for name in differing(known, now)]
    return f"its inputs have changed: {shorten_list(changed)}" if changed else None


def _not_whole(out: Path, record: Mapping[str, Any], *, bytes_too: bool) -> str | None:
    if bytes_too:
        found: Mapping[str, Any] = content_hashes(out)
        wanted = record["outputs"]
    else:
        wanted = record.get("sizes") or dict.fromkeys(record["outputs"])
        there = [name for name in wanted if (out / name).is_file()]
        sized = "sizes" in record
        found = {name: (out / name).stat().st_size if sized else None for name in there}
    changed = [name for name in sorted(wanted) if found.get(name, "") != wanted[name]]
    return f"files are missing or have changed: {shorten_list(changed)}" if changed else None


def other_versions(record: Mapping[str, Any]) -> str | None:
    """Which packages that affect the numbers had other versions; None where none is known."""
    now, before = versions(), record.get("versions", {})
    return (
        shorten_list(
            [
                f"{name} was {before[name]}, is {now[name]}"
                for name in DECIDING
                if name in before and before[name] != now[name]
            ]
        )
        or None
    )


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names whose values differ, or that only one of the two mappings has."""
    return [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]


def shorten_list(names: list[str]) -> str:
    """The first few names, and the number of the others."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
