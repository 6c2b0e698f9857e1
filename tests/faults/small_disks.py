"""File systems for the fault tests: small ones that fill up, and read-only ones."""

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

AMPLE = 256 * 2**20  # bytes


def mount(*words: object) -> None:
    """`mount WORDS`; the test is skipped where that is not permitted."""
    done = subprocess.run(["mount", *map(str, words)], text=True, capture_output=True)
    if done.returncode:
        pytest.skip(f"file systems cannot be mounted here: {done.stderr.strip()}")


class SmallDisk:
    """A file system in memory with a given amount of room."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def leave_room(self, room: int) -> None:
        """Exactly `room` bytes (in whole pages) more than are in use."""
        system = os.statvfs(self.folder)
        used = (system.f_blocks - system.f_bfree) * system.f_frsize
        pages = -(-(used + room) // 4096)
        mount("-o", f"remount,size={pages * 4096}", self.folder)


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """A tmpfs on the new folder, at first with ample room."""
    folder.mkdir(parents=True)
    mount("-t", "tmpfs", "-o", f"size={AMPLE}", "tmpfs", folder)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing below `folder` can be written: by its modes, and for root by a read-only mount."""
    if os.geteuid() == 0:
        mount("--bind", folder, folder)
        try:
            mount("-o", "remount,bind,ro", folder)
            yield
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
        return
    paths = [folder, *folder.rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
