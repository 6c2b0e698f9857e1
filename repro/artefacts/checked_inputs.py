"""Whether what a step reads is still what its own step wrote, and made of what lies there now.

Where in the flow: repro.artefacts.step_folder compares every input of a step before it begins. A
file that has changed since it was written (a disk that errs, an edit by hand), a folder without its
record, and one that was made of other data than lie there now (a model exchanged for another's) are
refused, never used. It has nothing to run alone.
"""

from collections.abc import Collection
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from repro.artefacts.provenance import (
    SIDECAR,
    ChangedFileError,
    Input,
    path_of,
    read_record,
    recorded,
    remade,
    sha256_of_file,
    sha256_of_input,
)
from repro.artefacts.raw_files import TIMED, RawFiles

OURS = ("manifest.json", "spec.json", "summary.json", "measurements.json")  # what steps write


def refuse_changed(name: str, given: Input, *, unread: Collection[str] = ()) -> None:
    """Compare a step's folder with its own record, and what it was made of with what lies there.

    name: of the input. unread: patterns NAME/FILE of what is not to be read, and not compared.
    Files, and folders that no step wrote, are passed over. Raises ChangedFileError for a file that
    is missing or has other bytes (further ones are no harm), for a record that is missing, and for
    a folder that was made of something else than lies there.
    """
    folder = path_of(given)
    sidecar = folder / SIDECAR
    if not sidecar.is_file():
        found = [file for file in OURS if (folder / file).is_file()]
        if found:
            raise ChangedFileError(
                f"{sidecar} is missing, the record of what made {', '.join(found)} there; "
                f"{remade(sidecar)}"
            )
        return
    for file, sha256 in recorded(sidecar).items():
        if any(fnmatch(f"{name}/{file}", pattern) for pattern in unread):
            continue
        path = folder / file
        if not path.is_file():
            raise ChangedFileError(f"{path} is missing; {remade(sidecar)}")
        if sha256_of_file(path) != sha256:
            raise ChangedFileError(
                f"{path} is not what was written there: its sha256 is not the one in {SIDECAR}; "
                f"{remade(sidecar)}"
            )
    if changed := made_of_others(read_record(folder)):
        raise ChangedFileError(
            f"{folder} was made of another {' and another '.join(changed)} than lies there now; "
            f"{remade(sidecar)}"
        )


def made_of_others(record: dict[str, Any]) -> list[str]:
    """Paths of a record's inputs that are not what they were; those that are gone are left out."""
    return [
        about["path"]
        for about in record.get("inputs", {}).values()
        if Path(about["path"]).exists() and _differs(about)
    ]


def _differs(about: dict[str, Any]) -> bool:
    path, before = Path(about["path"]), str(about["sha256"])
    given = RawFiles(path, tuple(about["reads"])) if "reads" in about else path
    known_by, colon, _ = before.rpartition(":")
    if colon and known_by != TIMED:
        return False  # an older record, which counted other things
    return sha256_of_input(given) != before
