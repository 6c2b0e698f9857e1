"""The output folder of a step: whole or absent, with the record of what made it.

Where in the flow: every step of the pipeline writes through `step_folder`. The folder is built
under a temporary name next to its final place and renamed when the step has succeeded, so that a
reader sees it whole or not at all; the record is `provenance.json` (repro.artefacts.provenance).
Nothing of the user's is replaced. Alone: `with step_folder(Path("out"), inputs={}) as folder: ...`.
"""

import os
import shutil
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from repro.artefacts.checked_inputs import refuse_changed
from repro.artefacts.disk_full import naming_full_disk
from repro.artefacts.folder_lock import exclusive_lock
from repro.artefacts.provenance import (
    REPLACED,
    SIDECAR,
    SNAKEMAKES_OWN,
    Input,
    commit_and_dirty,
    content_hashes,
    device_name,
    path_of,
    peak_memory_mb,
    sha256_of_input,
    sha256_of_json,
    versions,
)
from repro.artefacts.raw_files import RawFiles
from repro.artefacts.recipe import Recipe
from repro.artefacts.whole_file import write_json
from repro.errors import UnusableError
from repro.progress import working


@contextmanager
def step_folder(
    out: Path,
    *,
    inputs: Mapping[str, Input],
    spec: Mapping[str, Any] | None = None,
    seed: int | None = None,
    unread: Collection[str] = (),
    recipe: Recipe | None = None,
    keep_older: bool = False,
) -> Iterator[Path]:
    """Yield a temporary folder that becomes `out`, with its sidecar, when the block succeeds.

    inputs: name -> file or folder the step reads. spec: all settings that determine the result.
    unread: patterns NAME/FILE of the parts of its inputs that it does not read. recipe: identifies
    the result, so that a later call can tell it is up to date. An older `out` is replaced when the
    new one is whole, or moved aside (keep_older) to `out`.replaced-N, which is printed with its
    size; after an exception the temporary folder is removed and an older `out` is left as it was.
    Raises FileNotFoundError for an input that does not exist, ChangedFileError for an input that
    has changed since its step wrote it, InUseError where another process writes `out`,
    DiskFullError, and UnusableError for an `out` whose replacement would delete an input or a
    folder that no step wrote.
    """
    _refuse_to_delete(out, inputs)
    for name, given in inputs.items():
        if not path_of(given).exists():
            raise FileNotFoundError(
                f"input '{name}' does not exist: {path_of(given)}; run the step that makes it first"
            )
        refuse_changed(name, given, unread=unread)
    building = out.with_name(f".{out.name}.partial")
    with naming_full_disk(out), exclusive_lock(out), working(f"making {out}"):
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        started = time.monotonic()
        try:
            yield building
            record = _record(building, out.name, inputs, dict(spec or {}), seed)
            record["seconds"] = round(time.monotonic() - started, 3)
            record |= {"recipe": recipe.recorded()} if recipe else {}
            write_json(building / SIDECAR, record)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
        _put_in_place(building, out, keep_older=keep_older)


def _put_in_place(building: Path, out: Path, *, keep_older: bool) -> None:
    """Rename `building` to `out`; an older `out` is never visible in part."""
    older = out.with_name(f".{out.name}.older")
    shutil.rmtree(older, ignore_errors=True)  # left by a process that was killed in here
    if keep := keep_older and (out / SIDECAR).is_file():
        older = _place_aside(out)
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        print(
            f"the older {out} is kept as {older} ({size / 2**20:.1f} MB); delete it when "
            "it is no longer needed",
            flush=True,
        )
    if out.exists():
        out.replace(older)
    building.replace(out)
    if not keep:
        shutil.rmtree(older, ignore_errors=True)


def _place_aside(out: Path) -> Path:
    """The first free name for a folder that is being replaced."""
    number = 1
    while (place := out.with_name(f"{out.name}{REPLACED}{number}")).exists():
        number += 1
    return place


def _refuse_to_delete(out: Path, inputs: Mapping[str, Input]) -> None:
    """Replace only what a step wrote: never an input, a file, or a folder of the user's."""
    place = out.resolve()
    for name, given in inputs.items():
        path = path_of(given)
        if place in (path.resolve(), *path.resolve().parents):
            raise UnusableError(
                f"{out}: writing there would delete the input '{name}' ({path}); "
                "choose another folder to write"
            )
    if out.exists() and not out.is_dir():
        raise UnusableError(f"{out}: a file is in the way; choose another folder to write")
    there = {entry.name for entry in out.iterdir()} if out.is_dir() else set()
    if there - {SNAKEMAKES_OWN} and SIDECAR not in there:
        raise UnusableError(
            f"{out}: no step of this project wrote this folder (it has no {SIDECAR}), so it is not "
            "replaced; choose another folder to write, or remove it first"
        )


def _record(
    building: Path, step: str, inputs: Mapping[str, Input], spec: dict[str, Any], seed: int | None
) -> dict[str, Any]:
    commit, dirty = commit_and_dirty()
    return {
        "step": step,
        "command": _command(),
        "spec": spec,
        "spec_sha256": sha256_of_json(spec),
        "commit": commit,
        "dirty": dirty,
        "inputs": {name: recorded_input(given) for name, given in sorted(inputs.items())},
        "outputs": (outputs := content_hashes(building)),
        "sizes": {name: (building / name).stat().st_size for name in outputs},
        "seed": seed,
        "versions": versions(),
        "device": device_name(),
        "threads": _threads(),
        "peak_memory_mb": peak_memory_mb(),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def recorded_input(given: Input) -> dict[str, Any]:
    """An input as a record holds it: its path, and the hash of its content."""
    about = {"path": _relative(path_of(given)), "sha256": sha256_of_input(given)}
    return about | ({"reads": list(given.reads)} if isinstance(given, RawFiles) else {})


def _command() -> list[str]:
    main = sys.modules["__main__"]
    module, file = getattr(main, "__spec__", None), Path(sys.argv[0]).name
    if module:
        return ["python", "-m", module.name.removesuffix(".__main__"), *sys.argv[1:]]
    return [*(["python"] if file.endswith(".py") else []), file, *sys.argv[1:]]


def _threads() -> int:
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch is not None else 1


def _relative(path: Path) -> str:
    """Path relative to the working folder: provenance names no machine's absolute paths."""
    return Path(os.path.relpath(path)).as_posix()
