"""data_prep/cifar10.py: both versions give the same pixels; damaged and foreign files fail."""

import os
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest

from data_prep import cifar10
from data_prep.cifar10 import Options
from data_prep.prepare import prepare
from data_prep.source import missing
from repro.data.raw_images import SourceError
from repro.data.store import ImageStore
from repro.specs.dataset import DatasetSpec

NAMES = [f"name{i}" for i in range(10)]


def batches(count=4, files=5):
    rng = np.random.default_rng(0)
    for number in range(1, files + 1):
        images = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        yield number, images, rng.integers(0, 10, count).tolist()


def write_binary(folder):
    folder.mkdir(parents=True)
    for number, images, labels in batches():
        rows = [
            bytes([y]) + x.transpose(2, 0, 1).tobytes() for x, y in zip(images, labels, strict=True)
        ]
        (folder / f"data_batch_{number}.bin").write_bytes(b"".join(rows))
    (folder / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")


def write_python(folder, protocol=2):
    folder.mkdir(parents=True)
    for number, images, labels in batches():
        batch = {
            b"batch_label": b"training batch",
            b"data": images.transpose(0, 3, 1, 2).reshape(len(images), -1),
            b"labels": labels,
            b"filenames": [b"x.png"] * len(images),
        }
        (folder / f"data_batch_{number}").write_bytes(pickle.dumps(batch, protocol))
    meta = {b"label_names": [name.encode() for name in NAMES]}
    (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol))


def read(raw, **options):
    records = list(cifar10.records(raw, Options(**options)))
    return (
        [record.key for record in records],
        np.stack([record.payload for record in records]),
        [record.labels["class"] for record in records],
    )


def expected():
    images = np.concatenate([images for _, images, _ in batches()])
    return images, [label for _, _, labels in batches() for label in labels]


def test_binary_version(tmp_path):
    write_binary(tmp_path / "cifar-10-batches-bin")
    keys, images, labels = read(tmp_path)
    assert (images == expected()[0]).all()
    assert labels == expected()[1]
    assert keys[:5] == [f"data_batch_1.bin:0000{i}" for i in range(4)] + ["data_batch_2.bin:00000"]
    assert cifar10.class_names(tmp_path, Options()) == NAMES
    assert cifar10.count(tmp_path, Options()) == 20


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_python_version(tmp_path, protocol):
    write_python(tmp_path / "cifar-10-batches-py", protocol)
    _, images, labels = read(tmp_path)
    assert (images == expected()[0]).all()
    assert labels == expected()[1]
    assert cifar10.class_names(tmp_path, Options()) == NAMES
    assert cifar10.count(tmp_path, Options()) == 20


def python2_pickle(planes, labels):
    """A batch byte for byte as Python 2 wrote the official files: str keys, old numpy names."""

    def text(value):
        return b"U" + bytes([len(value)]) + value

    raw = planes.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
        b"(K\x01K" + bytes([planes.shape[0]]) + b"M" + struct.pack("<H", planes.shape[1]) + b"\x86"
        b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R"
        b"(K\x03" + text(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89T" + struct.pack("<I", len(raw)) + raw + b"tb"
    )
    listed = b"](" + b"".join(b"K" + bytes([y]) for y in labels) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + text(b"labels") + listed + b"u."


def test_python2_files(tmp_path):
    _, images, labels = next(batches())
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    (tmp_path / "data_batch_1").write_bytes(python2_pickle(planes, labels))
    _, seen, classes = read(tmp_path, files=["data_batch_1"])
    assert (seen == images).all()
    assert classes == labels
    assert cifar10.class_names(tmp_path, Options(files=["data_batch_1"])) is None


