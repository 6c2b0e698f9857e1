"""One process at a time: a lock beside a folder that two must not write at once.

Where in the flow: repro.artefacts.step_folder holds it on every step's output, training
and preparing on their folders of unfinished work. Snakemake locks its working folder itself; this
is for steps started by hand, and for one that outlived its Snakemake. The lock ends with the
process, however that ends, so a killed run leaves none. It has nothing to run alone.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from repro.artefacts.disk_full import named
from repro.errors import ExpectedError


class InUseError(ExpectedError, OSError):
    """Another process writes the same folder; the message names it and the way out."""


@contextmanager
def sole_use(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process; InUseError where another one holds it.

    The lock is on a file beside it, .NAME.lock, which is gone afterwards; after a SIGKILL the file
    stays and the lock does not. A file system without locks (some network ones) is used without.
    Raises DiskFullError where there is no room even for that file.
    """
    path = folder.with_name(f".{folder.name}.lock")
    with named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = _locked(path)
    if stream is None:
        raise InUseError(
            f"{folder}: another process is writing it; wait until that has ended, or stop it, and "
            "start the same command again"
        )
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        stream.close()


def _locked(path: Path) -> IO[bytes] | None:
    """The lock file, open and locked, or None where another process has it locked.

    lockf, not flock: the lock is this process's alone, and no forked child that outlives it has it.
    """
    while True:
        stream = path.open("ab")
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            stream.close()
            return None
        except OSError:
            return stream
        if _is_still(path, stream):
            return stream
        stream.close()  # its holder has ended, and removed the file, since it was opened


def _is_still(path: Path, stream: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False
