"""data_prep/parquet.py on files that pyarrow writes: pictures, labels, order, damage, memory.

Longer than 300 lines: all tests read files of the same made-up pictures.
"""

import io
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data_prep import parquet
from data_prep.parquet import Options
from data_prep.prepare import join_parts, main, prepare
from data_prep.source import missing
from repro.data.raw_images import SourceError
from repro.data.shards import Shard
from repro.data.store import ImageStore
from repro.specs.dataset import DatasetSpec
from repro.specs.validation import SpecError, validated

HUB = {"info": {"features": {"label": {"names": ["cat", "dög 🐕"], "_type": "ClassLabel"}}}}


def png(value, size=(9, 9), kind="PNG"):
    stream = io.BytesIO()
    Image.new("RGB", size, (value, value, value)).save(stream, kind)
    return stream.getvalue()


def write(path, columns, *, group=None, hub=True, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    if hub:
        table = table.replace_schema_metadata({"huggingface": json.dumps(HUB)})
    pq.write_table(table, path, row_group_size=group, **options)
    return path


def structs(values, name=None):
    return pa.array([{"bytes": png(v), "path": name} for v in values])


def spec(**options):
    return DatasetSpec(source="parquet", image_size=8, options=options)


def prepared(tmp_path, raw, out="out", **options):
    prepare(spec=spec(**options), raw=raw, out=tmp_path / out)
    return ImageStore.open(tmp_path / out)


@pytest.mark.parametrize("kind", ["struct", "binary", "large_binary", "binary_view"])
def test_rows_of_all_files_in_order_with_their_labels(tmp_path, kind):
    raw = tmp_path / "raw"
    for number, name in enumerate(["b 🐈.parquet", "a b.parquet", "test.txt.parquet"]):
        values = np.arange(50) + 50 * number
        pictures = structs(values) if kind == "struct" else [png(v) for v in values]
        array = (
            pictures
            if kind == "struct"
            else pa.array(pictures, kind if "v" not in kind else pa.binary_view())
        )
        columns = {"image": array, "label": values % 2, "age": values / 4}
        write(raw / name, columns, group=7)
    store = prepared(tmp_path, raw, files="[ab]*.parquet", labels={"class": "label", "age": "age"})
    expected = [*range(50, 100), *range(50)]  # "a b" before "b"
    assert store.images.mean(axis=(1, 2, 3)).tolist() == expected
    assert store.keys == [f"a b.parquet/{i}" for i in range(50)] + [
        f"b 🐈.parquet/{i}" for i in range(50)
    ]
    assert store.label("class").tolist() == [v % 2 for v in expected]
    assert store.label("age").tolist() == [v / 4 for v in expected]
    assert store.manifest["label_fields"] == {"class": "i8", "age": "f8"}
    assert store.class_names == ["cat", "dög 🐕"]
    assert store.manifest["skipped"] == {}
    assert store.manifest["source"] == "parquet"


def test_any_part_and_any_limit_give_the_same_rows(tmp_path):
    raw = tmp_path / "raw"
    for number in range(3):
        columns = {
            "image": structs(np.arange(40) + 40 * number),
            "n": np.arange(40, dtype=np.int32),
        }
        write(raw / f"{number}.parquet", columns, group=9)
    whole = prepared(tmp_path, raw, labels={"n": "n"})
    assert whole.images[:, 0, 0, 0].tolist() == list(range(120))
    parts = [tmp_path / f"part{number}" for number in range(1, 5)]
    for number, part in enumerate(parts, 1):
        prepare(spec=spec(labels={"n": "n"}), raw=raw, out=part, shard=Shard(number, 4))
    join_parts(spec=spec(labels={"n": "n"}), raw=raw, parts=parts, out=tmp_path / "joined")
    for name in ("images.npy", "labels.npy", "keys.txt", "manifest.json"):
        assert (tmp_path / "joined" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    few = spec().model_copy(update={"limit": 7})
    prepare(spec=few, raw=raw, out=tmp_path / "few")
    found = ImageStore.open(tmp_path / "few").images[:, 0, 0, 0].tolist()
    assert found == [i * 120 // 7 for i in range(7)]


def test_an_interrupted_preparation_goes_on_in_the_middle_of_a_group(tmp_path, monkeypatch):
    raw = tmp_path / "raw"
    write(raw / "0.parquet", {"image": structs(range(100))}, group=100)
    undisturbed = prepared(tmp_path, raw)
    monkeypatch.setattr("data_prep.partial_work.RECORDS_BETWEEN_SAVES", 1)
    read = parquet._Pictures.read

    def stopped(self, place):
        if place == 70:
            raise KeyboardInterrupt
        return read(self, place)

    monkeypatch.setattr(parquet._Pictures, "read", stopped)
    monkeypatch.setattr("repro.data.decode_pool.CHUNK", 4)
    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path, raw, out="again")
    asked = []

    def noted(self, place):
        asked.append(place)
        return read(self, place)

    monkeypatch.setattr(parquet._Pictures, "read", noted)
    again = prepared(tmp_path, raw, out="again")
    assert 10 < asked[0] <= 70  # what was done is not read again
    assert asked == list(range(asked[0], 100))
    assert (again.images == undisturbed.images).all()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again", "out", "raw"]
    assert [p.name for p in raw.iterdir()] == ["0.parquet"]  # it may be on a read-only disk


def test_rows_without_a_picture_or_a_label_have_their_reasons(tmp_path):
    columns = {
        "image": pa.array(
            [
                {"bytes": png(9), "path": "x.png"},
                None,
                {"bytes": None, "path": "/photos/x.png"},
                {"bytes": b"", "path": None},
                {"bytes": b"no picture", "path": None},
                {"bytes": png(3, kind="JPEG")[:-2], "path": None},
                {"bytes": png(4), "path": None},
                {"bytes": png(5), "path": None},
            ]
        ),
        "age": pa.array([1, 1, 1, 1, 1, 1, None, 2], pa.int16()),
        "pose": pa.array([1, 1, 1, 1, 1, 1, 1, float("nan")], pa.float32()),
    }
    write(tmp_path / "raw/a.parquet", columns)
    store = prepared(tmp_path, tmp_path / "raw", labels={"age": "age", "pose": "pose"})
    assert store.keys == ["a.parquet/0"]
    assert store.manifest["label_fields"] == {"age": "i4", "pose": "f4"}
    assert store.manifest["skipped"] == {
        "empty": 3, "not_an_image": 1, "truncated": 1, "no_label": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"text": ["a"]}, {}, r"0 columns of image files .* its columns: text \(string\)"),
        ({"a": [b"x"], "b": [b"x"]}, {}, r"2 columns of image files .* option `column`"),
        ({"a": [b"x"]}, {"column": "b"}, "no column 'b' of image files"),
        (
            {"a": [b"x"]},
            {"labels": {"age": "years"}},
            "no column 'years' for label 'age'; it has a",
        ),
        ({"a": [b"x"], "s": ["x"]}, {"labels": {"age": "s"}}, "column 's' is of type string"),
    ],
)
def test_wrong_columns_are_answered_with_those_there(tmp_path, columns, options, message):
    write(tmp_path / "raw/a.parquet", columns)
    with pytest.raises(SourceError, match=message) as caught:
        prepared(tmp_path, tmp_path / "raw", **options)
    assert "a.parquet" in str(caught.value)


