"""Names in a table of pictures compared with the files present: the message where none agrees.

Where in the flow: sources with a table (folder.py's labels, celeba.py, faces.py) check here before
they skip every picture for lack of a row. One name from each side and the difference between them
tell a user what to change.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from repro.data.raw_images import SourceError

ABSOLUTE = re.compile(r"/|[A-Za-z]:[/\\]")


def refuse_unknown_files(
    table: Path, named: Collection[str], *, folder: Path, files: Sequence[str]
) -> None:
    """Raise SourceError where `table` names files, but none of those below `folder`.

    named: paths as written in the table. files: paths relative to the folder.
    """
    if not named or not files or not set(named).isdisjoint(files):
        return
    name, file = _closest_pair(named, files)
    raise SourceError(
        f"{table} names none of the {len(files)} files in {folder}: the table has '{name}', the "
        f"folder '{file}'; {_advice(name, file)}"
    )


def _closest_pair(named: Collection[str], files: Sequence[str]) -> tuple[str, str]:
    """A name and a file that may mean the same picture; else the first of each."""
    by_stem = {_stem(file): file for file in reversed(files)}
    same = ((name, by_stem[_stem(name)]) for name in named if _stem(name) in by_stem)
    return next(same, (next(iter(named)), files[0]))


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem.casefold()


def _advice(name: str, file: str) -> str:
    if _stem(name) != _stem(file):
        return "is it the table of these pictures?"
    if "\\" in name and "\\" not in file:
        drive = ", and no drive letter" if ":" in name else ""
        return f"write / for \\ in the table{drive}"
    if ABSOLUTE.match(name):
        return "write the table's paths as they are below the folder, without the part before it"
    written, stored = PurePosixPath(name), PurePosixPath(file)
    if written.suffix != stored.suffix:
        have = f"'{written.suffix}'" if written.suffix else "no suffix"
        return f"the table's names have {have}, the files '{stored.suffix}'; write that"
    if written.parent != stored.parent:
        where = "" if stored.parent == PurePosixPath() else f" below '{stored.parent}'"
        return (
            f"the files are{where or ' in the folder itself'}; let `images` name that folder, or "
            "write the table's paths so"
        )
    return "upper and lower case differ; write the names as in the file names"
