"""data_prep/download/: copies that the user has are checked, used and left alone."""

import faulty_server as server
import pytest
from made_archives import CLASSES, OBJECTS, PICTURES, ROOMS
from made_sources import DIGITS, below, get, sums, write_manifest

from data_prep.download.source_files import DownloadError


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


def test_an_older_file_set_aside_stays(host, raw, manifest):
    (raw / "downloads").mkdir()
    (raw / "downloads/rooms.zip.wrong").write_bytes(b"of the user")
    (raw / "downloads/rooms.zip.wrong-2").write_bytes(b"another")
    (raw / "downloads/rooms.zip").write_bytes(server.PAGE)
    get("rooms", raw, manifest)
    assert (raw / "downloads/rooms.zip.wrong").read_bytes() == b"of the user"
    assert (raw / "downloads/rooms.zip.wrong-2").read_bytes() == b"another"
    assert (raw / "downloads/rooms.zip.wrong-3").read_bytes() == server.PAGE


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
