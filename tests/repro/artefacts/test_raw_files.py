"""Raw data by names, sizes and times: what is noticed, what is not, and how quickly."""

import os
import shutil
from pathlib import Path

import pytest

from repro.artefacts.raw_files import digest

PHOTOS = ("a.jpg", "older/b.jpg", "older/deep/c.jpg")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Three photos, a table, hidden files, an LMDB with the lock file of a reader."""
    for name in (*PHOTOS, "labels.csv", ".hidden", ".cache/d.jpg", "db/data.mdb", "db/lock.mdb"):
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"some bytes")
        os.utime(path, (1e9, 1e9))
    return tmp_path / "raw"


def replaced(path: Path) -> None:
    path.write_bytes(b"same bytes")


def longer(path: Path) -> None:
    path.write_bytes(b"more bytes than before")
    os.utime(path, (1e9, 1e9))


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("change", [replaced, longer, Path.unlink])
def test_what_a_source_reads_is_noticed_at_any_depth(raw: Path, name: str, change) -> None:
    before = digest(raw, ["."])
    change(raw / name)
    assert digest(raw, ["."]) != before


def test_added_renamed_and_moved_files_are_noticed(raw: Path) -> None:
    found = {digest(raw, ["."])}
    (raw / "older/new.jpg").write_bytes(b"")
    found.add(digest(raw, ["."]))
    (raw / "older/new.jpg").rename(raw / "older/newer.jpg")
    found.add(digest(raw, ["."]))
    (raw / "older/newer.jpg").rename(raw / "newer.jpg")
    found.add(digest(raw, ["."]))
    assert len(found) == 4


def test_what_no_source_reads_is_not(raw: Path) -> None:
    """Hidden files, times of folders, a database's lock, files next to those that are read."""
    before = digest(raw, ["."]), digest(raw, ["db"]), digest(raw, ["older", "a.jpg"])
    replaced(raw / ".hidden")
    (raw / ".cache/e.jpg").write_bytes(b"")
    os.utime(raw, (1.9e9, 1.9e9))  # 2030
    os.utime(raw / "older", (1.9e9, 1.9e9))
    longer(raw / "db/lock.mdb")
    assert (digest(raw, ["db"]), digest(raw, ["older", "a.jpg"])) == before[1:]
    (raw / "db").rename(raw.parent / "db")
    with_db = digest(raw, ["."])
    longer(raw / "labels.csv")
    assert digest(raw, ["older", "a.jpg"]) == before[2]
    assert digest(raw, ["."]) != with_db


def test_a_table_and_a_database_are_known_as_files(raw: Path) -> None:
    for name, reads in (("labels.csv", "labels.csv"), ("db/data.mdb", "db")):
        before = digest(raw, [reads])
        replaced(raw / name)
        assert digest(raw, [reads]) != before


def test_a_copy_with_its_times_is_the_same_and_between_machines_times_do_not_count(
    raw: Path, tmp_path: Path
) -> None:
    shutil.copytree(raw, tmp_path / "kept")
    shutil.copytree(raw, tmp_path / "anew", copy_function=shutil.copyfile)
    assert (
        digest(raw, ["."]) == digest(tmp_path / "kept", ["."]) != digest(tmp_path / "anew", ["."])
    )
    assert digest(raw, ["."], times=False) == digest(tmp_path / "anew", ["."], times=False)


def test_links_are_followed_once_and_broken_ones_left_out(raw: Path) -> None:
    before = digest(raw, ["."])
    (raw / "again").symlink_to(raw)
    (raw / "nowhere.jpg").symlink_to(raw / "none")
    (raw / "itself.jpg").symlink_to("itself.jpg")
    assert digest(raw, ["."]) == before
    (raw.parent / "apart").mkdir()
    (raw.parent / "apart/d.jpg").write_bytes(b"")
    (raw / "apart").symlink_to(raw.parent / "apart")
    assert digest(raw, ["."]) != before
