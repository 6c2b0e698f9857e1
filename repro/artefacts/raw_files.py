"""Raw inputs of a step, in a folder that no step wrote: identified by names, sizes and times.

Where in the flow: raw data may be hundreds of gigabytes, too much to hash. The names, sizes and
times (whole seconds, as copies keep them) of the files that a source reads identify them, in the
record of the step that prepares them and before every run. Pictures that are added in a sub-folder,
replaced in place or removed, and an edited table, are noticed; hidden files and the time of the
folder itself are ignored. For an LMDB its data.mdb counts. A folder of 100,000 files takes less
than a second.

Alone: `digest(Path("photos"), ["."])`.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

TIMED = "names-sizes-times"  # prefix of a digest
DATABASE = "data.mdb"  # of an LMDB, next to a lock file that any reader may touch


@dataclass(frozen=True)
class RawFiles:
    """A folder and the files or folders in it that are read, relative to it."""

    folder: Path
    reads: tuple[str, ...] = (".",)


def digest(folder: Path, reads: Iterable[str] = (".",), *, times: bool = True) -> str:
    """Hash of the names, sizes and times of all files in or below `reads`, except hidden ones.

    A path that does not exist has no files. times: False for digests compared between machines.
    """
    found = hashlib.sha256()
    for name in sorted(set(reads)):
        path = folder / name
        for relative, status in _files(path):
            moment = int(status.st_mtime) if times else ""
            line = f"{name}/{relative}\0{status.st_size}\0{moment}\n"
            found.update(line.encode("utf-8", "surrogateescape"))
    return f"{TIMED if times else 'names-sizes'}:{found.hexdigest()}"


def _files(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Name and status of every file, in order of the names."""
    if path.is_file():
        yield "", path.stat()
    elif (path / DATABASE).is_file():
        yield DATABASE, (path / DATABASE).stat()
    elif path.is_dir():
        yield from sorted(_below(str(path), "", set()), key=lambda file: file[0])


def _below(
    folder: str, prefix: str, visited: set[tuple[int, int]]
) -> Iterator[tuple[str, os.stat_result]]:
    """Files in no particular order; linked folders are followed, each folder once.

    A folder that cannot be opened counts as itself; links that lead nowhere are left out.
    """
    own = os.stat(folder)
    if (own.st_dev, own.st_ino) in visited:
        return
    visited.add((own.st_dev, own.st_ino))
    try:
        entries = list(os.scandir(folder))
    except OSError:
        yield prefix, own
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                yield from _below(entry.path, f"{prefix}{entry.name}/", visited)
            else:
                yield prefix + entry.name, entry.stat()
        except OSError:  # gone meanwhile, a broken link, or one that leads to itself
            continue
