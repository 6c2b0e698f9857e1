"""download/fetch.py against a local server with faults: no wrong file, nothing thrown away.

Longer than 300 lines: every case is the same download under another fault.
"""

import errno
import hashlib
import json
import shutil
import socket
import tempfile
from collections import namedtuple
from email.utils import formatdate
from pathlib import Path

import faulty_server as server
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.download.fetch import WrongContentError, amount, fetch
from data_prep.download.part_file import FetchError, Origin, PartFile

DATA = np.random.default_rng(1).bytes(200_000)
OTHER = DATA[:30_000] + np.random.default_rng(2).bytes(170_000)  # a later version of the file
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def host():
    with server.faulty_server() as state:
        state.files["/file.zip"] = server.Served(DATA)
        yield state


class Clock:
    """Stands in for time.sleep: remembers the pauses and takes no time."""

    def __init__(self):
        self.pauses = []

    def __call__(self, seconds):
        self.pauses.append(seconds)


def get(host, target, **given):
    defaults = {
        "urls": [host.url("/file.zip")] if host else [],
        "size": len(DATA),
        "checksums": {"sha256": SHA256},
        "retries": 3,
        "timeout": 5.0,
        "sleep": Clock(),
        "report": lambda line: None,
    }
    return fetch(target=target, **defaults | given)


def part_of(target, data=None, note=None):
    """The .part of a target; written with its note where given."""
    path = target.with_name(target.name + ".part")
    if data is not None:
        path.write_bytes(data)
    if note is not None:
        path.with_name(path.name + ".json").write_text(json.dumps(note))
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_and_nothing_beside_it(host, tmp_path):
    target = tmp_path / "below" / "file.zip"
    assert get(host, target, checksums={"sha256": SHA256.upper()}) == target
    assert target.read_bytes() == DATA
    assert names(target.parent) == ["file.zip"]
    assert host.seen == [("/file.zip", None, None)]
    with pytest.raises(FetchError, match="exists already"):
        get(host, target)


def test_dropped_connections_are_gone_on_with_and_no_byte_is_sent_twice(host, tmp_path):
    counts = np.random.default_rng(3).integers(1, 15_000, 20).tolist()
    host.faults = [server.drop(count) for count in counts]
    clock = Clock()
    # 20 drops and 1 retry: every new byte makes the count of failures begin again
    assert get(host, tmp_path / "file.zip", retries=1, sleep=clock).read_bytes() == DATA
    assert host.sent == len(DATA)
    ends = np.cumsum(counts).tolist()
    assert host.seen[1:] == [("/file.zip", f"bytes={end}-", '"one"') for end in ends]
    assert len(clock.pauses) == 20
    assert max(clock.pauses) <= 1  # the first pause each time


def test_another_run_goes_on_from_the_part_of_the_first(host, tmp_path):
    host.faults = [server.drop(70_000), server.drop(0)]
    target = tmp_path / "file.zip"
    with pytest.raises(FetchError, match=r"70\.0 kB are kept in .*file\.zip\.part") as caught:
        get(host, target, retries=0, sleep=pytest.fail)
    assert "same command goes on" in str(caught.value)
    assert names(tmp_path) == ["file.zip.part", "file.zip.part.json"]
    get(host, target)
    assert host.seen[-1] == ("/file.zip", "bytes=70000-", '"one"')
    assert target.read_bytes() == DATA
    assert host.sent == len(DATA)


@pytest.mark.parametrize(
    ("note", "condition"),
    [
        ({"etag": '"one"', "modified": "Mon, 01 Jan 2024 00:00:00 GMT"}, '"one"'),
        ({"etag": 'W/"one"', "modified": "Mon, 01 Jan 2024 00:00:00 GMT"}, "Mon, 01 Jan 2024"),
        ({"etag": 'W/"one"'}, None),  # a weak tag must not be sent
        ({}, None),
        (None, None),
        ("damaged", None),
    ],
)
def test_if_range_has_the_strongest_validator_known(host, tmp_path, note, condition):
    known = note if isinstance(note, dict) else {}
    host.files["/file.zip"] = server.Served(DATA, known.get("etag"), known.get("modified"))
    whole = {"url": host.url("/file.zip"), "total": len(DATA)} | known
    part_of(tmp_path / "file.zip", DATA[:50_000], note if note in (None, "damaged") else whole)
    assert get(host, tmp_path / "file.zip").read_bytes() == DATA
    [(_, asked, sent)] = host.seen
    assert asked == "bytes=50000-"
    assert sent is None if condition is None else sent.startswith(condition)
    assert host.sent == len(DATA) - 50_000


