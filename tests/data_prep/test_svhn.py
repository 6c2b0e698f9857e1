"""data_prep/svhn.py on MATLAB files written by SciPy, whole, damaged, and of other kinds."""

import io

import numpy as np
import pytest
import scipy.io

from data_prep import svhn
from data_prep.download.manifest import planned, read_manifest
from data_prep.prepare import prepare
from data_prep.source import missing
from data_prep.svhn import Options
from repro.data.raw_images import SourceError
from repro.data.store import ImageStore
from repro.specs.dataset import DatasetSpec

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
LABELS = np.array([10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1], np.uint8)
DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
X, Y = IMAGES.transpose(1, 2, 3, 0), LABELS[:, None]


def mat(compressed=True, **variables):
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"X": X, "y": Y} | variables, do_compression=compressed)
    return stream.getvalue()


def write(folder, data=None, split="train"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{split}_32x32.mat"
    path.write_bytes(mat() if data is None else data)
    return path


def read(raw, **options):
    records = list(svhn.records(raw, Options(**options)))
    assert svhn.count(raw, Options(**options)) == len(records)
    pixels = np.stack([record.payload for record in records])
    return [r.key for r in records], pixels, [r.labels["class"] for r in records]


@pytest.fixture
def whole(monkeypatch):
    """The file is known to be whole: no trial in a process of its own, which takes a second."""
    monkeypatch.setattr(svhn, "damage_of", lambda *_: "")


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize(
    ("split", "folder", "compressed"),
    [("train", "", True), ("train", "svhn", False), ("test", "svhn", True), ("extra", "", False)],
)
def test_pixels_and_digits_in_the_files_order(tmp_path, split, folder, compressed):
    write(tmp_path / folder, mat(compressed), split)
    assert missing(tmp_path, "svhn", Options(split=split)) == []
    keys, pixels, digits = read(tmp_path, split=split)
    assert keys == [f"{split}:{number:05d}" for number in range(12)]
    assert (pixels == IMAGES).all()
    assert digits == DIGITS


def test_the_files_are_where_the_download_puts_them(tmp_path):
    for place in planned("svhn", raw=tmp_path, manifest=read_manifest()):
        write(place.final.parent, split=place.final.name.split("_")[0])
        assert place.final.exists()
    for split in ("train", "test", "extra"):
        assert missing(tmp_path, "svhn", Options(split=split)) == []
        assert missing(tmp_path / "svhn", "svhn", Options(split=split)) == []


@pytest.mark.usefixtures("whole")
def test_shuffled_parts_make_up_the_whole_and_keep_their_numbers(tmp_path):
    write(tmp_path)
    validation = read(tmp_path, shuffle=42, stop=5)
    others = read(tmp_path, shuffle=42, start=5)
    keys = validation[0] + others[0]
    assert sorted(keys) == [f"train:{number:05d}" for number in range(12)]
    assert keys == read(tmp_path, shuffle=42)[0]
    assert keys != sorted(keys)
    for key, image, digit in zip(
        keys, [*validation[1], *others[1]], validation[2] + others[2], strict=True
    ):
        number = int(key.removeprefix("train:"))
        assert (image == IMAGES[number]).all()
        assert digit == DIGITS[number]
    assert read(tmp_path, shuffle=43)[0] != keys
    write(tmp_path, split="test")
    assert read(tmp_path, split="test", shuffle=42)[0] != [k.replace("train", "test") for k in keys]


def test_a_part_that_is_not_there(tmp_path):
    path = write(tmp_path)
    for options in (Options(stop=13), Options(start=12), Options(start=12, shuffle=1)):
        for work in (svhn.count, lambda *given: list(svhn.records(*given))):
            with pytest.raises(SourceError, match=f"{path} holds 12 digits, but those from"):
                work(tmp_path, options)
    with pytest.raises(ValueError, match="stop 3 must be above start 3"):
        Options(start=3, stop=3)


@pytest.mark.slow
def test_count_reads_no_pixels(tmp_path):
    """A file cut off within the last bytes of y is counted, as X and y are announced before."""
    path = write(tmp_path, mat(compressed=False))
    path.write_bytes(path.read_bytes()[:-8])
    assert svhn.count(tmp_path, Options()) == 12
    with pytest.raises(SourceError, match=r"train_32x32.mat: damaged or cut off"):
        list(svhn.records(tmp_path, Options()))


@pytest.mark.slow
def test_prepared_digits_are_untouched(tmp_path):
    write(tmp_path / "raw")
    spec = DatasetSpec(source="svhn", image_size=32, options={"shuffle": 3, "start": 2})
    prepare(spec=spec, raw=tmp_path / "raw", out=tmp_path / "out")
    store = ImageStore.open(tmp_path / "out")
    keys, pixels, digits = read(tmp_path / "raw", shuffle=3, start=2)
    assert (store.images == pixels).all()
    assert store.labels["class"].tolist() == digits
    assert list(store.keys) == keys
    assert store.class_names == list("0123456789")


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int64, np.float64])
def test_labels_may_be_any_kind_of_whole_numbers(tmp_path, kind):
    write(tmp_path, mat(y=Y.astype(kind)))
    assert read(tmp_path)[2] == DIGITS


