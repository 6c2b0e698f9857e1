"""data_prep/mnist.py on hand-written idx files, whole and damaged."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from sklearn.utils import shuffle

from data_prep import mnist
from data_prep.mnist import Options
from data_prep.prepare import prepare
from data_prep.source import missing
from repro.data.raw_images import SourceError
from repro.data.store import ImageStore
from repro.specs.dataset import DatasetSpec

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (7, 28, 28), dtype=np.uint8)
LABELS = RNG.integers(0, 10, 7, dtype=np.uint8)


def idx(array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


def write(folder, images=None, labels=None, prefix="train", zipped=True):
    images = idx(IMAGES) if images is None else images
    labels = idx(LABELS) if labels is None else labels
    for name, data in (
        (f"{prefix}-images-idx3-ubyte", images),
        (f"{prefix}-labels-idx1-ubyte", labels),
    ):
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(data))
        else:
            (folder / name).write_bytes(data)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(("split", "prefix"), [("train", "train"), ("test", "t10k")])
def test_both_splits_zipped_or_not(tmp_path, zipped, split, prefix):
    write(tmp_path, prefix=prefix, zipped=zipped)
    options = Options(split=split)
    assert missing(tmp_path, "mnist", options) == []
    assert mnist.count(tmp_path, options) == 7
    records = list(mnist.records(tmp_path, options))
    assert (np.stack([record.payload for record in records]) == IMAGES).all()
    assert [record.labels["class"] for record in records] == LABELS.tolist()
    assert records[6].key == f"{split}:00006"


@pytest.mark.parametrize("kind", ["dotted", "dotted and gzipped", "nested"])
def test_the_names_that_kaggle_gives_the_files(tmp_path, kind):
    write(tmp_path, zipped=kind == "dotted and gzipped")
    for path in list(tmp_path.iterdir()):
        if kind == "nested":
            inner = path.rename(tmp_path / "moving")
            path.mkdir()
            inner.rename(path / path.name)
        else:
            path.rename(tmp_path / path.name.replace("-idx", ".idx"))
    assert missing(tmp_path, "mnist", Options()) == []
    records = list(mnist.records(tmp_path, Options()))
    assert (np.stack([record.payload for record in records]) == IMAGES).all()


def test_a_part_of_the_digits_keeps_its_numbers(tmp_path):
    write(tmp_path)
    train, validation = Options(stop=5), Options(start=5)
    assert (mnist.count(tmp_path, train), mnist.count(tmp_path, validation)) == (5, 2)
    both = [*mnist.records(tmp_path, train), *mnist.records(tmp_path, validation)]
    assert (np.stack([record.payload for record in both]) == IMAGES).all()
    assert [record.key for record in both] == [f"train:{number:05d}" for number in range(7)]
    assert [record.labels["class"] for record in both] == LABELS.tolist()


# what NumPy has drawn since its first versions: RandomState(42).permutation(n)
ORDERS_OF_42 = {7: [0, 1, 5, 2, 4, 3, 6], 10: [8, 1, 5, 0, 7, 2, 9, 4, 3, 6]}


@pytest.mark.parametrize("digits", ORDERS_OF_42)
def test_the_authors_order(tmp_path, digits):
    """The stated orders, and what scikit-learn's shuffle, which the authors call, makes of both."""
    images = np.arange(digits, dtype=np.uint8)[:, None, None] * np.ones((2, 2), np.uint8)
    labels = np.arange(digits, dtype=np.uint8)[::-1].copy() % 10
    write(tmp_path, images=idx(images), labels=idx(labels))
    shuffled_images, shuffled_labels = shuffle(
        images, labels, random_state=np.random.RandomState(42)
    )
    train = list(mnist.records(tmp_path, Options(shuffle=42, stop=digits - 2)))
    validation = list(mnist.records(tmp_path, Options(shuffle=42, start=digits - 2)))
    assert (len(train), len(validation)) == (digits - 2, 2)
    both = train + validation
    assert [record.key for record in both] == [f"train:{n:05d}" for n in ORDERS_OF_42[digits]]
    assert (np.stack([record.payload for record in both]) == shuffled_images).all()
    assert [record.labels["class"] for record in both] == shuffled_labels.tolist()
    other = mnist.records(tmp_path, Options(shuffle=43))
    assert [record.key for record in other] != [record.key for record in both]