def test_files_whose_labels_differ_are_named(tmp_path):
    write(tmp_path / "raw/a.parquet", {"image": structs([1]), "n": pa.array([1], pa.int32())})
    write(tmp_path / "raw/b.parquet", {"image": structs([1]), "n": pa.array([1.5])})
    with pytest.raises(SourceError, match=r"b\.parquet: labels {'n': 'f8'}, but a\.parquet has"):
        prepared(tmp_path, tmp_path / "raw", labels={"n": "n"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a Parquet file, found an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (png(3), r"found one picture \(png\); give the folder"),
        (b"PK\3\4" + bytes(99), "found a ZIP archive; unpack it"),
        (b"PAR1" + bytes(99), "damaged or cut off, or no Parquet file"),
    ],
)
def test_other_files_are_named_with_what_they_are(tmp_path, content, message):
    write(tmp_path / "raw/a.parquet", {"image": structs([1])})
    (tmp_path / "raw/b.parquet").write_bytes(content)
    with pytest.raises(SourceError, match=message) as caught:
        prepared(tmp_path, tmp_path / "raw")
    assert "b.parquet" in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("end", [4, 100, -1, -9])
def test_a_file_that_is_cut_off_is_named(tmp_path, end):
    path = write(tmp_path / "raw/a.parquet", {"image": structs(range(30))}, group=10)
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(SourceError, match=r"a\.parquet .*(damaged or cut off)"):
        parquet.count(tmp_path / "raw", Options())


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=8)), max_size=3
    )
)
def test_damaged_bytes_end_in_pictures_or_one_error_that_names_the_file(damageable, changes):
    raw, whole = damageable
    data = bytearray(whole)
    for place, run in changes:
        data[place % len(data) : place % len(data) + len(run)] = run
    (raw / "a.parquet").write_bytes(data)
    options, error = Options(labels={"n": "n"}), ""
    try:
        assert parquet.count(raw, options) >= 0
        for record in parquet.records(raw, options):
            if record.skip is None:
                assert isinstance(record.payload(), bytes)
    except SourceError as caught:
        error = str(caught)
    assert "a.parquet" in error or not error
    assert changes or not error


