"""A local server of all files that the tests here fetch, and the manifest of its sources."""

import faulty_server as server
import pytest
from made_archives import CLASSES, OBJECTS, ROOMS
from made_sources import DIGITS, sums, write_manifest
from one_download import DATA


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def host():
    with server.faulty_server() as state:
        files = {
            "/file.zip": DATA,
            "/rooms.zip": ROOMS,
            "/objects.tar.gz": OBJECTS,
            "/digits.mat": DIGITS,
        }
        state.files = {path: server.Served(data) for path, data in files.items()}
        yield state


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "raw").mkdir()
    return tmp_path / "raw"


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
