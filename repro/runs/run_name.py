"""The name of a run, which is that of its folder in results/, and whose pictures lie in there.

Where in the flow: repro.runs.load asks for the name when it reads a run file: `run` behind
Snakemake's --config, or the run file's own name. Before it writes anything it refuses a folder
that was made from other photos, half of which would be taken for these.

Alone: `run_name("cats", file="config/photos.yaml")`.
"""

import json
import os
import unicodedata
from pathlib import Path

from repro.runs.run import Run
from repro.specs.validation import SpecError

MOST_BYTES = 80  # in UTF-8: files with longer names lie below it
KEPT = "published"  # results/published holds reports that are kept
RULE = (
    f"letters of any script, digits, _ and -, . between them, at most {MOST_BYTES} bytes"
    f", and not '{KEPT}'"
)


def run_name(given: object, *, file: str) -> str:
    """The name of the run in `file`; given: the value of `run`, None for the file's own name.

    Raises SpecError for a value that cannot name a folder.
    """
    if given is None:
        return Path(file).stem
    if not isinstance(given, str):
        raise SpecError(
            f"{file}: 'run': found {given!r}, which is no text; begin the name with a letter, "
            f"e.g. run=r{given}"
        )
    if not _fits(given):
        raise SpecError(f"{file}: 'run': found {given[:99]!r}; a run's name is {RULE}")
    return given


def _fits(name: str) -> bool:
    ends = {name[:1], name[-1:]}
    return (
        0 < len(name.encode("utf-8", "replace")) <= MOST_BYTES
        and all(_in_a_word(char) or char == "." for char in name)
        and "." not in ends
        and not name.startswith("-")
        and name != KEPT
    )


def _in_a_word(char: str) -> bool:
    """Letters, the marks that belong to them, digits, _ and -."""
    return char in "_-" or unicodedata.category(char) in ("Nd", "Mn", "Mc") or char.isalpha()


def refuse_other_photos(run: Run) -> None:
    """Raises SpecError where the run's folder was made from another folder of photos."""
    now = run.spec.photos
    if not now or not any((run.folder / part).is_dir() for part in ("data", "state", "models")):
        return
    try:
        before = json.loads((run.folder / "specs" / "report.json").read_text())["photos"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # not known
    if not isinstance(before, str) or _place(before) == _place(now):
        return
    raise SpecError(
        f"{run.folder} was made from the photos in {before}, not from {now}; give this run a "
        f"name, and with it a folder, of its own: --config run={_name_for(now)} photos={now} "
        f"(or delete {run.folder})"
    )


def _place(folder: str) -> str:
    return os.path.realpath(os.path.expanduser(folder))


def _name_for(folder: str) -> str:
    """A name that fits, after that of the folder."""
    words = "".join(char if _in_a_word(char) else "_" for char in Path(_place(folder)).name)
    while len(words.encode("utf-8", "replace")) > MOST_BYTES:
        words = words[:-1]
    words = words.lstrip("-")
    return words if _fits(words) else "NAME"
