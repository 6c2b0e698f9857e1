"""data_prep/webdataset.py on tars made by hand: samples, labels, odd members, damage, memory.

Longer than 300 lines: one writer of tars by hand serves all the tests.
"""

import io
import json
import tarfile
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data_prep import webdataset
from data_prep.prepare import join_parts, prepare
from data_prep.webdataset import Options
from repro.data.raw_images import SourceError
from repro.data.shards import Shard
from repro.data.store import ImageStore
from repro.specs.dataset import DatasetSpec


def png(value):
    stream = io.BytesIO()
    Image.new("RGB", (9, 9), (value, value, value)).save(stream, "PNG")
    return stream.getvalue()


def member(name, data=b"", **changed):
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    for key, value in changed.items():
        setattr(entry, key, value)
    return entry, data


def shard(path, members, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", **options) as tar:
        for entry, data in members:
            tar.addfile(entry, io.BytesIO(data))
    return path


def sample(stem, value, **labels):
    return [
        member(f"{stem}.png", png(value)),
        member(f"{stem}.cls", str(value % 3).encode()),
        member(f"{stem}.json", json.dumps({"age": value, "pose": value / 8} | labels).encode()),
    ]


ALL = {"classes": True, "labels": {"age": "whole", "pose": "real"}}


def spec(**options):
    return DatasetSpec(source="webdataset", image_size=8, options=options)


def prepared(tmp_path, raw, out="out", **options):
    prepare(spec=spec(**options), raw=raw, out=tmp_path / out)
    return ImageStore.open(tmp_path / out)


def skipped(tmp_path):
    lines = (tmp_path / "out/skipped.csv").read_text().splitlines()[1:]
    return dict(line.rsplit(",", 1) for line in lines)


def test_samples_in_the_order_of_shards_and_first_files(tmp_path):
    raw = tmp_path / "raw"
    shard(raw / "train 1.tar", sample("b", 1) + sample("a 🐈/é", 2))
    shard(raw / "train 0.tar", sample("./x/y", 3))
    shard(raw / "test.tar", sample("z", 4))
    store = prepared(tmp_path, raw, shards="train*.tar", **ALL)
    assert store.keys == ["train 0.tar/x/y", "train 1.tar/b", "train 1.tar/a 🐈/é"]
    assert store.images.mean(axis=(1, 2, 3)).tolist() == [3, 1, 2]
    assert store.label("class").tolist() == [0, 1, 2]
    assert store.label("age").tolist() == [3, 1, 2]
    assert store.label("pose").tolist() == [3 / 8, 1 / 8, 2 / 8]
    assert [p.name for p in raw.iterdir() if p.is_dir()] == []  # nothing is unpacked


def test_the_files_of_a_sample_need_not_follow_each_other(tmp_path):
    """As `tar cf` writes them, in the order of the folder."""
    members = [one for value in range(20) for one in sample(f"{value:02d}", value)]
    order = np.random.default_rng(0).permutation(len(members))
    shard(tmp_path / "raw/a.tar", [members[i] for i in order])
    store = prepared(tmp_path, tmp_path / "raw", **ALL)
    stems = dict.fromkeys(members[i][0].name.partition(".")[0] for i in order)
    assert store.keys == [f"a.tar/{stem}" for stem in stems]
    assert (store.images.mean(axis=(1, 2, 3)) == store.label("age")).all()
    assert sorted(store.label("age")) == list(range(20))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_all_forms_of_tar_and_long_names(tmp_path, form):
    stem = "/".join(["folder " + "n" * 60] * (2 if form == tarfile.USTAR_FORMAT else 4)) + "/é"
    shard(tmp_path / "raw/a.tar", sample(stem, 7), format=form)
    assert prepared(tmp_path, tmp_path / "raw").keys == [f"a.tar/{stem}"]


def test_which_file_is_the_picture(tmp_path):
    members = [
        member("a.left.png", png(1)), member("a.right.png", png(2)), member("a.PNG", png(3)),
        member("b.webp", b"no"), member("b.png", png(4)), member("c.png", png(5)),
        member("c.png", png(6)),
    ]  # fmt: skip
    shard(tmp_path / "raw/a.tar", members)
    given = {"first": {}, "right": {"pictures": ["right.png", "png"]}}
    values = {
        name: prepared(tmp_path, tmp_path / "raw", out=name, **options).images[:, 0, 0, 0].tolist()
        for name, options in given.items()
    }
    assert values == {"first": [3, 4, 6], "right": [2, 4, 6]}  # the later c.png, as in tar


def test_odd_members_do_no_harm(tmp_path):
    (tmp_path / "secret.png").write_bytes(png(9))
    secret = str(tmp_path / "secret.png")
    members = [
        member("folder", type=tarfile.DIRTYPE),
        member("link.png", type=tarfile.SYMTYPE, linkname=secret),
        member("hard.png", type=tarfile.LNKTYPE, linkname=secret),
        member("pipe.png", type=tarfile.FIFOTYPE),
        member("device.png", type=tarfile.CHRTYPE),
        member(".hidden.png", png(1)),
        member("x/._a.png", png(1)),
        member("no_ending", png(1)),
        member("/etc/absolute.png", png(2)),
        member("../../above.png", png(3)),
        member("line\nbreak.png", png(4)),
        member("README.md", b"text"),
        member("only.cls", b"1"),
        member("empty.png"),
        member("text.png", b"no picture"),
    ]
    shard(tmp_path / "raw/a.tar", members)
    store = prepared(tmp_path, tmp_path / "raw")
    assert store.keys == ["a.tar//etc/absolute", "a.tar/../../above", "a.tar/line\nbreak"]
    assert skipped(tmp_path) == {
        "a.tar/README": "no_picture",
        "a.tar/only": "no_picture",
        "a.tar/empty": "empty",
        "a.tar/text": "not_an_image",
    }
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "raw", "secret.png"]


