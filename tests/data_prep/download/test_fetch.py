"""download/fetch.py against a local server with faults: it continues and discards nothing."""

import socket
import tempfile
from email.utils import formatdate
from pathlib import Path

import faulty_server as server
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_download import DATA, OTHER, SHA256, Clock, get, names, part_of

from data_prep.download.fetch import WrongContentError, format_bytes
from data_prep.download.part_file import FetchError, PartFile


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
    # 20 drops and 1 retry: every new byte resets the count of failures
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
    assert "same command continues" in str(caught.value)
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
    assert host.seen[-1][1] is None  # requested as a whole, compared, and appended


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
    assert host.seen[-1] == ("/copy.zip", "bytes=50000-", None)  # the other one's tag does not help


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


def test_two_runs_do_not_write_one_part(host, tmp_path):
    with PartFile(tmp_path / "file.zip") as part:
        part.append(DATA[:1000])
        part.flush()
        with pytest.raises(FetchError, match="another process"):
            get(host, tmp_path / "file.zip")
    assert get(host, tmp_path / "file.zip").read_bytes() == DATA


def test_amounts_are_decimal():
    given = [0, 999, 1000, 28_881, 45_922_737_680, 2_500_000_000_000]
    said = ["0 bytes", "999 bytes", "1.0 kB", "28.9 kB", "45.9 GB", "2.5 TB"]
    assert [format_bytes(size) for size in given] == said


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


@pytest.mark.slow
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
                longest = 0  # OTHER arrived first: kept as .wrong, started anew
                assert (Path(folder) / "file.zip.wrong").stat().st_size == len(DATA)
            except FetchError:
                there = part_of(target).stat().st_size if part_of(target).exists() else 0
                assert there >= longest
                longest = there
            else:
                break
            assert not target.exists()
        assert target.read_bytes() == DATA
