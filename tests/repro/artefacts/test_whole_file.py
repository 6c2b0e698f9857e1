"""A file is written whole or not at all, and messages name the requested file."""

import errno
import os
from pathlib import Path

import pytest

from repro.artefacts.disk_full import DiskFullError
from repro.artefacts.whole_file import atomic_write, write_json


def write_half(path: Path, error: BaseException) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text("new")
        assert temporary != path
        raise error


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_write(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError("half-way"), KeyboardInterrupt()])
def test_a_failure_leaves_the_older_file_and_nothing_else(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)):
        write_half(path, error)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(DiskFullError, match=r"/a\.txt could not be written"):
        write_half(tmp_path / "a.txt", full)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_is_named_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as refused, atomic_write(tmp_path):
        raise AssertionError("it began")
    assert refused.value.filename == str(tmp_path)


@pytest.mark.parametrize(("place", "kind"), [("no/a.json", FileNotFoundError),
    ("file/a.json", NotADirectoryError)])  # fmt: skip
def test_messages_name_the_file_that_was_asked_for(
    tmp_path: Path, place: str, kind: type[OSError]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(kind) as refused:
        write_json(tmp_path / place, {})
    assert refused.value.filename == str(tmp_path / place)
