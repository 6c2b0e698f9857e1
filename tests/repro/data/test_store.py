"""repro/data/store.py: round trips, refusals, and bytes that do not depend on when they were
written."""

import csv
import hashlib
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.artefacts.arrays import save_arrays
from repro.data.store import ImageStore
from repro.data.store_writer import StoreError, StoreWriter

FIELDS = {"class": "i4", "pose": "f4", "smiling": "u1"}


def written(folder, count=5, fields=FIELDS, keys=None, skips=(), size=8, channels=3):
    """A small dataset and the arrays that went into it."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(count)
    images = rng.integers(0, 256, (count, size, size, channels), dtype=np.uint8)
    rows = [{"class": i, "pose": i / 4, "smiling": i % 2} for i in range(count)]
    keys = keys or [f"key {i}" for i in range(count)]
    with StoreWriter(
        folder,
        source="folder",
        spec={"image_size": size},
        image_size=size,
        channels=channels,
        label_fields=fields,
        class_names=["a", "b"],
    ) as writer:
        for image, key, row in zip(images, keys, rows, strict=True):
            writer.append(image, key, {name: row[name] for name in fields})
        for key, reason in skips:
            writer.skip(key, reason)
    return images, keys, rows


def test_what_was_written_is_read(tmp_path):
    skips = [("bad,key", "empty"), ("x", "truncated"), ("y", "empty")]
    images, keys, rows = written(tmp_path, skips=skips)
    store = ImageStore.open(tmp_path)
    assert len(store) == 5
    assert (store.images == images).all()
    assert isinstance(store.images, np.memmap)
    assert store.keys == keys
    assert store.label("class").tolist() == [row["class"] for row in rows]
    assert store.label("pose").tolist() == [row["pose"] for row in rows]
    assert store.label("smiling").dtype == np.uint8
    assert store.class_names == ["a", "b"]
    assert store.manifest["skipped"] == {"empty": 2, "truncated": 1}
    assert store.manifest["images_sha256"] == hashlib.sha256(images.tobytes()).hexdigest()
    assert list(csv.reader((tmp_path / "skipped.csv").open())) == [
        ["key", "reason"],
        *map(list, skips),
    ]
    store.verify()


def test_images_file_is_what_numpy_would_have_written(tmp_path):
    images, _, _ = written(tmp_path / "store", count=11)
    np.save(tmp_path / "reference.npy", images)
    assert (tmp_path / "store/images.npy").read_bytes() == (tmp_path / "reference.npy").read_bytes()


@pytest.mark.filterwarnings("ignore:Stored array in format 2.0")  # numpy's own, of the reference
@pytest.mark.parametrize("fields", [FIELDS, {f"label {'x' * 30} {n}": "u1" for n in range(2000)}])
def test_labels_file_is_what_numpy_would_have_written(tmp_path, fields):
    rows = [{name: (n + place) % 3 for place, name in enumerate(fields)} for n in range(11)]
    with StoreWriter(
        tmp_path, source="x", spec={}, image_size=2, channels=1, label_fields=fields
    ) as writer:
        images = np.zeros((11, 2, 2, 1), np.uint8)
        writer.extend(images, [str(n) for n in range(11)], rows)
    expected = np.array([tuple(row.values()) for row in rows], list(fields.items()))
    np.save(tmp_path / "reference.npy", expected)
    assert (tmp_path / "labels.npy").read_bytes() == (tmp_path / "reference.npy").read_bytes()


def test_rows_without_a_key_or_labels_are_refused_and_nothing_is_added(tmp_path):
    images = np.zeros((2, 2, 2, 1), np.uint8)
    fields = {"class": "u1"}
    with StoreWriter(
        tmp_path, source="x", spec={}, image_size=2, channels=1, label_fields=fields
    ) as writer:
        with pytest.raises(StoreError, match="2 images, 1 keys, 2 labels"):
            writer.extend(images, ["a"], [{"class": 1}] * 2)
        with pytest.raises(StoreError, match="'b': label 'class' = 256 does not fit u1"):
            writer.extend(images, ["a", "b"], [{"class": 1}, {"class": 256}])
        writer.extend(images, ["a", "b"], [{"class": 1}, {"class": 2}])
        writer.extend(images[:0], [], [])
    assert ImageStore.open(tmp_path).keys == ["a", "b"]
    assert ImageStore.open(tmp_path).label("class").tolist() == [1, 2]


def test_no_labels(tmp_path):
    written(tmp_path, fields={}, channels=1)
    store = ImageStore.open(tmp_path)
    assert store.labels is None
    assert not (tmp_path / "labels.npy").exists()
    with pytest.raises(StoreError, match="no label 'class'; it has no labels"):
        store.label("class")


def test_unknown_label_names_the_known_ones(tmp_path):
    written(tmp_path)
    with pytest.raises(StoreError, match="no label 'age'; it has class, pose, smiling"):
        ImageStore.open(tmp_path).label("age")


@pytest.mark.slow
@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_key_survives(tmp_path_factory, keys):
    folder = tmp_path_factory.mktemp("keys")
    keys = [key.encode("utf-8", "replace").decode() for key in keys] + [
        "a\nb",
        "a\\nb",
        "\\",
        "\udc80",
    ]
    written(folder, count=len(keys), keys=keys)
    assert ImageStore.open(folder).keys == keys


@pytest.mark.parametrize(
    ("image", "labels", "message"),
    [
        (np.zeros((8, 8, 1), np.uint8), {"class": 1}, r"found uint8 \(8, 8, 1\), expected"),
        (np.zeros((8, 8, 3), np.float32), {"class": 1}, "found float32"),
        (np.zeros((8, 8, 3), np.uint8), {}, r"found labels \[\], expected \['class'\]"),
        (np.zeros((8, 8, 3), np.uint8), {"class": 1, "x": 2}, "found labels"),
        (np.zeros((8, 8, 3), np.uint8), {"class": 300}, "'class' = 300 does not fit u1"),
        (np.zeros((8, 8, 3), np.uint8), {"class": 1.5}, "does not fit u1"),
        (np.zeros((8, 8, 3), np.uint8), {"class": float("nan")}, "does not fit u1"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_key(tmp_path, image, labels, message):
    with (
        pytest.raises(StoreError, match=message) as caught,
        StoreWriter(
            tmp_path,
            source="x",
            spec={},
            image_size=8,
            channels=3,
            label_fields={"class": "u1"},
        ) as writer,
    ):
        writer.append(image, "the key", labels)
    assert "the key" in str(caught.value)
    assert not (tmp_path / "manifest.json").exists()


def _cut_images(folder):
    path = folder / "images.npy"
    path.write_bytes(path.read_bytes()[:-7])


def _longer_images(folder):
    with (folder / "images.npy").open("ab") as stream:
        stream.write(b"x")


def _other_count(folder):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"count": 4}))


def _fewer_labels(folder):
    np.save(folder / "labels.npy", np.load(folder / "labels.npy")[:3])


def _half_manifest(folder):
    path = folder / "manifest.json"
    path.write_text(path.read_text()[:40])


def _manifest_without_size(folder):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["image_size"]
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_cut_images, "images.npy"),
        (_longer_images, "1 bytes more than its header says"),
        (_other_count, r"found uint8 \(5, 8, 8, 3\), but manifest.json says uint8 \(4, 8, 8, 3\)"),
        (_fewer_labels, r"labels.npy: found .*\(3,\)"),
        (_half_manifest, "manifest.json: not JSON"),
        (_manifest_without_size, "'image_size' is missing"),
        (lambda folder: (folder / "manifest.json").unlink(), "no manifest.json"),
        (lambda folder: (folder / "images.npy").unlink(), "images.npy: no such file"),
        (lambda folder: (folder / "labels.npy").unlink(), "labels.npy: no such file"),
        (lambda folder: (folder / "images.npy").write_bytes(b"PK\x03\x04junk"), "images.npy"),
    ],
)
def test_damaged_folders_are_refused(tmp_path, damage, message):
    written(tmp_path)
    damage(tmp_path)
    with pytest.raises(StoreError, match=message):
        ImageStore.open(tmp_path)


def test_missing_folder_and_missing_key(tmp_path):
    with pytest.raises(StoreError, match="no such folder"):
        ImageStore.open(tmp_path / "nothing")
    written(tmp_path)
    (tmp_path / "keys.txt").write_text("one\ntwo\n")
    with pytest.raises(StoreError, match="2 keys for 5 images"):
        _ = ImageStore.open(tmp_path).keys


def test_verify_sees_one_changed_pixel(tmp_path):
    written(tmp_path)
    data = bytearray((tmp_path / "images.npy").read_bytes())
    data[-1] ^= 1
    (tmp_path / "images.npy").write_bytes(data)
    with pytest.raises(StoreError, match="pixels have changed"):
        ImageStore.open(tmp_path).verify()


def test_save_arrays_same_arrays_same_bytes(tmp_path, monkeypatch):
    arrays = {"b": np.arange(6).reshape(2, 3), "a": np.float32(1.5), "names": np.array(["x", "yz"])}
    save_arrays(tmp_path / "one.npz", **arrays)
    monkeypatch.setattr("time.time", lambda: 2e9)
    save_arrays(tmp_path / "two.npz", **dict(reversed(arrays.items())))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.npz") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
    with np.load(tmp_path / "one.npz") as read:
        assert set(read.files) == set(arrays)
        for name, array in arrays.items():
            assert (read[name] == array).all()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.npz", "two.npz"]


def test_save_arrays_refuses_objects_and_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="'mixed' holds Python objects"):
        save_arrays(tmp_path / "x.npz", mixed=np.array([None, {}], dtype=object))
    with pytest.raises(ValueError, match=r"named .npz"):
        save_arrays(tmp_path / "x.npy", a=np.zeros(1))
    assert not list(tmp_path.iterdir())