def test_a_server_that_ignores_range_is_compared_and_appended(host, tmp_path):
    target = tmp_path / "file.zip"
    part = part_of(target, DATA[:120_000])
    host.faults = [server.drop(80_000, ranges=False)]
    with pytest.raises(FetchError):
        get(host, target, retries=0)
    assert part.read_bytes() == DATA[:120_000]  # the shorter second transfer took nothing away
    host.faults = [server.drop(150_000, ranges=False), server.ignore_range]
    get(host, target)
    assert target.read_bytes() == DATA
    assert names(tmp_path) == ["file.zip"]


@pytest.mark.parametrize(
    "text", ["bytes 0-99/200000", "bytes 60000-199999/200000", "bytes 50000-", "nonsense", None]
)
def test_wrong_content_ranges_are_not_appended(host, tmp_path, text):
    target = tmp_path / "file.zip"
    part = part_of(target, DATA[:50_000])
    host.faults = [server.wrong_range(text)]
    with pytest.raises(FetchError, match="Content-Range"):
        get(host, target, retries=0)
    assert part.read_bytes() == DATA[:50_000]
    host.faults = [server.wrong_range(text)]
    assert get(host, target).read_bytes() == DATA
    assert host.seen[-1][1] is None  # asked for as a whole, compared, and appended


def test_wrong_bytes_of_the_right_length_are_kept_aside_and_not_resumed_from(host, tmp_path):
    target = tmp_path / "file.zip"
    host.faults = [server.scrambled]
    with pytest.raises(WrongContentError, match=rf"expected {SHA256}.*file\.zip\.wrong"):
        get(host, target)
    assert names(tmp_path) == ["file.zip.wrong"]
    assert (tmp_path / "file.zip.wrong").read_bytes() == bytes(b ^ 0xFF for b in DATA)
    assert len(host.seen) == 1  # it is not asked for again and again
    get(host, target)
    assert host.seen[-1][1] is None
    assert target.read_bytes() == DATA


def test_a_wrong_rest_is_found_by_the_checksum_of_old_and_new_bytes(host, tmp_path):
    target = tmp_path / "file.zip"
    part_of(target, DATA[:50_000])
    host.faults = [server.scrambled]
    with pytest.raises(WrongContentError):
        get(host, target)
    assert not target.exists()


@pytest.mark.parametrize("size", [len(DATA), None])
@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/zip"])
@pytest.mark.parametrize("there", [0, 50_000])
def test_a_page_with_status_200_is_refused_before_a_byte_is_written(
    host, tmp_path, kind, size, there
):
    target = tmp_path / "file.zip"
    part = part_of(target, DATA[:there])
    host.faults = [server.send(server.PAGE, content_type=kind)] * 2
    with pytest.raises(FetchError, match=r"HTML|published are 200000"):
        get(host, target, retries=1, size=size)
    assert (part.read_bytes() if part.exists() else b"") == DATA[:there]
    assert get(host, target, size=size).read_bytes() == DATA
    assert host.sent == 2 * len(server.PAGE) + len(DATA) - there


def test_a_page_of_the_right_length_and_a_page_as_the_rest(host, tmp_path):
    target = tmp_path / "file.zip"
    page = server.PAGE.ljust(len(DATA))
    host.faults = [server.send(page, content_type="application/zip")]
    assert get(host, target).read_bytes() == DATA
    target.unlink()
    part_of(target, DATA[:50_000])
    rest = server.PAGE.ljust(150_000)
    said = {"content_range": "bytes 50000-199999/200000", "content_type": "text/html"}
    host.faults = [server.send(rest, status=206, **said)]
    assert get(host, target).read_bytes() == DATA


@pytest.mark.parametrize("there", [0, 50_000])
def test_a_body_of_another_length_is_refused_before_a_byte_is_written(host, tmp_path, there):
    part = part_of(tmp_path / "file.zip", DATA[:there])
    host.faults = [server.send(OTHER[:100_000]), server.send(DATA + b"more")]
    with pytest.raises(FetchError, match=r"200004 bytes .* published are 200000"):
        get(host, tmp_path / "file.zip", retries=1)
    assert (part.read_bytes() if part.exists() else b"") == DATA[:there]


def test_a_body_without_a_length_that_is_too_long_or_too_short(host, tmp_path):
    target = tmp_path / "file.zip"
    host.files["/file.zip"] = server.Served(DATA + bytes(100_000))
    host.faults = [server.chunked()]
    with pytest.raises(FetchError, match="more than the published 200000 bytes"):
        get(host, target, retries=0)
    host.files["/file.zip"] = server.Served(DATA)
    get(host, target)
    target.unlink()
    part_of(target, DATA[:120_000])
    host.files["/file.zip"] = server.Served(DATA[:100_000])
    host.faults = [server.chunked()]
    with pytest.raises(FetchError, match="only 100000 bytes came, 120000 are there"):
        get(host, target, size=None, checksums=None, check=lambda path: None, retries=0)