class Calls:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (os.system, ("touch {}",)),
        (eval, ("open('{}', 'w')",)),
        (open, ("{}", "w")),
        (getattr, (np, "load")),
        (np.load, ("{}",)),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_foreign_pickles_are_refused_and_not_run(tmp_path, function, arguments, protocol):
    mark = tmp_path / "executed"
    arguments = [a.format(mark) if isinstance(a, str) else a for a in arguments]
    if any(a is np for a in arguments):
        arguments[0] = np.ndarray
    payload = {b"data": Calls(function, *arguments), b"labels": []}
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(payload, protocol))
    with pytest.raises(SourceError, match="data_batch_1: not a CIFAR-10 batch: it asks for"):
        read(tmp_path, files=["data_batch_1"])
    assert not mark.exists()


@pytest.mark.parametrize("size", [0, 3072, 3075, 3073 * 2 - 1])
def test_wrong_length(tmp_path, size):
    (tmp_path / "data_batch_1.bin").write_bytes(bytes(size))
    with pytest.raises(SourceError, match=f"data_batch_1.bin: {size} bytes, expected a multiple"):
        read(tmp_path, files=["data_batch_1.bin"])


def test_cifar_100_is_told_by_its_name(tmp_path):
    (tmp_path / "train.bin").write_bytes(bytes(2 * 3074))
    with pytest.raises(SourceError, match=r"train.bin: .* 3074 bytes, as those of CIFAR-100 do"):
        read(tmp_path, files=["train.bin"])
    batch = {
        b"data": np.zeros((2, 3072), np.uint8),
        b"fine_labels": [1, 2],
        b"coarse_labels": [0, 0],
    }
    (tmp_path / "train").write_bytes(pickle.dumps(batch))
    with pytest.raises(SourceError, match=r"fine and coarse labels, .*; expected CIFAR-10: python"):
        read(tmp_path, files=["train"])
    for raw in (tmp_path, tmp_path / "cifar-100-python"):
        (tmp_path / "cifar-100-python").mkdir(exist_ok=True)
        absent = missing(raw, "cifar10", Options())
        assert len(absent) == 5
        assert absent[0].how_to_get.startswith("the folder holds CIFAR-100, not the paper's")


def test_label_out_of_range_and_wrong_arrays(tmp_path):
    (tmp_path / "data_batch_1.bin").write_bytes(bytes([10]) + bytes(3072))
    with pytest.raises(SourceError, match="labels 10 to 10, expected 0 to 9"):
        read(tmp_path, files=["data_batch_1.bin"])
    batch = {b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]}
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(batch))
    with pytest.raises(SourceError, match=r"2 images, 1 labels, expected equal numbers"):
        read(tmp_path, files=["data_batch_1"])
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(SourceError, match="holds a list, expected a dict"):
        read(tmp_path, files=["data_batch_1"])
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(batch)[:-100])
    with pytest.raises(SourceError, match="not a CIFAR-10 batch"):
        read(tmp_path, files=["data_batch_1"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({b"labels": [1, "two"]}, "b'labels' is not a list of whole numbers"),
        ({b"labels": [1, True]}, "b'labels' is not a list of whole numbers"),
        ({b"labels": 5}, "b'labels' is not a list of whole numbers"),
        ({b"labels": None}, "b'labels' is not a list of whole numbers"),
        ({b"labels": [[1], [2]]}, "b'labels' is not a list of whole numbers"),
        ({b"labels": [0, -1]}, "label -1, expected 0 to 9"),
        ({b"labels": [0, 10**400]}, r"label 1000.*\.\.\., expected 0 to 9"),
        ({b"data": None}, "b'data' is not an array of pixels"),
        ({b"data": [[0] * 3072] * 2}, "b'data' is not an array of pixels"),
        ({b"data": np.zeros((2, 3072), np.float32)}, "b'data' is not of type uint8"),
        ({b"data": np.zeros((2, 3072), "O")}, "b'data' is not an array of pixels"),
        ({b"data": np.zeros((2, 3071), np.uint8)}, r"b'data' is \(2, 3071\)"),
        ({b"data": np.zeros((2, 3, 32, 32), np.uint8)}, "b'data' is not an array of pixels"),
    ],
)
def test_wrong_kinds_of_values_in_a_batch(tmp_path, changes, said):
    batch = {b"data": np.zeros((2, 3072), np.uint8), b"labels": [1, 2]} | changes
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(batch, 2))
    with pytest.raises(SourceError, match=rf"data_batch_1: .*{said}"):
        read(tmp_path, files=["data_batch_1"])


