"""The name of a run, which is also its folder in results/, and a check of whose photos it holds.

Where in the flow: repro.runs.load determines the name when it reads a run file: `run` in
Snakemake's --config, or the run file's own name. Before it writes anything it refuses a folder that
was made from other photos, because half of its results would be mistaken for results of these.

Alone: `run_name("cats", file="config/photos.yaml")`.
"""

import json
import os
from pathlib import Path

from repro.runs.run import Run
from repro.specs.names import RULE, is_name, nearest_name, require_name
from repro.specs.validation import SpecError


def run_name(given: object, *, file: str) -> str:
    """The name of the run in `file`; given: the value of `run`, None for the file's own name.

    Raises SpecError for a value that cannot name a folder.
    """
    if given is not None:
        return require_name(given, "run", file=file, key="run")
    own = Path(file).stem
    if not is_name(own, "run"):
        raise SpecError(
            f"{file}: the run takes the file's name, but a run's name is {RULE}; rename the file, "
            f"or name the run: --config run={nearest_name(own, 'run')}"
        )
    return own


def refuse_other_photos(run: Run) -> None:
    """Raise SpecError where the run's folder was made from another folder of photos."""
    now = run.spec.photos
    if not now or not any((run.folder / part).is_dir() for part in ("data", "state", "models")):
        return
    try:
        before = json.loads(run.report_spec.read_text(encoding="utf-8"))["photos"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # unknown
    if not isinstance(before, str) or _place(before) == _place(now):
        return
    name = nearest_name(Path(_place(now)).name, "run")
    raise SpecError(
        f"{run.folder} was made from the photos in {before}, not from {now}; give this run a "
        f"name, and with it a folder, of its own: --config run={name} photos={now} "
        f"(or delete {run.folder})"
    )


def _place(folder: str) -> str:
    return os.path.realpath(os.path.expanduser(folder))