def test_a_part_that_is_not_there(tmp_path):
    write(tmp_path)
    for options in (Options(stop=8), Options(start=7), Options(start=7, shuffle=42)):
        for work in (mnist.count, lambda *given: list(mnist.records(*given))):
            with pytest.raises(SourceError, match=r"train-images.* holds 7 digits, but those from"):
                work(tmp_path, options)
    with pytest.raises(ValueError, match="stop 3 must be above start 3"):
        Options(start=3, stop=3)


@pytest.mark.parametrize("channels", [1, 3])
def test_prepared_digits_are_untouched(tmp_path, channels):
    (tmp_path / "raw").mkdir()
    write(tmp_path / "raw")
    spec = DatasetSpec(source="mnist", image_size=28, channels=channels)
    prepare(spec=spec, raw=tmp_path / "raw", out=tmp_path / "out")
    store = ImageStore.open(tmp_path / "out")
    assert store.images.shape == (7, 28, 28, channels)
    assert (store.images == IMAGES[..., None]).all()
    assert store.class_names == list("0123456789")


def test_small_digits_are_enlarged(tmp_path):
    (tmp_path / "raw").mkdir()
    small = np.zeros((7, 8, 8), np.uint8)
    small[:, :, 4:] = 255
    write(tmp_path / "raw", images=idx(small))
    spec = DatasetSpec(source="mnist", image_size=16, channels=1)
    prepare(spec=spec, raw=tmp_path / "raw", out=tmp_path / "out")
    images = ImageStore.open(tmp_path / "out").images
    assert images[:, :, :6].max() == 0
    assert images[:, :, 10:].min() == 255


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (idx(IMAGES)[:-1], None, "5487 bytes after the header, which announces"),
        (idx(IMAGES) + b"x", None, "more than 5488 bytes after the header"),
        (idx(np.zeros((20, 0, 0), np.uint8)), None, r"announces \(20, 0, 0\): pictures without"),
        (idx(IMAGES[:0])[:4] + b"\xff" * 12, None, "expected at most 1073741824 bytes"),
        (idx(IMAGES)[:4] + b"\0\0\x10\0" + b"\0\0\1\0" * 2, None, "0 bytes after the header"),
        (idx(IMAGES)[:10], None, "cut off within its header"),
        (b"", None, "starts with"),
        (idx(LABELS), None, "images-idx3-ubyte.*starts with 00000801, expected 00000803"),
        (None, idx(IMAGES), "labels-idx1-ubyte.*starts with 00000803, expected 00000801"),
        (None, idx(LABELS[:5]), "7 images, .* 5 labels"),
        (None, idx(np.full(7, 10, np.uint8)), "label 10, expected 0 to 9"),
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_files(tmp_path, images, labels, message, zipped):
    write(tmp_path, images=images, labels=labels, zipped=zipped)
    with pytest.raises(SourceError, match=message):
        list(mnist.records(tmp_path, Options()))


def test_cut_off_or_foreign_gzip(tmp_path):
    write(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(SourceError, match="damaged or cut off"):
        list(mnist.records(tmp_path, Options()))
    path.write_bytes(b"<html>moved</html>")
    with pytest.raises(SourceError, match="damaged"):
        mnist.count(tmp_path, Options())


def test_missing_files_are_named_with_their_official_names(tmp_path):
    names = [r.path.name for r in missing(tmp_path, "mnist", Options(split="test"))]
    assert names == ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]


@pytest.mark.slow
def test_a_gzip_of_gigabytes_takes_no_more_memory_than_its_header_says(tmp_path):
    write(tmp_path, images=idx(IMAGES) + bytes(200_000_000))
    assert (tmp_path / "train-images-idx3-ubyte.gz").stat().st_size < 10_000_000
    tracemalloc.start()
    with pytest.raises(SourceError, match="more than 5488 bytes"):
        list(mnist.records(tmp_path, Options()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
