"""download/fetch.py: a file that changed on the server, and disks without room."""

import errno
import hashlib
import shutil
from collections import namedtuple

import faulty_server as server
import pytest
from one_download import DATA, OTHER, get, names, part_of

from data_prep.download.part_file import FetchError, Origin, PartFile

VERSIONS = [
    (server.Served(DATA, '"one"'), server.Served(OTHER, '"two"')),
    (
        server.Served(DATA, None, "Mon, 01 Jan 2024 00:00:00 GMT"),
        server.Served(OTHER, None, "Tue, 02 Jan 2024 00:00:00 GMT"),
    ),
]


@pytest.mark.parametrize("condition_ignored", [False, True])
@pytest.mark.parametrize(("old", "new"), VERSIONS)
def test_a_file_that_changed_begins_again_and_the_old_part_stays_until_it_is_outgrown(
    host, tmp_path, old, new, condition_ignored
):
    target = tmp_path / "file.zip"
    part, previous = part_of(target), tmp_path / "file.zip.part.previous"
    given = {"checksums": {"sha256": hashlib.sha256(OTHER).hexdigest()}, "retries": 1}
    host.files["/file.zip"] = old
    host.faults = [server.drop(120_000)] + [server.drop(0)] * 2
    with pytest.raises(FetchError):
        get(host, target, **given)
    host.files["/file.zip"] = new
    host.faults = [server.ignore_condition] if condition_ignored else []
    host.faults += [server.drop(90_000)] + [server.drop(0)] * 2
    with pytest.raises(FetchError):
        get(host, target, **given)
    assert part.read_bytes() == OTHER[:90_000]
    assert previous.read_bytes() == DATA[:120_000]
    host.faults = [server.drop(40_000)] + [server.drop(0)] * 2
    with pytest.raises(FetchError):
        get(host, target, **given)
    assert part.read_bytes() == OTHER[:130_000]
    assert not previous.exists()
    assert get(host, target, **given).read_bytes() == OTHER
    assert names(tmp_path) == ["file.zip"]


@pytest.mark.parametrize("shorter", [OTHER[:100_000], DATA[:100_000]])
def test_another_length_is_another_version_even_without_validators(host, tmp_path, shorter):
    target = tmp_path / "file.zip"
    given = {"size": None, "checksums": None, "check": lambda path: None}
    host.files["/file.zip"] = server.Served(DATA, None)
    host.faults = [server.drop(120_000), server.drop(0)]
    with pytest.raises(FetchError):
        get(host, target, retries=0, **given)
    host.files["/file.zip"] = server.Served(shorter, None)
    assert get(host, target, **given).read_bytes() == shorter
    assert names(tmp_path) == ["file.zip"]


def test_equal_bytes_under_another_tag_are_kept(host, tmp_path):
    """Hosts behind one address often give the same file different tags."""
    target = tmp_path / "file.zip"
    host.faults = [server.drop(120_000), server.drop(0)]
    with pytest.raises(FetchError):
        get(host, target, retries=0)
    host.files["/file.zip"] = server.Served(DATA, '"same bytes"')
    host.faults = [server.drop(150_000), server.drop(0)]
    with pytest.raises(FetchError):
        get(host, target, retries=0)
    assert part_of(target).read_bytes() == DATA[:150_000]
    assert names(tmp_path) == ["file.zip.part", "file.zip.part.json"]
    assert get(host, target).read_bytes() == DATA
    assert host.seen[-1] == ("/file.zip", "bytes=150000-", '"same bytes"')


def test_other_bytes_under_the_same_tag_do_not_replace_what_is_there(host, tmp_path):
    target = tmp_path / "file.zip"
    host.faults = [server.drop(120_000), server.drop(0)]
    with pytest.raises(FetchError):
        get(host, target, retries=0)
    host.faults = [server.send(OTHER, etag='"one"')] * 2
    with pytest.raises(FetchError, match="from byte 30000 on the server sent other bytes"):
        get(host, target, retries=1)
    assert part_of(target).read_bytes() == DATA[:120_000]
    assert get(host, target).read_bytes() == DATA


@pytest.mark.parametrize("there", [0, 50_000])
def test_a_full_disk_is_found_before_the_start(host, tmp_path, monkeypatch, there):
    part_of(tmp_path / "file.zip", DATA[:there])
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(0, 0, 199_999 - there))
    for size in (len(DATA), None):  # published, and only said by the server
        with pytest.raises(FetchError) as caught:
            get(host, tmp_path / "file.zip", size=size)
        for number in (200_000 - there, 199_999 - there):
            assert f"({number} bytes)" in str(caught.value)
    assert host.sent <= len(DATA)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(0, 0, 200_000 - there))
    get(host, tmp_path / "file.zip")


def test_a_disk_that_fills_up_meanwhile(host, tmp_path, monkeypatch):
    target = tmp_path / "file.zip"
    append = PartFile.append

    def full(part, block):
        if part.size + len(block) > 60_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(part, block)

    host.faults = [server.drop(50_000)]
    monkeypatch.setattr(PartFile, "append", full)
    with pytest.raises(FetchError, match=r"\.part: cannot be written \(No space left"):
        get(host, target)
    monkeypatch.undo()
    monkeypatch.setenv("no_proxy", "*")
    there = part_of(target).read_bytes()
    assert there
    assert there == DATA[: len(there)]
    assert get(host, target).read_bytes() == DATA


def test_the_shorter_of_two_old_versions_goes(tmp_path):
    target = tmp_path / "file.zip"
    previous = tmp_path / "file.zip.part.previous"
    with PartFile(target, algorithms=["md5"]) as part:
        part.append(b"a" * 100)
        part.remember(Origin(url="http://host/file.zip", etag='"one"'))
        part.begin_again(keep=40)
        assert part.origin is None
        part.append(b"b" * 10)
        assert part.digest("md5") == hashlib.md5(b"a" * 40 + b"b" * 10).hexdigest()
        part.begin_again(keep=45)
        assert previous.read_bytes() == b"a" * 100
        assert part.equal_bytes(38, b"aabbbxx") == 5
        part.append(b"c" * 60)
    assert part_of(target).read_bytes() == b"a" * 40 + b"b" * 5 + b"c" * 60
    assert not previous.exists()