def test_a_rest_of_unknown_total_is_whole_only_with_its_last_byte(host, tmp_path):
    def unknown_total(count):
        def fault(request, file):
            said = {"Content-Range": "bytes 50000-199999/*", "Content-Length": 150_000}
            request.head(206, said)
            request.body(file.data[50_000:][:count])

        return fault

    for count in (100_000, None):
        part_of(tmp_path / "file.zip", DATA[:50_000])
        host.faults = [unknown_total(count)]
        given = {"size": None, "checksums": None, "check": lambda path: None, "retries": 0}
        if count is None:
            assert get(host, tmp_path / "file.zip", **given).read_bytes() == DATA
            continue
        with pytest.raises(FetchError, match="50000 bytes too early"):
            get(host, tmp_path / "file.zip", **given)


def test_busy_servers_are_asked_again_when_they_say(host, tmp_path):
    date = formatdate(1_000_040, usegmt=True)
    clock = Clock()
    host.faults = [
        server.status(503, retry_after="25"),
        server.status(429, retry_after=date),
        server.status(500, retry_after="soon"),
        server.status(502),
    ]
    get(host, tmp_path / "file.zip", retries=4, sleep=clock, now=lambda: 1_000_000.0)
    assert clock.pauses[:2] == [25.0, 40.0]
    assert 2 <= clock.pauses[2] <= 4 <= clock.pauses[3] <= 8


def test_too_long_a_pause_ends_the_download(host, tmp_path):
    part_of(tmp_path / "file.zip", DATA[:50_000])
    host.faults = [server.status(503, retry_after="7200")]
    with pytest.raises(FetchError, match=r"come back in 7200 s.*50\.0 kB are kept"):
        get(host, tmp_path / "file.zip", sleep=pytest.fail)


def test_a_stalled_connection_is_left_and_gone_on_with(host, tmp_path):
    host.faults = [server.stall(90_000)]
    assert get(host, tmp_path / "file.zip", timeout=0.2).read_bytes() == DATA
    assert host.seen[-1][1] == "bytes=90000-"  # what came before the silence is kept


@pytest.mark.parametrize("code", [404, 410, 403])
def test_a_missing_file_is_not_asked_for_again_but_elsewhere(host, tmp_path, code):
    host.faults = [server.status(code)]
    with pytest.raises(FetchError, match=rf"answers {code} .*nothing has arrived"):
        get(host, tmp_path / "file.zip", sleep=pytest.fail)
    assert names(tmp_path) == []
    host.files["/copy.zip"] = server.Served(DATA, '"another tag"')
    host.faults = [server.drop(50_000), server.status(code), server.well]
    urls = [host.url("/file.zip"), host.url("/copy.zip")]
    assert get(host, tmp_path / "file.zip", urls=urls).read_bytes() == DATA
    assert host.seen[-1] == ("/copy.zip", "bytes=50000-", None)  # a tag of the other is no help


def test_a_host_that_is_gone(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/file.zip"
    part = part_of(tmp_path / "file.zip", DATA[:50_000])
    pauses = []
    for _ in range(2):
        clock = Clock()
        with pytest.raises(FetchError) as caught:
            get(None, tmp_path / "file.zip", urls=[url], retries=9, sleep=clock)
        pauses.append(clock.pauses)
    for words in (url, f"host 127.0.0.1:{port} does not answer", "10 requests", "50.0 kB", ".part"):
        assert words in str(caught.value)
    assert part.read_bytes() == DATA[:50_000]
    assert pauses[0] == pauses[1]  # the jitter is drawn from the seed
    shares = np.divide(pauses[0], [1, 2, 4, 8, 16, 32, 60, 60, 60])
    assert (shares >= 0.5).all()
    assert (shares <= 1).all()
    assert len(set(shares)) == 9


def test_a_host_without_a_name(tmp_path):
    url = "http://nowhere.invalid/file.zip"
    with pytest.raises(FetchError, match=r"host nowhere\.invalid does not answer"):
        get(None, tmp_path / "file.zip", urls=[url])
    assert names(tmp_path) == []


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
    with pytest.raises(FetchError, match="from byte 30000 on other bytes came"):
        get(host, target, retries=1)
    assert part_of(target).read_bytes() == DATA[:120_000]
    assert get(host, target).read_bytes() == DATA


@pytest.mark.parametrize("there", [0, 50_000])
def test_a_full_disk_is_found_before_the_start(host, tmp_path, monkeypatch, there):
    part_of(tmp_path / "file.zip", DATA[:there])
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(0, 0, 249_999 - there))
    for size in (len(DATA), None):  # published, and only said by the server
        with pytest.raises(FetchError) as caught:
            get(host, tmp_path / "file.zip", size=size, also_needed=50_000)
        for number in (250_000 - there, 249_999 - there):
            assert f"({number} bytes)" in str(caught.value)
    assert host.sent <= len(DATA)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(0, 0, 250_000 - there))
    get(host, tmp_path / "file.zip", also_needed=50_000)


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


