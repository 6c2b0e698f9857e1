"""download/fetch.py with several addresses: patience, bytes of one and the other, wrong ones."""

import tempfile
from pathlib import Path

import faulty_server as server
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_download import DATA, OTHER, Clock, get, names, part_of

from data_prep.download.fetch import RETRIES_BEFORE_ANOTHER, WrongContentError
from data_prep.download.part_file import FetchError


@pytest.fixture
def urls(host):
    host.files["/copy.zip"] = server.Served(DATA, '"of the copy"')
    return [host.url("/file.zip"), host.url("/copy.zip")]


def test_a_host_that_is_silent_costs_little_time_before_the_second(host, tmp_path, urls):
    host.faults = [server.status(503)] * (RETRIES_BEFORE_ANOTHER + 1)
    clock, said = Clock(), []
    assert get(host, tmp_path / "file.zip", urls=urls, retries=8, sleep=clock, report=said.append)
    assert len(clock.pauses) == RETRIES_BEFORE_ANOTHER
    assert [path for path, *_ in host.seen] == ["/file.zip"] * 3 + ["/copy.zip"]
    assert "answers 503" in said[-1]
    assert f"tries {urls[1]}" in said[-1]


def test_the_last_address_has_all_the_patience(host, tmp_path, urls):
    host.faults = [server.status(503)] * (RETRIES_BEFORE_ANOTHER + 1 + 8)
    assert get(host, tmp_path / "file.zip", urls=urls, retries=8).read_bytes() == DATA
    assert host.seen[-1][0] == "/copy.zip"
    assert len(host.seen) == RETRIES_BEFORE_ANOTHER + 1 + 9


def test_both_gone_are_both_named(host, tmp_path, urls):
    host.files = {}
    with pytest.raises(FetchError) as caught:
        get(host, tmp_path / "file.zip", urls=urls)
    assert all(url in str(caught.value) for url in urls)
    assert names(tmp_path) == []


def test_the_second_goes_on_where_the_first_stopped(host, tmp_path, urls):
    host.faults = [server.drop(120_000), server.status(404)]
    assert get(host, tmp_path / "file.zip", urls=urls).read_bytes() == DATA
    assert host.seen[-1] == ("/copy.zip", "bytes=120000-", None)
    assert host.sent == len(DATA)


def test_wrong_bytes_of_the_first_do_not_spoil_those_of_the_second(host, tmp_path, urls):
    """The first address has another file, and is gone half-way: its bytes are set aside."""
    host.files["/file.zip"] = server.Served(OTHER)
    host.faults = [server.drop(120_000), server.status(404)]
    target = tmp_path / "file.zip"
    assert get(host, target, urls=urls).read_bytes() == DATA
    assert [seen[:2] for seen in host.seen[2:]] == [
        ("/copy.zip", "bytes=120000-"), ("/copy.zip", None),
    ]  # fmt: skip
    assert names(tmp_path) == ["file.zip", "file.zip.wrong"]


def test_a_whole_wrong_file_is_followed_by_the_second(host, tmp_path, urls):
    host.faults = [server.scrambled]
    assert get(host, tmp_path / "file.zip", urls=urls).read_bytes() == DATA


def test_two_wrong_files_end_in_an_error(host, tmp_path, urls):
    host.files = {path: server.Served(OTHER) for path in host.files}
    part_of(tmp_path / "file.zip", OTHER[:50_000])
    with pytest.raises(WrongContentError) as caught:
        get(host, tmp_path / "file.zip", urls=urls)
    assert str(caught.value).count("but not the published ones") == 3
    assert not (tmp_path / "file.zip").exists()


FAULTS = st.one_of(
    st.builds(server.drop, st.integers(0, 150_000), ranges=st.booleans()),
    st.sampled_from(
        [
            server.well, server.ignore_range, server.scrambled, server.status(404),
            server.status(503), server.send(OTHER, etag='"one"'), server.send(server.PAGE),
        ]
    ),
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=60)
@given(faults=st.lists(FAULTS, max_size=10))
def test_whatever_goes_wrong_the_file_is_right_or_not_there(faults):
    with tempfile.TemporaryDirectory() as folder, server.faulty_server() as host:
        host.files = {"/file.zip": server.Served(DATA), "/copy.zip": server.Served(DATA, '"b"')}
        host.faults, target = list(faults), Path(folder) / "file.zip"
        urls = [host.url("/file.zip"), host.url("/copy.zip")]
        for _ in range(len(faults) + 2):
            try:
                get(host, target, urls=urls, retries=1)
                break
            except FetchError:
                assert not target.exists()
        assert target.read_bytes() == DATA
