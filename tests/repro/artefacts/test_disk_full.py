"""A full disk is reported with the file, whichever library met it; other errors pass unchanged."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import lmdb
import numpy as np
import pytest

from repro.artefacts.disk_full import DiskFullError, naming_full_disk, reserve
from repro.artefacts.resumable_file import ResumableFile
from repro.artefacts.step_folder import step_folder
from repro.artefacts.whole_file import write_json

FULL = Path("/dev/full")  # every write to it meets the end of the disk
needs_dev_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@needs_dev_full
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda path: path.write_bytes(b"x"), id="python"),
        pytest.param(lambda path: np.save(path.open("wb"), np.zeros(10_000)), id="numpy"),
    ],
)
def test_the_file_and_the_way_out_are_named(write) -> None:
    message = r"^out/a could not be written: its disk, or your quota on it, is full.*make room"
    with pytest.raises(DiskFullError, match=message), naming_full_disk(Path("out/a")):
        write(FULL)


@needs_dev_full
def test_a_growing_file_names_itself_and_can_be_closed(tmp_path: Path) -> None:
    (tmp_path / "images.npy").symlink_to(FULL)
    file = ResumableFile(tmp_path / "images.npy")
    with pytest.raises(DiskFullError, match=r"images\.npy could not be written"):
        file.append(b"x" * 2**20)
    file.close()


def test_errors_of_another_kind_or_in_words_already_stay_as_they_are() -> None:
    other = PermissionError(errno.EACCES, "Permission denied", "out/a")
    with pytest.raises(PermissionError) as caught, naming_full_disk(Path("out")):
        raise other
    assert caught.value is other
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with (
        pytest.raises(RuntimeError, match=r"^earlier states are intact"),
        naming_full_disk(Path("out")),
    ):
        raise RuntimeError(f"earlier states are intact: {full}") from full


def find_no_room(out: Path) -> None:
    with step_folder(out, inputs={}) as building:
        (building / "a.txt").write_text("a")
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))


@pytest.mark.parametrize(("room", "full"), [(4096, True), (2**30, False)])
def test_a_page_of_a_database_written_in_part_is_told_by_the_room_that_is_left(
    room: int, full: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """lmdb's message, seen on a disk of 300 kB; a broken disk gives the same one."""
    left = SimpleNamespace(f_bavail=room // 4096, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda path: left)
    error = lmdb.Error("mdb_txn_commit: Input/output error")
    with (
        pytest.raises(DiskFullError if full else lmdb.Error),
        naming_full_disk(tmp_path / "not there yet/data.mdb"),
    ):
        raise error


def test_a_step_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError, match=r"out could not be written.*quota"):
        find_no_room(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("system", ["linux", "macos"])
def test_the_blocks_of_a_mapped_file_are_there_before_it_is_filled(
    tmp_path: Path, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if system == "macos":
        monkeypatch.delattr("os.posix_fallocate")
    path = tmp_path / "features.npy"
    np.lib.format.open_memmap(path, mode="w+", dtype="u1", shape=(3 * 10**6,))[1000:1003] = 7, 8, 9
    before = path.read_bytes()
    reserve(path)
    assert path.stat().st_blocks * 512 >= 3 * 10**6
    assert path.read_bytes() == before


def test_an_inner_file_is_named_rather_than_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with (
        pytest.raises(DiskFullError, match=r"spec\.json could not be written"),
        naming_full_disk(tmp_path),
    ):
        write_json(tmp_path / "spec.json", {})
