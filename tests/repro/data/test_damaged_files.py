"""Damaged pictures, databases and MATLAB files: a clear message, whatever their readers do."""

import io
import subprocess
import sys
from pathlib import Path

import lmdb
import numpy as np
import pytest
import scipy.io
from PIL import Image

from data_prep import svhn
from repro.data import crash_check
from repro.data.crash_check import damage_of
from repro.data.formats import REASONS, UnreadableImage
from repro.data.images import decode, decode_square
from repro.data.optional_decoders import pillow_reader
from repro.data.raw_images import SourceError, lmdb_count, lmdb_entries

FORMATS = [
    "JPEG",
    "PNG",
    "WEBP",
    "GIF",
    "TIFF",
    "JPEG2000",
    "BMP",
    "PPM",
    "AVIF",
    "MPO",
    pillow_reader("heic"),
]
DAMAGES = 60  # of each format


def picture(kind: str) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((64, 48)).save(stream, kind)
    return stream.getvalue()


def damaged(data: bytes, rng: np.random.Generator, *, first: int = 0) -> bytes:
    """A run of its bytes replaced, left out or doubled."""
    place, length = int(rng.integers(first, len(data))), int(rng.integers(1, 40))
    run = data[place : place + length]
    other = [rng.bytes(len(run)), b"", run + run, bytes(len(run)), b"\xff" * len(run)]
    return data[:place] + other[int(rng.integers(len(other)))] + data[place + length :]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_decoder_s_complaint_is_one_kind(kind: str) -> None:
    data, rng, reasons = picture(kind), np.random.default_rng(1), []
    assert decode(data).shape == (48, 64, 3)
    for _ in range(DAMAGES):
        try:
            assert decode_square(damaged(data, rng), 16).shape == (16, 16, 3)
        except UnreadableImage as error:
            reasons.append(error.reason)
    assert set(reasons) <= set(REASONS)
    assert len(reasons) > (0 if kind in ("BMP", "PPM") else DAMAGES / 10)


@pytest.mark.parametrize("error", [RuntimeError, AssertionError, ZeroDivisionError, UnicodeError])
def test_whatever_a_decoder_raises(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    data = picture("PNG")

    def failing(*given: object, **named: object) -> None:
        raise error("of a decoder")

    monkeypatch.setattr(Image.Image, "load", failing)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", failing)
    with pytest.raises(UnreadableImage, match="corrupt: png: of a decoder"):
        decode(data)


# --- databases --------------------------------------------------------------------------------


def database(folder: Path, records: int, size: int = 600) -> Path:
    rng = np.random.default_rng(2)
    with (
        lmdb.open(str(folder), map_size=1 << 24, lock=False) as made,
        made.begin(write=True) as transaction,
    ):
        for number in range(records):
            transaction.put(b"%06d" % number, rng.bytes(size + 5000 * (number % 9 == 0)))
    return folder / "data.mdb"


def announcing(path: Path, *, held: int, announced: int) -> None:
    """Both meta pages say another number of records."""
    data = path.read_bytes()
    assert data.count(held.to_bytes(8, "little"), 0, 8192) >= 1
    head = data[:8192].replace(held.to_bytes(8, "little"), announced.to_bytes(8, "little"))
    path.write_bytes(head + data[8192:])


@pytest.mark.parametrize("announced", [10, 1000])
def test_a_database_holds_as_many_records_as_it_announces(tmp_path: Path, announced: int) -> None:
    path = database(tmp_path / "db", 64)
    assert len(list(lmdb_entries(path))) == 64
    announcing(path, held=64, announced=announced)
    assert lmdb_count(path) == announced
    with pytest.raises(SourceError, match=rf"announces {announced} records and holds"):
        list(lmdb_entries(path))


READ_ALL = """
import sys
from pathlib import Path
from repro.data.raw_images import SourceError, lmdb_entries
for path in sys.argv[1:]:
    try:
        for key, value in lmdb_entries(Path(path)):
            value()
    except SourceError as error:
        assert str(error).startswith(path), error
        print("refused")
"""


@pytest.mark.slow
def test_no_damaged_database_ends_the_process(tmp_path: Path) -> None:
    path, rng = database(tmp_path / "db", 300), np.random.default_rng(3)
    data, made = path.read_bytes(), []
    for number in range(40):
        bad = bytearray(data)
        for _ in range(3):
            page = int(rng.integers(2, len(data) // 4096)) * 4096
            place = page + int(rng.integers(0, 120))  # a page's header and the offsets behind it
            bad[place : place + 4] = [rng.bytes(4), b"\xff\xff\xff\x7f"][number % 2]
        made.append(tmp_path / f"{number}.mdb")
        made[-1].write_bytes(bad)
    words = [sys.executable, "-c", READ_ALL, *map(str, made)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("refused") > 6


def test_a_crash_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crash.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr(crash_check, "__file__", str(tmp_path / "crash.py"))
    assert damage_of(tmp_path, "lmdb") == "its reader crashes (SIGSEGV)"


# --- MATLAB files -----------------------------------------------------------------------------


def matlab(folder: Path, *, compressed: bool, digits: int = 6) -> Path:
    pixels = np.random.default_rng(4).integers(0, 256, (32, 32, 3, digits), np.uint8)
    labels = np.arange(1, digits + 1, dtype=np.uint8)[:, None]
    path = folder / "train_32x32.mat"
    scipy.io.savemat(path, {"X": pixels, "y": labels}, do_compression=compressed)
    return path


READ_MATLAB = """
import sys
from pathlib import Path
from data_prep import svhn
from repro.data.raw_images import SourceError
for folder in sys.argv[1:]:
    try:
        list(svhn.records(Path(folder), svhn.Options()))
    except SourceError as error:
        print("refused")
"""


@pytest.mark.slow
@pytest.mark.parametrize("compressed", [True, False])
def test_no_damaged_matlab_file_ends_the_process(tmp_path: Path, compressed: bool) -> None:
    data, rng = matlab(tmp_path, compressed=compressed).read_bytes(), np.random.default_rng(5)
    folders = [tmp_path / f"{number}" for number in range(12)]
    for folder in folders:
        folder.mkdir()
        bad = damaged(data[:400], rng, first=124) + data[400:]
        (folder / "train_32x32.mat").write_bytes(bad)
    words = [sys.executable, "-c", READ_MATLAB, *map(str, folders)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("refused") > 2


def test_more_digits_than_a_file_can_hold(tmp_path: Path) -> None:
    path = matlab(tmp_path, compressed=False)
    data = path.read_bytes().replace(b"\x06\0\0\0\x01\0\0\0", b"\0\0\0\x10\x01\0\0\0", 1)
    place = data.index(b"\x03\0\0\0\x06\0\0\0") + 4  # the last of X's dimensions
    path.write_bytes(data[:place] + b"\0\0\0\x10" + data[place + 4 :])
    with pytest.raises(SourceError, match="announces 268435456 images, which cannot be in"):
        svhn.count(tmp_path, svhn.Options())
