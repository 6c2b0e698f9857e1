"""data_prep/lsun.py on synthetic databases: order, odd formats, broken records, damaged files."""

import csv
import io

import lmdb
import numpy as np
import pytest
from PIL import Image

from data_prep import lsun
from data_prep.prepare import prepare
from data_prep.source import missing
from repro.data.raw_images import SourceError
from repro.data.store import ImageStore
from repro.specs.dataset import DatasetSpec

SPEC = DatasetSpec(source="lsun", image_size=16)


def picture(colour, kind="JPEG", mode="RGB", size=(40, 32)):
    stream = io.BytesIO()
    Image.new("RGB", size, colour).convert(mode).save(stream, kind)
    return stream.getvalue()


def database(folder, records):
    folder.mkdir(parents=True)
    environment = lmdb.open(str(folder), map_size=1 << 24, lock=False)
    with environment.begin(write=True) as transaction:
        for key, value in records.items():
            transaction.put(key.encode(), value)
    environment.close()
    return folder


RECORDS = {  # written in another order than the keys'
    "f0": picture((200, 10, 10)),
    "a1": picture((10, 200, 10), kind="PNG"),
    "b2": picture((10, 10, 200), kind="WEBP"),
    "c3": picture((90, 90, 90), mode="L"),
    "d4": picture((200, 100, 50), mode="CMYK"),
    "00": picture((1, 2, 3))[:-30],
    "11": b"",
    "22": b"<html><body>not found</body></html>",
    "33": bytes(500),
    "44": picture((1, 2, 3))[:30] + bytes(500),
    "55": np.random.default_rng(1).bytes(500),
}


def test_order_formats_and_broken_records(tmp_path):
    database(tmp_path / "raw/bedroom_train_lmdb", RECORDS)
    prepare(spec=SPEC, raw=tmp_path / "raw", out=tmp_path / "out")
    store = ImageStore.open(tmp_path / "out")
    assert store.keys == ["a1", "b2", "c3", "d4", "f0"]
    expected = [(10, 200, 10), (10, 10, 200), (90, 90, 90), (200, 100, 50), (200, 10, 10)]
    assert np.abs(store.images.mean(axis=(1, 2)) - expected).max() < 4
    assert dict(csv.reader((tmp_path / "out/skipped.csv").open())) == {
        "key": "reason",
        "00": "truncated",
        "11": "empty",
        "22": "not_an_image",
        "33": "not_an_image",
        "44": "corrupt",
        "55": "not_an_image",
    }
    assert store.manifest["skipped"] == {
        "corrupt": 1,
        "empty": 1,
        "not_an_image": 3,
        "truncated": 1,
    }
    assert store.labels is None


def test_raw_may_be_above_the_folder_the_folder_or_the_file(tmp_path):
    folder = database(tmp_path / "bedroom_train_lmdb", {"k": picture("red")})
    for raw in (tmp_path, folder, folder / "data.mdb"):
        assert missing(raw, "lsun", lsun.Options()) == []
        assert lsun.count(raw, lsun.Options()) == 1
    assert [p.name for p in folder.iterdir()] == ["data.mdb"]  # no lock file is left


def test_limit_is_spread_evenly_over_the_keys(tmp_path):
    database(tmp_path / "bedroom_train_lmdb", {f"{i:03d}": picture((i, i, i)) for i in range(20)})
    prepare(
        spec=SPEC.model_copy(update={"limit": 5}), raw=tmp_path, out=tmp_path / "out", workers=1
    )
    assert ImageStore.open(tmp_path / "out").keys == ["000", "004", "008", "012", "016"]


def test_missing_database_names_the_official_download(tmp_path):
    with pytest.raises(SourceError, match=r"bedroom_train_lmdb\.zip"):
        prepare(spec=SPEC, raw=tmp_path, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_cut_off_database_is_an_error_not_a_crash(tmp_path):
    records = {f"{i:03d}": np.random.default_rng(i).bytes(9000) for i in range(30)}
    folder = database(tmp_path / "bedroom_train_lmdb", records)
    whole = (folder / "data.mdb").read_bytes()
    (folder / "data.mdb").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="cut off"):
        lsun.count(tmp_path, lsun.Options())
    (folder / "data.mdb").write_bytes(b"no database" * 1000)
    with pytest.raises(SourceError, match="expected a folder of images or an LMDB database, found"):
        lsun.count(tmp_path, lsun.Options())