@pytest.mark.usefixtures("whole")
def test_copies_with_labels_from_0_to_9(tmp_path):
    write(tmp_path, mat(y=Y % 10))
    assert read(tmp_path)[2] == DIGITS
    write(tmp_path, mat(y=np.full((12, 1), 10, np.uint8)))
    assert read(tmp_path)[2] == [0] * 12


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([0, 10], "labels 0 to 10, expected whole numbers from 1 to 10"),
        ([1, 11], "labels 1 to 11, expected"),
        ([-1, 9], "labels -1 to 9, expected"),
        ([1.5, 9], "labels 1.5 to 9.0, expected"),
        ([np.nan, 9], "labels nan to nan, expected"),
    ],
)
def test_wrong_labels(tmp_path, wrong, message):
    labels = np.concatenate([[*wrong], np.full(10, 5)])[:, None]
    write(tmp_path, mat(y=labels))
    with pytest.raises(SourceError, match=message):
        list(svhn.records(tmp_path, Options()))


CELLS = np.empty((12, 1), object)
CELLS[:, 0] = [np.zeros(2)] * 12


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"X": X.astype(float)}, r"X is double \(32, 32, 3, 12\), expected uint8"),
        ({"X": X[:28]}, r"X is uint8 \(28, 32, 3, 12\), expected uint8 \(32, 32, 3, N\)"),
        ({"X": IMAGES}, r"X is uint8 \(12, 32, 32, 3\)"),
        ({"X": X[..., 0]}, r"X is uint8 \(32, 32, 3\)"),
        ({"X": X[..., :9]}, "9 images in X, 12 labels in y"),
        ({"X": CELLS}, r"X is cell \(12, 1\)"),
        ({"y": CELLS}, r"y is cell \(12, 1\), expected numbers \(N, 1\)"),
        ({"y": {"a": 1}}, r"y is struct \(1, 1\)"),
        ({"y": LABELS}, r"y is uint8 \(1, 12\), expected numbers \(N, 1\)"),
    ],
)
@pytest.mark.parametrize("compressed", [True, False])
def test_other_shapes_and_types(tmp_path, variables, message, compressed):
    path = write(tmp_path, mat(compressed, **variables))
    for work in (svhn.count, lambda *given: list(svhn.records(*given))):
        with pytest.raises(SourceError, match=message) as failure:
            work(tmp_path, Options())
        assert str(path) in str(failure.value)


def test_missing_variables_are_named(tmp_path):
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"digitStruct": np.zeros(3), "y": Y})
    write(tmp_path, stream.getvalue())
    with pytest.raises(SourceError, match="variables digitStruct, y, expected X and y"):
        svhn.count(tmp_path, Options())


MATLAB_73 = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(384) + b"\x89HDF\r\n\x1a\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty, expected a MATLAB 5 file"),
        (
            b"<!DOCTYPE html><html>moved</html>" * 9,
            r"starts with b'<!DOCTYPE html><html', expected",
        ),
        (bytes(500), "starts with .*, expected a MATLAB 5 file"),
        (mat()[:127], "starts with b'MATLAB 5.0 MAT-file ', expected"),
        (MATLAB_73, r"a MATLAB 7.3 \(HDF5\) file, expected MATLAB 5"),
        (b"\x89HDF\r\n\x1a\n" + bytes(500), r"a MATLAB 7.3 \(HDF5\) file"),
        (mat()[:128], "variables none, expected X and y; the file is cut off"),
    ],
)
def test_other_files(tmp_path, data, message):
    path = write(tmp_path, data)
    with pytest.raises(SourceError, match=message) as failure:
        svhn.count(tmp_path, Options())
    assert str(path) in str(failure.value)


@pytest.mark.slow
@pytest.mark.parametrize("compressed", [True, False])
def test_wherever_a_file_is_cut_off_it_says_so(tmp_path, compressed):
    whole = mat(compressed)
    for length in [*range(128, len(whole) - 8, 9999), *range(len(whole) - 24, len(whole) - 8, 3)]:
        path = write(tmp_path, whole[:length])
        with pytest.raises(SourceError, match="cut off") as failure:
            list(svhn.records(tmp_path, Options()))
        assert str(path) in str(failure.value)


def test_damaged_bytes_are_found_in_a_compressed_file(tmp_path):
    """SVHN's own files are compressed, each variable with a checksum."""
    whole = mat()
    for place in RNG.integers(136, len(whole), 60):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(RNG.integers(8))
        write(tmp_path, bytes(damaged))
        with pytest.raises(SourceError, match=r"train_32x32.mat"):
            list(svhn.records(tmp_path, Options()))


def test_missing_file_says_how_to_get_it(tmp_path):
    (absent,) = missing(tmp_path, "svhn", Options(split="extra"))
    assert absent.path == tmp_path / "extra_32x32.mat"
    assert "python -m data_prep.download svhn --raw RAW" in absent.how_to_get