@pytest.mark.parametrize("names", [5, None, [1] * 10, ["text"] * 10, {b"a": 1}])
def test_wrong_kinds_of_names(tmp_path, names):
    (tmp_path / "batches.meta").write_bytes(pickle.dumps({b"label_names": names}, 2))
    with pytest.raises(SourceError, match="b'label_names' is not a list of names"):
        cifar10.class_names(tmp_path, Options())


POINTER = (  # an array at an address that the pickle chooses: numpy would follow it
    b"\x80\x02cnumpy\nndarray\n(K\x04\x85cnumpy\ndtype\nU\x02O8\x85RU\x20" + b"A" * 32 + b"tR."
)


def test_a_pickle_chooses_no_memory(tmp_path):
    (tmp_path / "batches.meta").write_bytes(POINTER)
    with pytest.raises(SourceError, match=r"batches\.meta: holds a PickledObject, expected a dict"):
        cifar10.class_names(tmp_path, Options())


FUZZ = """
import resource, sys
from pathlib import Path
import numpy as np
from data_prep import cifar10
from repro.data.raw_images import SourceError
resource.setrlimit(resource.RLIMIT_CPU, (100, 100))
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
folder, count = Path(sys.argv[1]), int(sys.argv[2])
rng, refused = np.random.default_rng(0), 0
options = cifar10.Options(files=["data_batch_1"])
names = ["data_batch_1", "batches.meta"]
whole = {name: (folder / name).read_bytes() for name in names}
for number in range(count):
    name = names[number % 2]
    data = bytearray(whole[name])
    for _ in range(rng.integers(1, 4)):
        # opcodes at both ends, a picture between them
        place = int(rng.integers(0, min(len(data), 400))) * int(rng.choice([1, -1]))
        match rng.integers(4):
            case 0: data[place] = rng.integers(256)
            case 1: data[place] ^= 1 << int(rng.integers(8))
            case 2: del data[place : place + int(rng.integers(1, 9)) or None]
            case 3: data[place:place] = rng.bytes(int(rng.integers(1, 9)))
    (folder / name).write_bytes(data)
    try:
        list(cifar10.records(folder, options))
        cifar10.class_names(folder, options)
    except SourceError as error:
        assert str(error).startswith(str(folder)), error
        refused += 1
    (folder / name).write_bytes(whole[name])
print(refused)
"""


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_damaged_pickles_are_told_in_words(tmp_path, protocol):
    """In a process of its own, which may crash, hang or fill the memory, and must not."""
    count = 600  # 1,800 in all
    write_python(tmp_path / "raw", protocol)
    words = [sys.executable, "-c", FUZZ, str(tmp_path / "raw"), str(count)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert count / 2 < int(done.stdout) <= count


def test_missing_batches_are_all_named(tmp_path):
    write_binary(tmp_path / "cifar-10-batches-bin")
    (tmp_path / "cifar-10-batches-bin/data_batch_4.bin").unlink()
    absent = missing(tmp_path, "cifar10", Options())
    assert [r.path.name for r in absent] == ["data_batch_4.bin"]
    assert len(missing(tmp_path / "nowhere", "cifar10", Options())) == 5


def test_prepared_pixels_are_the_official_ones(tmp_path):
    write_binary(tmp_path / "raw")
    spec = DatasetSpec(source="cifar10", image_size=32)
    prepare(spec=spec, raw=tmp_path / "raw", out=tmp_path / "out")
    store = ImageStore.open(tmp_path / "out")
    assert (store.images == expected()[0]).all()
    assert store.label("class").tolist() == expected()[1]
    assert store.class_names == NAMES