def test_huge_members_are_skipped_and_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(webdataset, "LARGEST_FILE", 10_000)
    monkeypatch.setattr(webdataset, "LARGEST_LABELS", 100)
    read = []
    monkeypatch.setattr(webdataset, "_read", lambda stream, place: read.append(place) or b"1")
    members = [member("a.png", bytes(10_001)), member("b.png", png(1)), member("b.cls", bytes(101))]
    shard(tmp_path / "raw/a.tar", members)
    found = list(webdataset.records(tmp_path / "raw", Options(classes=True)))
    assert [(r.key, r.skip) for r in found] == [("a.tar/a", "too_large"), ("a.tar/b", "no_label")]
    assert read == []


@pytest.mark.parametrize(
    ("cls", "table", "fits"),
    [
        (b" 2\n", b'{"age": 3, "pose": 1}', True),
        (b"-1", b'{"age": 3.0, "pose": "2.5", "more": null}', True),
        (b"2.5", b'{"age": 3, "pose": 1}', False),
        (b"2.0", b'{"age": 3, "pose": 1}', False),
        (b"1_0", b'{"age": 3, "pose": 1}', False),
        (b"1", b'{"age": 3, "pose": "1_0"}', False),
        (b"1", b'{"age": 3, "pose": "%s"}' % (b"9" * 401), False),
        (b"1", b'{"age": "3", "pose": "-1e2"}', True),
        (b"cat", b'{"age": 3, "pose": 1}', False),
        (b"", b'{"age": 3, "pose": 1}', False),
        (b"9" * 5000, b'{"age": 3, "pose": 1}', False),
        (b"1", b'{"age": 3.5, "pose": 1}', False),
        (b"1", b'{"age": 3}', False),
        (b"1", b'{"age": [], "pose": 1}', False),
        (b"1", b'{"age": 1e999, "pose": 1}', False),
        (b"1", b'{"age": 1, "pose": NaN}', False),
        (b"1", b'{"age": 100000000000000000000, "pose": 1}', False),
        (b"1", b"[1, 2]", False),
        (b"1", b"[" * 100_000, False),
        (b"1", b"{", False),
        (b"1", b"\xff\xfe", False),
    ],
)
def test_labels_that_are_no_numbers_are_a_reason(tmp_path, cls, table, fits):
    members = [member("a.png", png(1)), member("a.cls", cls), member("a.json", table)]
    shard(tmp_path / "raw/a.tar", members + sample("b", 2))
    store = prepared(tmp_path, tmp_path / "raw", **ALL)
    assert store.keys == ["a.tar/a", "a.tar/b"][0 if fits else 1 :]
    assert store.manifest["skipped"] == ({} if fits else {"no_label": 1})