@pytest.fixture(scope="module")
def damageable(tmp_path_factory):
    raw = tmp_path_factory.mktemp("raw")
    columns = {"image": structs(range(30)), "n": np.arange(30)}
    path = write(raw / "a.parquet", columns, group=10, write_page_checksum=True)
    return raw, path.read_bytes()


def test_a_checksum_that_is_there_is_compared(tmp_path):
    pictures = [png(v, size=(30, 30)) for v in range(30)]
    path = write(
        tmp_path / "raw/a.parquet", {"image": pictures}, write_page_checksum=True,
        compression="none", use_dictionary=False,
    )  # fmt: skip
    data = bytearray(path.read_bytes())
    data[data.index(pictures[20]) + 60] ^= 1
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"a\.parquet"):
        prepared(tmp_path, tmp_path / "raw")


@pytest.mark.slow
@pytest.mark.parametrize("layout", [{"group": 50}, {"write_batch_size": 8}])
def test_a_row_group_or_a_part_of_one_is_in_memory(tmp_path, layout):
    """Of 60 MB in groups of 5 MB, or in one group of pages of 1 MB."""
    rng = np.random.default_rng(0)
    pictures = [rng.bytes(100_000) for _ in range(600)]
    columns = {"image": pictures}
    write(tmp_path / "raw/a.parquet", columns, compression="none", use_dictionary=False, **layout)
    del pictures, columns
    pool, most, read = pa.default_memory_pool(), 0, 0
    before = pool.bytes_allocated()
    for record in parquet.records(tmp_path / "raw", Options()):
        read += len(record.payload())
        most = max(most, pool.bytes_allocated() - before)
    assert read == 60_000_000
    assert most < 15_000_000


def test_pictures_that_are_not_wanted_are_not_read(tmp_path, monkeypatch):
    write(tmp_path / "raw/a.parquet", {"image": structs(range(40)), "n": range(40)}, group=10)
    monkeypatch.setattr(parquet._Pictures, "read", pytest.fail)
    found = [r.labels["n"] for r in parquet.records(tmp_path / "raw", Options(labels={"n": "n"}))]
    assert found == list(range(40))


def test_without_pyarrow_one_line_says_what_to_install(tmp_path, monkeypatch, capsys):
    write(tmp_path / "raw/a.parquet", {"image": structs([1])})
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    said = "source 'parquet' needs the package pyarrow, which is optional: pip install "
    with pytest.raises(SpecError, match=said) as caught:
        missing(tmp_path / "raw", "parquet", Options())
    assert "\n" not in str(caught.value)
    (tmp_path / "spec.json").write_text(json.dumps({"source": "parquet"}))
    words = ["--spec", str(tmp_path / "spec.json"), "--raw", str(tmp_path / "raw"), "--check"]
    with pytest.raises(SpecError, match=said):
        main(words)


def test_patterns_stay_below_raw(tmp_path):
    for pattern in ("/etc/*.parquet", "../*.parquet", "a/../../b", ""):
        with pytest.raises(SpecError, match="must be a pattern of paths below raw"):
            validated(Options, {"files": pattern}, where="run.yaml")
    write(tmp_path / "raw/.cache/a.parquet", {"image": structs([1])})
    write(tmp_path / "raw/data/train/a.parquet", {"image": structs([1, 2])})
    assert parquet.count(tmp_path / "raw", Options(files="**/*.parquet")) == 2
    assert missing(tmp_path / "raw", "parquet", Options(files="data/*/*.parquet")) == []