def test_an_interrupt_leaves_a_part_that_is_gone_on_with(host, tmp_path):
    def interrupted(seconds):
        raise KeyboardInterrupt

    host.faults = [server.drop(70_000)]
    with pytest.raises(KeyboardInterrupt):
        get(host, tmp_path / "file.zip", sleep=interrupted)
    assert part_of(tmp_path / "file.zip").read_bytes() == DATA[:70_000]
    assert get(host, tmp_path / "file.zip").read_bytes() == DATA
    assert host.sent == len(DATA)


def test_a_whole_part_needs_no_request(host, tmp_path):
    part_of(tmp_path / "file.zip", DATA)  # as after a crash before the renaming
    assert get(host, tmp_path / "file.zip").read_bytes() == DATA
    assert host.seen == []
    part_of(tmp_path / "else.zip", DATA)
    get(host, tmp_path / "else.zip", size=None)  # 416: nothing follows
    assert host.sent == 0
    assert (tmp_path / "else.zip").read_bytes() == DATA


@pytest.mark.parametrize("size", [len(DATA), None])
def test_bodies_without_a_length(host, tmp_path, size):
    target = tmp_path / "file.zip"
    host.faults = [server.chunked(50_000), server.chunked()]
    assert get(host, target, size=size).read_bytes() == DATA
    target.unlink()
    host.faults = [server.without_length()]
    assert get(host, target, size=size).read_bytes() == DATA


def test_a_body_of_unknown_end_that_nothing_can_check_is_refused(host, tmp_path):
    host.faults = [server.without_length(50_000)]
    with pytest.raises(FetchError, match="cannot be told"):
        get(host, tmp_path / "file.zip", size=None, checksums=None)
    assert names(tmp_path) == ["file.zip.part", "file.zip.part.json"]


def test_without_a_checksum_the_check_decides(host, tmp_path):
    def refuse(path):
        raise ValueError(f"{path.name} is no archive")

    given = {"checksums": None, "size": None}
    with pytest.raises(WrongContentError, match=r"file\.zip\.part is no archive"):
        get(host, tmp_path / "file.zip", check=refuse, **given)
    assert names(tmp_path) == ["file.zip.wrong"]
    seen = []
    get(host, tmp_path / "file.zip", check=lambda p: seen.append(p.read_bytes()), **given)
    assert seen == [DATA]


def test_two_runs_do_not_write_one_part(host, tmp_path):
    with PartFile(tmp_path / "file.zip") as part:
        part.append(DATA[:1000])
        part.flush()
        with pytest.raises(FetchError, match="another process"):
            get(host, tmp_path / "file.zip")
    assert get(host, tmp_path / "file.zip").read_bytes() == DATA


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


def test_amounts_are_decimal():
    given = [0, 999, 1000, 28_881, 45_922_737_680, 2_500_000_000_000]
    said = ["0 bytes", "999 bytes", "1.0 kB", "28.9 kB", "45.9 GB", "2.5 TB"]
    assert [amount(size) for size in given] == said


FAULTS = st.one_of(
    st.builds(server.drop, st.integers(0, 60_000), ranges=st.booleans()),
    st.builds(server.chunked, st.integers(0, 60_000)),
    st.sampled_from(
        [
            server.well,
            server.ignore_range,
            server.wrong_range("bytes 7-199999/200000"),
            server.wrong_range(None),
            server.send(server.PAGE, content_type="text/html"),
            server.send(server.PAGE.ljust(len(DATA))),
            server.send(OTHER, etag='"one"'),
            server.send(b""),
            server.status(503),
            server.status(404),
            server.status(416),
        ]
    ),
)


@settings(max_examples=60)
@given(faults=st.lists(FAULTS, max_size=12), retries=st.integers(0, 3))
def test_whatever_goes_wrong_no_wrong_file_and_no_byte_lost(faults, retries):
    with tempfile.TemporaryDirectory() as folder, server.faulty_server() as host:
        host.files["/file.zip"] = server.Served(DATA)
        host.faults = list(faults)
        target, longest = Path(folder) / "file.zip", 0
        for _ in range(len(faults) + 2):
            try:
                get(host, target, retries=retries)
            except WrongContentError:
                longest = 0  # OTHER was the first to come: kept as .wrong, begun anew
                assert (Path(folder) / "file.zip.wrong").stat().st_size == len(DATA)
            except FetchError:
                there = part_of(target).stat().st_size if part_of(target).exists() else 0
                assert there >= longest
                longest = there
            else:
                break
            assert not target.exists()
        assert target.read_bytes() == DATA