@pytest.mark.slow
def test_any_part_and_a_stop_on_the_way_give_the_same_rows(tmp_path, monkeypatch):
    raw = tmp_path / "raw"
    for number in range(3):
        members = [m for v in range(40) for m in sample(f"{v:03d}", v + 40 * number)]
        shard(raw / f"{number}.tar", members)
    whole = prepared(tmp_path, raw, **ALL)
    assert whole.images[:, 0, 0, 0].tolist() == list(range(120))
    parts = [tmp_path / f"part{number}" for number in range(1, 5)]
    for number, part in enumerate(parts, 1):
        prepare(spec=spec(**ALL), raw=raw, out=part, shard=Shard(number, 4))
    join_parts(spec=spec(**ALL), raw=raw, parts=parts, out=tmp_path / "joined")
    monkeypatch.setattr("data_prep.partial_work.RECORDS_BETWEEN_SAVES", 1)
    monkeypatch.setattr("repro.data.decode_pool.CHUNK", 4)
    read, pictures = webdataset._read, []

    def stopped(stream, place):
        data = read(stream, place)
        if data.startswith(b"\x89PNG"):
            pictures.append(place)
            if len(pictures) == 90:
                raise KeyboardInterrupt
        return data

    monkeypatch.setattr(webdataset, "_read", stopped)
    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path, raw, out="again", **ALL)
    prepared(tmp_path, raw, out="again", **ALL)
    assert 120 <= len(pictures) < 160  # those that were done are not read again
    for name in ("images.npy", "labels.npy", "keys.txt", "manifest.json"):
        for other in ("joined", "again"):
            assert (tmp_path / other / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a TAR archive, found an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"\x1f\x8b\x08" + bytes(600), "found a gzip archive; unpack it"),
        (png(3).ljust(1000), r"found one picture \(png\)"),
        (b"text " * 300, "damaged or cut off, or no TAR archive"),
    ],
)
def test_other_files_are_named_with_what_they_are(tmp_path, content, message):
    shard(tmp_path / "raw/a.tar", sample("a", 1))
    (tmp_path / "raw/b.tar").write_bytes(content)
    with pytest.raises(SourceError, match=message) as caught:
        prepared(tmp_path, tmp_path / "raw")
    assert "b.tar" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_wherever_a_shard_is_cut_off_it_is_named(tmp_path):
    path = shard(tmp_path / "raw/a.tar", [m for v in range(4) for m in sample(f"{v}", v)])
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        used = max(m.offset_data + m.size for m in tar.getmembers())
    for end in [1, 511, 512, 600, *range(1024, used, 512), used - 1, used]:
        path.write_bytes(whole[:end])
        with pytest.raises(SourceError, match=r"a\.tar .*damaged or cut off"):
            webdataset.count(tmp_path / "raw", Options())


@pytest.mark.parametrize(
    "size", [b"\xff" * 11 + b"\x00", b"\x80" + b"\x7f" * 11, b"7" * 11 + b"\0"]
)
def test_a_header_with_a_hostile_size_ends_at_once(tmp_path, size):
    path = shard(tmp_path / "raw/a.tar", sample("a", 1))
    data = bytearray(path.read_bytes())
    data[124:136] = size
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    path.write_bytes(data)
    with pytest.raises(SourceError, match="damaged or cut off"):
        webdataset.count(tmp_path / "raw", Options())


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=8))))
def test_damaged_bytes_end_in_records_or_one_error_that_names_the_shard(damageable, changes):
    raw, whole = damageable
    data = bytearray(whole)
    for place, run in changes:
        data[place % len(data) : place % len(data) + len(run)] = run
    (raw / "a.tar").write_bytes(data)
    options, error, found = Options(**ALL), "", []
    try:
        found = [(r.key, r.skip or r.payload()) for r in webdataset.records(raw, options)]
    except SourceError as caught:
        error = str(caught)
    assert "a.tar" in error or not error
    assert changes or len(found) == 5


@pytest.fixture(scope="module")
def damageable(tmp_path_factory):
    path = tmp_path_factory.mktemp("raw") / "a.tar"
    shard(path, [m for v in range(5) for m in sample(f"{v}", v)])
    return path.parent, path.read_bytes()


def test_memory_grows_with_the_samples_of_one_shard_and_not_with_their_bytes(tmp_path):
    noise = bytes(2_000_000)
    for number in range(4):
        members = [member(f"{v}.ppm", noise) for v in range(10)]
        shard(tmp_path / f"raw/{number}.tar", members)
    tracemalloc.start()
    read = sum(len(r.payload()) for r in webdataset.records(tmp_path / "raw", Options()))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read == 80_000_000
    assert most < 6_000_000


def test_an_empty_shard_and_three_pictures(tmp_path):
    shard(tmp_path / "raw/a.tar", [])
    with pytest.raises(SourceError, match="no readable image"):
        prepared(tmp_path, tmp_path / "raw")
    shard(tmp_path / "raw/b.tar", [m for v in (7, 8, 9) for m in sample(f"{v}", v)])
    assert prepared(tmp_path, tmp_path / "raw").images[:, 0, 0, 0].tolist() == [7, 8, 9]
