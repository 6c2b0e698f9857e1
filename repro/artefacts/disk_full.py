"""Report a full disk clearly: which file or folder could not be written, and what to do.

Where in the flow: all code that writes large files (repro.artefacts.step_folder and whole_file, the
files of a dataset, memory maps) does so within `naming_full_disk`, because the system's own
message often names no file, and numpy and safetensors give no reason.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from repro.errors import ExpectedError

FULL = (errno.ENOSPC, errno.EDQUOT)
BLOCK = 2**20  # bytes
LITTLE = 2**20  # bytes: a disk with less room than this is full
IN_WORDS = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))


class DiskFullError(ExpectedError, OSError):
    """There is no room for a file; the message names it and says what to do."""

    lost_in_a_log = True


@contextmanager
def naming_full_disk(path: Path) -> Iterator[None]:
    """Raise DiskFullError, naming `path`, when the disk or quota is full within the block.

    An error raised from another one already has a clear message and is left alone.
    """
    try:
        yield
    except Exception as error:
        is_named = isinstance(error, DiskFullError) or error.__cause__ is not None
        if is_named or not _is_full(error, path):
            raise
        raise DiskFullError(
            f"{path} could not be written: its disk, or your quota on it, is full ({error}); make "
            "room there and start the same command again, it continues from what was finished"
        ) from error


def _is_full(error: BaseException, path: Path) -> bool:
    """Whether a full disk is the reason of an error of any library, raised on writing `path`."""
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    text = str(error)
    if text.endswith(os.strerror(errno.EIO)):  # lmdb, of a page that was written in part
        return _room(path) < LITTLE
    # numpy: "4096 requested and 0 written"; safetensors and lmdb quote the system
    return any(words in text for words in IN_WORDS) or (
        "requested and" in text and text.endswith("written")
    )


def _room(path: Path) -> int:
    """Bytes left where `path` is or would be."""
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    system = os.statvfs(there)
    return system.f_bavail * system.f_frsize


def reserve(path: Path) -> None:
    """Allocate the blocks of a file of final length that is written through a memory map.

    Without them a full disk ends the process by a signal (SIGBUS) without any message. Raises
    DiskFullError.
    """
    with naming_full_disk(path), path.open("r+b") as stream:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
            return
        while block := stream.read(BLOCK):  # macOS: what is written has its blocks
            stream.seek(-len(block), os.SEEK_CUR)
            stream.write(block)
