"""A lock next to a folder that two processes must not write at the same time.

Where in the flow: repro.artefacts.step_folder holds it on every step's output; training and
preparation hold it on their folders of unfinished work. Snakemake locks its working folder itself;
this lock is for steps started by hand, and for a step that outlived its Snakemake. The lock ends
with its process, however that ends, so a killed run leaves none.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from repro.artefacts.disk_full import naming_full_disk
from repro.errors import ExpectedError


class InUseError(ExpectedError, OSError):
    """Another process is writing the same folder; the message names it and says what to do."""


@contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process; raise InUseError where another process holds it.

    The lock is on a file next to it, .NAME.lock, which is removed afterwards; after a SIGKILL the
    file stays but the lock does not. On a file system without locks (some network ones) none is
    taken. Raises DiskFullError where there is no room even for that file.
    """
    path = folder.with_name(f".{folder.name}.lock")
    with naming_full_disk(path):
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
    """The lock file, open and locked, or None where another process has locked it.

    It uses lockf, not flock: the lock belongs to this process alone, and a forked child that
    outlives it does not inherit the lock.
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
        stream.close()  # its holder ended and removed the file after we opened it


def _is_still(path: Path, stream: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False
