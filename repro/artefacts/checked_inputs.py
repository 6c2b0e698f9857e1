"""Refuse inputs that have changed since their step wrote them, or whose own inputs have changed.

Where in the flow: repro.artefacts.step_folder compares every input of a step before the step
begins. It refuses a file that has changed since it was written (a failing disk, an edit by hand), a
folder without a record, and a folder whose own inputs have changed since (a model exchanged for
another).
"""

from collections.abc import Collection
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from repro.artefacts.provenance import (
    SIDECAR,
    ChangedFileError,
    Input,
    how_to_remake,
    path_of,
    read_record,
    recorded,
    sha256_of_file,
    sha256_of_input,
)
from repro.artefacts.raw_files import TIMED, RawFiles

OURS = ("manifest.json", "spec.json", "summary.json", "measurements.json")  # written by steps


def refuse_changed(name: str, given: Input, *, unread: Collection[str] = ()) -> None:
    """Compare a step's folder with its own record, and its recorded inputs with the present ones.

    name: name of the input. unread: patterns NAME/FILE of files that are not read and so not
    compared. Files and folders that no step wrote are skipped. Raises ChangedFileError for a file
    that is missing or has other bytes (additional files are allowed), for a missing record, and for
    a folder whose inputs have changed.
    """
    folder = path_of(given)
    sidecar = folder / SIDECAR
    if not sidecar.is_file():
        found = [file for file in OURS if (folder / file).is_file()]
        if found and not isinstance(given, RawFiles):  # in a user's folder these mean nothing
            raise ChangedFileError(
                f"{sidecar} is missing, the record of what made {', '.join(found)} there; "
                f"{how_to_remake(sidecar)}"
            )
        return
    for file, sha256 in recorded(sidecar).items():
        if any(fnmatch(f"{name}/{file}", pattern) for pattern in unread):
            continue
        path = folder / file
        if not path.is_file():
            raise ChangedFileError(f"{path} is missing; {how_to_remake(sidecar)}")
        if sha256_of_file(path) != sha256:
            raise ChangedFileError(
                f"{path} is not what was written there: its sha256 is not the one in {SIDECAR}; "
                f"{how_to_remake(sidecar)}"
            )
    if changed := changed_inputs(folder):
        raise ChangedFileError(
            f"{folder} was made from inputs that have changed since: {', '.join(changed)}; "
            f"{how_to_remake(sidecar)}"
        )


def changed_inputs(folder: Path) -> list[str]:
    """Paths of the recorded inputs of a step's folder that have changed; lost ones are left out.

    An input of a run that was copied is the one in the copy, where there is one.
    """
    changed = []
    for about in read_record(folder).get("inputs", {}).values():
        path = Path(about["path"])
        if not folder.resolve().is_relative_to(path.parent.parent.resolve()):  # of another run
            own = folder.parent.parent / path.parent.name / path.name  # results/RUN/KIND/NAME
            path = own if own.exists() else path
        if path.exists() and _differs(about, path):
            changed.append(str(path))
    return changed


def _differs(about: dict[str, Any], path: Path) -> bool:
    before = str(about["sha256"])
    given = RawFiles(path, tuple(about["reads"])) if "reads" in about else path
    known_by, colon, _ = before.rpartition(":")
    if colon and known_by != TIMED:
        return False  # an older record, which hashed other files
    return sha256_of_input(given) != before
