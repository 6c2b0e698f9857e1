"""download/fetch.py: it recognises bytes that are not the file's, whatever the server says."""

import faulty_server as server
import pytest
from one_download import DATA, OTHER, SHA256, get, names, part_of

from data_prep.download.fetch import WrongContentError
from data_prep.download.part_file import FetchError


def test_wrong_bytes_of_the_right_length_are_kept_aside_and_not_resumed_from(host, tmp_path):
    target = tmp_path / "file.zip"
    host.faults = [server.scrambled]
    with pytest.raises(WrongContentError, match=rf"expected {SHA256}.*file\.zip\.wrong"):
        get(host, target)
    assert names(tmp_path) == ["file.zip.wrong"]
    assert (tmp_path / "file.zip.wrong").read_bytes() == bytes(b ^ 0xFF for b in DATA)
    assert len(host.seen) == 1  # it is not requested again and again
    get(host, target)
    assert host.seen[-1][1] is None
    assert target.read_bytes() == DATA


def test_wrong_bytes_that_come_again_do_not_replace_the_first(host, tmp_path):
    (tmp_path / "file.zip.wrong").write_bytes(b"the first")
    host.faults = [server.scrambled]
    with pytest.raises(WrongContentError, match=r"file\.zip\.wrong-2"):
        get(host, tmp_path / "file.zip")
    assert (tmp_path / "file.zip.wrong").read_bytes() == b"the first"
    assert (tmp_path / "file.zip.wrong-2").read_bytes() == bytes(b ^ 0xFF for b in DATA)


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
    with pytest.raises(FetchError, match=r"HTML|the published file 200000"):
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
    with pytest.raises(FetchError, match=r"200004 bytes .* published file 200000"):
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
    with pytest.raises(FetchError, match="cannot tell"):
        get(host, tmp_path / "file.zip", size=None, checksums=None)
    assert names(tmp_path) == ["file.zip.part", "file.zip.part.json"]


def test_without_a_checksum_the_check_decides(host, tmp_path):
    def refuse(path):
        raise ValueError(f"{path.name} is not an archive")

    given = {"checksums": None, "size": None}
    with pytest.raises(WrongContentError, match=r"file\.zip\.part is not an archive"):
        get(host, tmp_path / "file.zip", check=refuse, **given)
    assert names(tmp_path) == ["file.zip.wrong"]
    seen = []
    get(host, tmp_path / "file.zip", check=lambda p: seen.append(p.read_bytes()), **given)
    assert seen == [DATA]
