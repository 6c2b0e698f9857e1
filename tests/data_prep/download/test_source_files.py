"""data_prep/download/ against a local server and made archives: nothing fetched that is there.

Longer than 300 lines: one server with one manifest of four sources serves all the tests here.
"""

import functools
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import namedtuple

import faulty_server as server
import lmdb
import numpy as np
import pytest
import yaml
from made_archives import CLASSES, OBJECTS, PICTURES, ROOMS, zipped

from data_prep.download import unpack
from data_prep.download.__main__ import main as download_main
from data_prep.download.fetch import WrongContentError, fetch
from data_prep.download.manifest import listing, planned, read_manifest
from data_prep.download.part_file import FetchError
from data_prep.download.source_files import DownloadError, download
from data_prep.source import missing, source_options
from repro.specs.validation import SpecError

DIGITS = np.random.default_rng(99).bytes(30_000)


def sums(data):
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "raw").mkdir()
    return tmp_path / "raw"


@pytest.fixture
def host(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with server.faulty_server() as state:
        files = {"/rooms.zip": ROOMS, "/objects.tar.gz": OBJECTS, "/digits.mat": DIGITS}
        state.files = {path: server.Served(data) for path, data in files.items()}
        yield state


@pytest.fixture
def manifest(host, tmp_path):
    """A manifest of the server's files, and of one that is got by hand."""
    jpg = {"000000.jpg": 5000, "000019.jpg": None}
    sources = {
        "rooms": {
            "name": "rooms.zip", "unpack": "zip", "path": "rooms", "contains": jpg,
            "url": host.url("/rooms.zip"), **sums(ROOMS),
        },
        "objects": {
            "name": "objects.tar.gz", "unpack": "tar", "path": "below/objects", "contains": jpg,
            "url": host.url("/objects.tar.gz"), "unpacked": 100_000, **sums(OBJECTS),
        },
        "digits": {
            "name": "digits.mat", "path": "digits/digits.mat", "url": host.url("/digits.mat"),
            "instead": {"digits/digits.npy": 7}, **sums(DIGITS),
        },
        "classes": {
            "name": "classes.tar", "unpack": "tar_of_tars", "path": "classes", "inside": ".",
            "contains": {"n01": None, "n02": None}, "by_hand": "ask the librarian",
            **sums(CLASSES),
        },
    }  # fmt: skip
    return write_manifest(tmp_path, {name: [entry] for name, entry in sources.items()})


def write_manifest(folder, sources):
    path = folder / "manifest.yaml"
    values = {name: {"about": name, "files": files} for name, files in sources.items()}
    path.write_text(yaml.safe_dump({"sources": values}, sort_keys=False))
    return path


def get(source, raw, manifest, **given):
    quick = functools.partial(fetch, sleep=lambda s: None, timeout=5.0, report=lambda line: None)
    defaults = {"manifest": manifest, "fetcher": quick, "report": lambda line: None}
    return download(source=source, raw=raw, **defaults | given)


def below(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_unknown_names_are_answered_with_the_nearest(raw, manifest):
    with pytest.raises(SpecError, match="did you mean 'rooms'"):
        get("room", raw, manifest)
    with pytest.raises(SpecError, match=r"did you mean 'rooms\.zip'"):
        get("rooms", raw, manifest, only=["room.zip"])


# --- from the server to the source ------------------------------------------------------------


def test_zip_tar_and_plain_file_go_to_their_places(host, raw, manifest):
    assert get("rooms", raw, manifest, unpacked=True) == [raw / "rooms"]
    assert get("objects", raw, manifest, unpacked=True) == [raw / "below/objects"]
    assert get("digits", raw, manifest, unpacked=True) == [raw / "digits/digits.mat"]
    for folder in ("rooms", "below/objects"):
        assert {p.name: p.read_bytes() for p in (raw / folder).iterdir()} == PICTURES
    assert (raw / "digits/digits.mat").read_bytes() == DIGITS
    others = below(raw) - {f"{f}/{n}" for f in ("rooms", "below/objects") for n in PICTURES}
    assert others == {"downloads/rooms.zip", "downloads/objects.tar.gz", "digits/digits.mat"}


def test_a_second_run_fetches_and_unpacks_nothing(host, raw, manifest):
    get("rooms", raw, manifest)
    assert below(raw) == {"downloads/rooms.zip"}  # --unpack was not given
    get("rooms", raw, manifest, unpacked=True)
    (raw / "downloads/rooms.zip").unlink()  # the archive is not needed any more
    get("digits", raw, manifest)
    before = (raw / "rooms/000000.jpg").stat().st_mtime_ns
    for source in ("rooms", "digits"):
        get(source, raw, manifest, unpacked=True)
        get(source, raw, manifest)
    assert len(host.seen) == 2
    assert (raw / "rooms/000000.jpg").stat().st_mtime_ns == before


def test_an_lmdb_from_the_server_is_read_by_its_source(host, raw, tmp_path):
    environment = lmdb.open(str(tmp_path / "made"), map_size=1 << 20)
    with environment.begin(write=True) as transaction:
        transaction.put(b"key", b"value")
    environment.close()
    files = {f"bedroom_train_lmdb/{p.name}": p.read_bytes() for p in (tmp_path / "made").iterdir()}
    data = zipped(files)
    host.files["/b.zip"] = server.Served(data)
    entry = read_manifest().sources["lsun"].files[0].model_dump(exclude_defaults=True)
    entry |= {"url": host.url("/b.zip"), **sums(data)}
    host.faults = [server.drop(len(data) // 2)]
    get("lsun", raw, write_manifest(tmp_path, {"lsun": [entry]}), unpacked=True)
    options = source_options("lsun")()
    assert missing(raw, "lsun", options) == []
    assert missing(raw / "bedroom_train_lmdb", "lsun", options) == []
    database = lmdb.open(str(raw / "bedroom_train_lmdb"), readonly=True, lock=False)
    with database.begin() as transaction:
        assert transaction.get(b"key") == b"value"


def test_unpacked_data_and_what_serves_instead_are_recognised(host, raw, manifest):
    (raw / "rooms").mkdir()
    (raw / "rooms/000000.jpg").write_bytes(bytes(5000))
    (raw / "rooms/000019.jpg").write_bytes(b"")
    (raw / "digits").mkdir()
    (raw / "digits/digits.npy").write_bytes(b"7 bytes")
    assert get("rooms", raw, manifest, unpacked=True) == [raw / "rooms"]
    get("digits", raw, manifest)
    assert host.seen == []


def test_half_unpacked_data_are_left_alone_and_nothing_is_fetched(host, raw, manifest):
    (raw / "rooms").mkdir()
    (raw / "rooms/000000.jpg").write_bytes(bytes(4999))
    with pytest.raises(DownloadError, match=r"without 000000\.jpg of 5000 bytes, 000019\.jpg"):
        get("rooms", raw, manifest, unpacked=True)
    assert host.seen == []
    assert below(raw) == {"rooms/000000.jpg"}


@pytest.mark.parametrize("data", [DIGITS[:-1], bytes(len(DIGITS))])
def test_another_file_at_the_place_is_left_alone(host, raw, manifest, data):
    (raw / "digits").mkdir()
    (raw / "digits/digits.mat").write_bytes(data)
    with pytest.raises(DownloadError, match="not the published file"):
        get("digits", raw, manifest)
    assert (raw / "digits/digits.mat").read_bytes() == data
    assert host.seen == []


def test_a_host_that_is_gone_is_answered_with_what_to_do(host, raw, manifest, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}"
    text = manifest.read_text().replace(host.address, gone)
    manifest.write_text(text)
    (raw / "downloads").mkdir()
    (raw / "downloads/rooms.zip.part").write_bytes(ROOMS[:1000])
    with pytest.raises(FetchError) as caught:
        get("rooms", raw, manifest, retries=2)
    for words in (
        f"{gone}/rooms.zip", "does not answer", "3 requests", "rooms.zip.part", "--archive PATH",
        sums(ROOMS)["sha256"], f"{len(ROOMS)} bytes",
    ):  # fmt: skip
        assert words in str(caught.value)
    assert below(raw) == {"downloads/rooms.zip.part"}


def test_wrong_bytes_are_never_unpacked(host, raw, manifest):
    host.faults = [server.scrambled]
    with pytest.raises(WrongContentError, match=r"rooms\.zip\.wrong"):
        get("rooms", raw, manifest, unpacked=True)
    assert below(raw) == {"downloads/rooms.zip.wrong"}


def test_without_a_published_checksum_the_archive_is_tested(host, raw, tmp_path):
    entry = {
        "name": "rooms.zip", "unpack": "zip", "path": "rooms", "contains": {"000000.jpg": None},
        "url": host.url("/rooms.zip"),
    }  # fmt: skip
    manifest = write_manifest(tmp_path, {"rooms": [entry]})
    damaged = bytearray(ROOMS)
    damaged[2000] ^= 1
    host.faults = [server.send(bytes(damaged))]
    with pytest.raises(WrongContentError, match="damaged or cut off"):
        get("rooms", raw, manifest, unpacked=True)
    host.faults = [server.without_length(len(ROOMS) - 1)]
    with pytest.raises(WrongContentError, match="damaged or cut off"):
        get("rooms", raw, manifest, unpacked=True)
    host.faults = [server.drop(40_000), server.drop(20_000)]
    get("rooms", raw, manifest, unpacked=True)
    assert (raw / "rooms/000007.jpg").read_bytes() == PICTURES["000007.jpg"]


def test_a_full_disk_is_found_before_anything_is_fetched(host, raw, manifest, monkeypatch):
    usage = namedtuple("usage", "total used free")
    needed = len(OBJECTS) + 100_000
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(0, 0, needed - 1))
    with pytest.raises(FetchError) as caught:
        get("objects", raw, manifest, unpacked=True)
    for words in (f"{needed} bytes", f"{needed - 1} bytes", "100.0 kB or more to unpack"):
        assert words in str(caught.value)
    assert host.seen == []
    (raw / "downloads").mkdir()
    (raw / "downloads/objects.tar.gz.part").write_bytes(OBJECTS[:1])
    get("objects", raw, manifest, unpacked=True)  # what is there already is not needed again


# --- adoption ---------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["downloads/rooms.zip", "rooms.zip"])
def test_an_archive_in_raw_is_used_where_it_lies(host, raw, manifest, place):
    (raw / place).parent.mkdir(exist_ok=True)
    (raw / place).write_bytes(ROOMS)
    get("rooms", raw, manifest, unpacked=True)
    assert (raw / "rooms/000003.jpg").read_bytes() == PICTURES["000003.jpg"]
    assert host.seen == []
    assert place in below(raw)


@pytest.mark.parametrize(("given", "name"), [("a.zip", "a.zip"), ("", "rooms.zip")])
def test_an_archive_from_elsewhere_is_used_where_it_lies(
    host, raw, manifest, tmp_path, given, name
):
    copies = tmp_path / "copies"
    copies.mkdir()
    (copies / name).write_bytes(ROOMS)
    get("rooms", raw, manifest, unpacked=True, archives=[copies / given])
    assert (raw / "rooms/000003.jpg").read_bytes() == PICTURES["000003.jpg"]
    assert host.seen == []
    assert below(copies) == {name}
    assert not (raw / "downloads").exists()


def test_a_plain_file_from_elsewhere_is_copied(host, raw, manifest, tmp_path):
    copy = tmp_path / "digits.mat"
    copy.write_bytes(DIGITS)
    get("digits", raw, manifest, archives=[copy])
    assert (raw / "digits/digits.mat").read_bytes() == DIGITS
    assert copy.exists()
    assert host.seen == []


@pytest.mark.parametrize(
    "data", [ROOMS[:-1], bytes(len(ROOMS)), OBJECTS], ids=["cut off", "zeros", "another"]
)
@pytest.mark.parametrize("in_raw", [False, True])
def test_a_wrong_copy_is_refused_and_left_alone(host, raw, manifest, tmp_path, data, in_raw):
    copy = (raw if in_raw else tmp_path) / "rooms.zip"
    copy.write_bytes(data)
    with pytest.raises(DownloadError, match=r"rooms\.zip: not the published rooms\.zip"):
        get("rooms", raw, manifest, unpacked=True, archives=[] if in_raw else [copy])
    assert copy.read_bytes() == data
    assert host.seen == []
    assert below(raw) <= {"rooms.zip"}


def test_copies_that_belong_to_nothing(host, raw, manifest, tmp_path):
    with pytest.raises(DownloadError, match="no such file"):
        get("rooms", raw, manifest, archives=[tmp_path / "nothing.zip"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DownloadError, match=r"expected rooms\.zip"):
        get("rooms", raw, manifest, archives=[tmp_path / "empty"])
    entries = [
        {"name": name, "path": name, "url": host.url("/digits.mat"), **sums(DIGITS)}
        for name in ("one.mat", "two.mat")
    ]
    two = write_manifest(tmp_path, {"two": entries})
    copy = tmp_path / "copy.mat"
    copy.write_bytes(DIGITS)
    with pytest.raises(DownloadError, match="needs --only"):
        get("two", raw, two, archives=[copy])
    get("two", raw, two, archives=[copy], only=["two.mat"])
    assert below(raw) == {"two.mat"}
    assert host.seen == []


def test_a_cut_off_archive_in_downloads_is_gone_on_with(host, raw, manifest):
    (raw / "downloads").mkdir()
    (raw / "downloads/rooms.zip").write_bytes(ROOMS[:60_000])
    (raw / "downloads/rooms.zip.part").write_bytes(ROOMS[:100])
    get("rooms", raw, manifest)
    assert host.seen == [("/rooms.zip", "bytes=60000-", None)]
    assert (raw / "downloads/rooms.zip").read_bytes() == ROOMS
    assert below(raw) == {"downloads/rooms.zip"}


@pytest.mark.parametrize(
    "data",
    [bytes(len(ROOMS)), server.PAGE, ROOMS + b"more", ROOMS[:100]],
    ids=["zeros", "a page", "longer", "cut off"],
)
def test_another_file_in_downloads_is_kept_aside(host, raw, manifest, data):
    """As long, a page, too long, or shorter than the .part that is there."""
    (raw / "downloads").mkdir()
    (raw / "downloads/rooms.zip").write_bytes(data)
    (raw / "downloads/rooms.zip.part").write_bytes(ROOMS[:1000])
    get("rooms", raw, manifest)
    assert host.seen == [("/rooms.zip", "bytes=1000-", None)]
    assert (raw / "downloads/rooms.zip").read_bytes() == ROOMS
    assert (raw / "downloads/rooms.zip.wrong").read_bytes() == data


def test_what_needs_a_hand_is_explained_and_then_used(host, raw, manifest, tmp_path):
    with pytest.raises(DownloadError) as caught:
        get("classes", raw, manifest, unpacked=True)
    for words in ("ask the librarian", str(raw / "downloads/classes.tar"), sums(CLASSES)["sha256"]):
        assert words in str(caught.value)
    (tmp_path / "classes.tar").write_bytes(CLASSES)
    archives = [tmp_path / "classes.tar"]
    get("classes", raw, manifest, unpacked=True, archives=archives)
    assert {p: (raw / "classes" / p).read_bytes() for p in below(raw / "classes")} == {
        "n01/a.JPEG": b"first",
        "n01/b.JPEG": b"second",
        "n02/c.JPEG": b"third",
    }


def test_the_table_says_what_is_there(host, raw, manifest):
    get("rooms", raw, manifest, unpacked=True)
    get("objects", raw, manifest)
    (raw / "digits").mkdir()
    (raw / "digits/digits.mat.part").write_bytes(DIGITS[:15_000])
    known = read_manifest(manifest)
    rows = listing([p for s in known.sources for p in planned(s, raw=raw, manifest=known)])
    cells = {line.split()[0]: line for line in rows.splitlines()}
    assert "unpacked" in cells["rooms"]
    assert " archive " in cells["objects"]
    assert cells["digits"].split()[2:8] == ["30.0", "kB", "15.0", "kB", "(50%)", "no"]
    assert cells["classes"].split()[2:] == ["30.7", "kB", "-", "yes", "classes"]


def test_an_interrupted_unpacking_leaves_nothing(host, raw, manifest, monkeypatch):
    written = []
    write = unpack._write

    def interrupted(member, folder, **given):
        write(member, folder, **given)
        written.append(member.name)
        if len(written) == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(unpack, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get("rooms", raw, manifest, unpacked=True)
    assert below(raw) == {"downloads/rooms.zip"}
    assert not (raw / "rooms").exists()
    (raw / ".rooms.partial").mkdir()  # as a killed run leaves it
    (raw / ".rooms.partial/000001.jpg").write_bytes(b"half")
    get("rooms", raw, manifest, unpacked=True)
    assert len(host.seen) == 1
    assert {p.name: p.read_bytes() for p in (raw / "rooms").iterdir()} == PICTURES


# --- the command ------------------------------------------------------------------------------


def command(raw, manifest, *words):
    line = [sys.executable, "-m", "data_prep.download", *words, "--raw", raw]
    return [*line, "--manifest", manifest]


def started(raw, manifest, *words, repository):
    return subprocess.Popen(
        command(raw, manifest, *words),
        cwd=repository,
        env=os.environ | {"no_proxy": "*"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a suite that runs in the background hands on that interrupts are ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def test_an_interrupt_says_how_to_go_on_and_the_next_command_does(host, raw, manifest, repository):
    host.faults = [server.stall(50_000, seconds=60)]
    process = started(raw, manifest, "rooms", repository=repository)
    part = raw / "downloads/rooms.zip.part"
    deadline = time.monotonic() + 30
    while not (part.exists() and host.sent >= 50_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"stopped; kept: 50.0 kB in {part}. The same command goes on from there." in said
    assert "Traceback" not in said
    process = started(raw, manifest, "rooms", "--unpack", repository=repository)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert host.seen[-1] == ("/rooms.zip", "bytes=50000-", '"one"')
    assert "%|" not in said  # no progress bar where there is no terminal
    assert (raw / "rooms/000000.jpg").read_bytes() == PICTURES["000000.jpg"]


def test_the_command_lists_and_complains(raw, manifest, monkeypatch, capsys, host):
    def run(*words):
        monkeypatch.setattr(sys, "argv", [str(w) for w in command(raw, manifest, *words)[2:]])
        download_main()

    run("--list")
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in table] == [
        "source",
        "rooms",
        "objects",
        "digits",
        "classes",
    ]
    run("rooms", "--list")
    assert len(capsys.readouterr().out.splitlines()) == 2
    with pytest.raises(SpecError, match="no downloads for 'digit'; did you mean 'digits'"):
        run("digit")
    with pytest.raises(DownloadError, match=r"(?s)some files .*ask the librarian"):
        run("classes")
    with pytest.raises(SystemExit) as caught:
        run()
    assert caught.value.code == 2
    run("digits", "--retries", "0")
    assert (raw / "digits/digits.mat").read_bytes() == DIGITS
