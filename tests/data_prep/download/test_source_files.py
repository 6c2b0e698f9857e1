"""data_prep/download/ from a local server to the source: nothing fetched that is there."""

import shutil
import socket
from collections import namedtuple

import faulty_server as server
import lmdb
import pytest
from made_archives import OBJECTS, PICTURES, ROOMS, zipped
from made_sources import DIGITS, below, get, sums, write_manifest

from data_prep.download import unpack
from data_prep.download.fetch import WrongContentError
from data_prep.download.manifest import read_manifest
from data_prep.download.part_file import FetchError
from data_prep.download.source_files import DownloadError
from data_prep.source import missing, source_options
from repro.released.networks import _places
from repro.specs.validation import SpecError


def test_unknown_names_are_answered_with_the_nearest(raw, manifest):
    with pytest.raises(SpecError, match="did you mean 'rooms'"):
        get("room", raw, manifest)
    with pytest.raises(SpecError, match=r"did you mean 'rooms\.zip'"):
        get("rooms", raw, manifest, only=["room.zip"])


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


def test_the_authors_weights_are_found_where_they_are_unpacked(host, raw, tmp_path):
    entry = read_manifest().sources["authors_weights"].files[0].model_dump(exclude_defaults=True)
    files = {f"{entry['inside']}/{name}": bytes(size) for name, size in entry["contains"].items()}
    host.files["/w.zip"] = server.Served(zipped(files))
    manifest = write_manifest(tmp_path, {"weights": [entry | {"url": host.url("/w.zip")}]})
    host.faults = [server.chunked(200), server.chunked()]  # as GitHub sends its archives
    get("weights", raw, manifest, unpacked=True)
    found = set(_places(raw / "authors_weights"))
    assert {(folder.name.partition("_")[0], number) for folder, number in found} == {
        ("imagenet", 30), ("svhn", 200),
    }  # fmt: skip


def test_a_second_way_is_told_where_no_address_answers(host, raw, tmp_path):
    entry = {"name": "a.mat", "path": "a.mat", "url": host.url("/gone"), **sums(DIGITS)}
    entry["otherwise"] = "ask the neighbour"
    with pytest.raises(FetchError, match="another way: ask the neighbour"):
        get("one", raw, write_manifest(tmp_path, {"one": [entry]}))


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
