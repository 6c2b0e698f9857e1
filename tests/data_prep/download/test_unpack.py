"""data_prep/download/unpack.py on synthetic archives: cut off, damaged, leading outside, large."""

import gzip
import io
import stat
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest
from made_archives import CLASSES, OBJECTS, ROOMS, tar_entry, tarred, zipped

from data_prep.download.unpack import ArchiveError, require_whole, unpack
from repro.artefacts.folder_lock import InUseError


def below(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


OUTSIDE = {
    "zip ..": ("zip", zipped({"rooms/a": b"1", "rooms/../../stolen": b"2"})),
    "zip absolute": ("zip", zipped({"/tmp/stolen": b"2"})),
    "zip backslash": ("zip", zipped({"rooms\\..\\..\\stolen": b"2"})),
    "zip drive": ("zip", zipped({"C:/stolen": b"2"})),
    "tar ..": ("tar", tarred({"rooms/a": b"1", "../stolen": b"2"})),
    "tar absolute": ("tar", tarred({"/tmp/stolen": b"2"})),
    "tar link": ("tar", tarred({"a": tar_entry("rooms", tarfile.SYMTYPE, "../../outside")})),
    "tar link up": ("tar", tarred({"a": tar_entry("rooms/up", tarfile.SYMTYPE, "..")})),
    "tar hard link": ("tar", tarred({"a": tar_entry("a", tarfile.LNKTYPE, "/etc/passwd")})),
    "tar device": ("tar", tarred({"a": tar_entry("a", tarfile.CHRTYPE)})),
    "tar fifo": ("tar", tarred({"a": tar_entry("a", tarfile.FIFOTYPE)})),
    "inner ..": ("tar_of_tars", tarred({"n01.tar": tarred({"../stolen": b"2"})})),
    "outer ..": ("tar_of_tars", tarred({"../n01.tar": tarred({"stolen": b"2"})})),
    "no inner tar": ("tar_of_tars", tarred({"n01.zip": b"2"})),
}


OUTSIDE["inner name is .."] = ("tar_of_tars", tarred({"...tar": tarred({"stolen": b"2"})}))
OUTSIDE["inner name is .. below"] = ("tar_of_tars", tarred({"a/...tar": tarred({"b": b"2"})}))
OUTSIDE["long name"] = ("tar", tarred({"rooms/" + "x" * 300: b"2"}))
OUTSIDE["long path"] = ("tar", tarred({"rooms/" + "x" * 99 + "/y" * 2500: b"2"}))
OUTSIDE["zip long name"] = ("zip", zipped({"rooms/" + "x" * 300: b"2"}))


def sparse_tar():
    """A petabyte in two kilobytes: a sparse file in GNU tar's old format."""
    header = bytearray(tar_entry("rooms/a", tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
    header[483:495] = tarfile.itn(2**50, 12, tarfile.GNU_FORMAT)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


def endless_name():
    """A header of its own for a name of three gigabytes."""
    entry = tar_entry("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    entry.size = 3 * 2**30
    return entry.tobuf(tarfile.GNU_FORMAT) + bytes(4096)


OUTSIDE["tar sparse"] = ("tar", sparse_tar())
OUTSIDE["tar endless name"] = ("tar", endless_name())


def linked_zip():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo("rooms/link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "../../outside")
    return stream.getvalue()


def encrypted_zip():
    data = bytearray(zipped({"rooms/a": b"1"}))
    data[6] |= 1  # flag of the local header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # flag of the directory
    return bytes(data)


OUTSIDE["zip link"] = ("zip", linked_zip())
OUTSIDE["zip encrypted"] = ("zip", encrypted_zip())
OUTSIDE["zip twice"] = ("zip", zipped({"rooms/a": b"1", "rooms//a": b"2"}))


@pytest.mark.parametrize("case", OUTSIDE)
def test_archives_that_lead_outside_are_refused(tmp_path, case):
    kind, data = OUTSIDE[case]
    archive = tmp_path / "archive"
    archive.write_bytes(data)
    (tmp_path / "a/b").mkdir(parents=True)
    with pytest.raises(ArchiveError, match=str(archive)):
        unpack(archive, kind=kind, target=tmp_path / "a/b/rooms", inside="rooms")
    assert below(tmp_path) == {"archive"}
    assert list((tmp_path / "a/b").iterdir()) == []


WHOLE = {
    "zip": ("zip", ROOMS),
    "tar.gz": ("tar", OBJECTS),
    "tar": ("tar", gzip.decompress(OBJECTS)),
    "tar of tars": ("tar_of_tars", CLASSES),
}


def zero_blocks_at_the_end(data):
    return (len(data) - len(data.rstrip(b"\0"))) // 512


@pytest.mark.parametrize("case", WHOLE)
def test_a_cut_off_archive_is_named_and_nothing_is_left(tmp_path, case):
    kind, data = WHOLE[case]
    archive = tmp_path / "archive"
    ends = {0, 1, 300, len(data) // 2, len(data) - 9000, len(data) - 1}
    ends |= set(range(0, len(data), max(len(data) // 512 // 12, 1) * 512))  # between blocks
    if case.startswith("tar") and "gz" not in case:  # its padding may be missing, not its end mark
        content = len(data.rstrip(b"\0"))
        ends = {end for end in ends if end <= content}
    for end in sorted(ends):
        archive.write_bytes(data[:end])
        with pytest.raises(ArchiveError, match=rf"{archive} \({end} bytes\): damaged or cut off"):
            require_whole(archive, kind)
        with pytest.raises(ArchiveError, match="damaged or cut off"):
            unpack(archive, kind=kind, target=tmp_path / "made")
        assert below(tmp_path) == {"archive"}
        assert not (tmp_path / "made").exists()
    archive.write_bytes(data)
    require_whole(archive, kind)
    unpack(archive, kind=kind, target=tmp_path / "made")


@pytest.mark.parametrize("case", ["zip", "tar.gz"])
def test_a_changed_byte_is_found(tmp_path, case):
    kind, data = WHOLE[case]
    archive = tmp_path / "archive"
    for position in np.random.default_rng(5).integers(40, len(data) - 2000, 12).tolist():
        damaged = bytearray(data)
        damaged[position] ^= 0x10
        archive.write_bytes(damaged)
        with pytest.raises(ArchiveError, match="archive"):
            require_whole(archive, kind)


def test_a_damaged_header_within_a_tar_is_not_its_end(tmp_path):
    data = bytearray(tarred({"a": b"1", "b": b"2", "c": b"3"}))
    data[1024 + 148 : 1024 + 156] = b"77777777"  # checksum of the second header
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(ArchiveError, match="no end mark at byte 1024"):
        require_whole(tmp_path / "a.tar", "tar")


def test_what_the_archive_lacks_is_found_before_it_gets_its_name(tmp_path):
    (tmp_path / "a.zip").write_bytes(ROOMS)
    for inside, contains in (("rooms", {"data.mdb": None}), ("else", {})):
        with pytest.raises(ArchiveError, match=r"holds no (data\.mdb|folder else)"):
            unpack(
                tmp_path / "a.zip",
                kind="zip",
                target=tmp_path / "rooms",
                inside=inside,
                contains=contains,
            )
    assert below(tmp_path) == {"a.zip"}


HOLDER = """
import sys
from pathlib import Path
from repro.artefacts.folder_lock import exclusive_lock
with exclusive_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_do_not_unpack_to_one_place(tmp_path, repository):
    (tmp_path / "a.zip").write_bytes(ROOMS)
    target, building = tmp_path / "rooms", tmp_path / ".rooms.partial"
    building.mkdir()
    (building / "half").write_bytes(b"of the other process")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, target],
        cwd=repository,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InUseError, match="another process is writing it"):
            unpack(tmp_path / "a.zip", kind="zip", target=target, inside="rooms")
        assert below(building) == {"half"}
        other.stdin.close()
    unpack(tmp_path / "a.zip", kind="zip", target=target, inside="rooms")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "rooms"]


def test_a_large_member_streams(tmp_path):
    size = 60_000_000
    archive = tmp_path / "large.zip"
    archive.write_bytes(zipped({"large/data.mdb": bytes(size)}))
    tracemalloc.start()
    unpack(archive, kind="zip", target=tmp_path / "large", inside="large")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "large/data.mdb").stat().st_size == size
    assert peak < 8_000_000


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_no_more_is_written_than_the_manifest_says(tmp_path, kind):
    archive = tmp_path / "archive"
    bomb = {"rooms/a": bytes(300_000), "rooms/b": bytes(300_000)}
    archive.write_bytes(zipped(bomb) if kind == "zip" else gzip.compress(tarred(bomb)))
    assert archive.stat().st_size < 3_000
    with pytest.raises(ArchiveError, match=r"'rooms/b' of 300000 bytes would take more room"):
        unpack(archive, kind=kind, target=tmp_path / "made", inside="rooms", most=599_999)
    assert below(tmp_path) == {"archive"}
    unpack(archive, kind=kind, target=tmp_path / "made", inside="rooms", most=600_000)


def test_nor_than_the_disk_has(tmp_path, monkeypatch):
    (tmp_path / "a.zip").write_bytes(zipped({"rooms/a": bytes(300_000)}))
    usage = type("usage", (), {"free": 300_000})
    monkeypatch.setattr("data_prep.download.unpack.shutil.disk_usage", lambda _: usage)
    with pytest.raises(ArchiveError, match=r"the disk has \(285000 bytes are left\)"):
        unpack(tmp_path / "a.zip", kind="zip", target=tmp_path / "made", inside="rooms")
    assert below(tmp_path) == {"a.zip"}


def test_an_endless_name_takes_no_memory(tmp_path):
    with (tmp_path / "a.tar").open("wb") as stream:
        stream.write(endless_name())
        stream.truncate(3 * 2**30)  # the bytes are there, though not on the disk
    tracemalloc.start()
    with pytest.raises(ArchiveError, match="a header of 3221225472 bytes"):
        require_whole(tmp_path / "a.tar", "tar")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
