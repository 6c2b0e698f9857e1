"""CIFAR-10: the binary version or the Python version, whichever lies there (paper §5.1).

Binary: records of 1 label byte and 3072 bytes of planar RGB, 32x32. Python: pickled dicts, read by
an unpickler that admits numpy arrays and nothing else. Label `class`, 0 to 9; names from
batches.meta(.txt). Default: the five training batches; the test set is `files: [test_batch.bin]`.

Alone: `count(RAW, Options())` is the number of training images.
"""

import codecs
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from data_prep.source import Record, Requirement
from repro.data.raw_images import SourceError
from repro.specs.validation import Strict

RECORD_BYTES = 1 + 3 * 32 * 32
CLASSES = 10
FOLDERS = ("", "cifar-10-batches-bin", "cifar-10-batches-py")  # as the two archives unpack
AGAIN = "unpack the download again"
PICTURE = None  # pixels, nothing to decode
PUBLISHED = 10_000  # images in each of the six files
TRAINING_FILES = 5
PAPER_IMAGES = {"data": 50_000, "test": 10_000}  # section 5.1


class Options(Strict):
    files: list[str] = Field(
        [],
        description="batch files in this order (*.bin: binary version, else Python version); "
        "[] = data_batch_1 to 5 of the version found",
    )


def requirements(raw: Path, options: Options) -> list[Requirement]:
    return [
        Requirement(
            path=path,
            what="CIFAR-10 batch",
            how_to_get="python -m data_prep.download cifar10 --raw RAW --unpack, or unpack "
            "cifar-10-binary.tar.gz (or cifar-10-python.tar.gz) there; to use only some batches, "
            "name them in `files`",
        )
        for path in _files(raw, options)
    ]


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    return {"class": "i4"}


def class_names(raw: Path, options: Options) -> list[str] | None:
    """Names in batches.meta.txt or batches.meta; None where neither lies there."""
    folder = _folder(raw, options)
    if (folder / "batches.meta.txt").exists():
        names = (folder / "batches.meta.txt").read_text().split()
    elif (folder / "batches.meta").exists():
        names = [name.decode() for name in _unpickled(folder / "batches.meta")[b"label_names"]]
    else:
        return None
    if len(names) != CLASSES:
        raise SourceError(f"{folder}: batches.meta has {len(names)} names, expected {CLASSES}")
    return names


def published(options: Options) -> int | None:
    return PUBLISHED * (len(options.files) or TRAINING_FILES)


def count(raw: Path, options: Options) -> int:
    return sum(
        path.stat().st_size // RECORD_BYTES if path.suffix == ".bin" else len(_batch(path)[1])
        for path in _files(raw, options)
    )


def records(raw: Path, options: Options) -> Iterator[Record]:
    """Images (32, 32, 3) in the files' order, key "data_batch_1.bin:00000" and so on.

    Raises SourceError for a file of the wrong length, a label above 9, or a pickle that holds
    anything but arrays, lists, dicts, numbers and bytes.
    """
    for path in _files(raw, options):
        images, labels = _batch(path)
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            key = f"{path.name}:{number:05d}"
            yield Record(key=key, payload=image, labels={"class": int(label)})


def _folder(raw: Path, options: Options) -> Path:
    """The folder below raw that holds the batches."""
    marks = options.files[:1] or ["data_batch_1.bin", "data_batch_1"]
    for folder in FOLDERS:
        if any((raw / folder / mark).exists() for mark in marks):
            return raw / folder
    return raw


def _files(raw: Path, options: Options) -> list[Path]:
    folder = _folder(raw, options)
    if options.files:
        return [folder / name for name in options.files]
    python_version = (folder / "data_batch_1").exists()
    suffix = "" if python_version and not (folder / "data_batch_1.bin").exists() else ".bin"
    return [folder / f"data_batch_{number}{suffix}" for number in range(1, 6)]


def _batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 32, 32, 3) uint8 and labels (N,) of one file."""
    planes, labels = _binary(path) if path.suffix == ".bin" else _python(path)
    if len(labels) and not 0 <= labels.min() <= labels.max() < CLASSES:
        raise SourceError(f"{path}: labels {labels.min()} to {labels.max()}, expected 0 to 9")
    return planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels


def _binary(path: Path) -> tuple[np.ndarray, np.ndarray]:
    size = path.stat().st_size
    if size == 0 or size % RECORD_BYTES:
        raise SourceError(
            f"{path}: {size} bytes, expected a multiple of {RECORD_BYTES} (1 label byte + 3072 "
            f"pixel bytes): cut off or another format; {AGAIN}"
        )
    rows = np.fromfile(path, np.uint8).reshape(-1, RECORD_BYTES)
    return rows[:, 1:], rows[:, 0]


def _python(path: Path) -> tuple[np.ndarray, np.ndarray]:
    batch = _unpickled(path)
    planes = batch.get(b"data")
    labels = np.asarray(batch.get(b"labels", []))
    expected = (len(labels), RECORD_BYTES - 1)
    if not isinstance(planes, np.ndarray) or planes.dtype != np.uint8 or planes.shape != expected:
        found = f"{planes.dtype} {planes.shape}" if isinstance(planes, np.ndarray) else "none"
        raise SourceError(f"{path}: array b'data' {found}, expected uint8 {expected}; {AGAIN}")
    if labels.dtype.kind not in "iu":
        raise SourceError(f"{path}: b'labels' are no whole numbers; {AGAIN}")
    return planes, labels


class _ArraysOnly(pickle.Unpickler):
    """Unpickler for dicts of arrays: every other class or function is refused, none is run."""

    def find_class(self, module: str, name: str) -> Any:
        if name == "_reconstruct" and module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            return _empty_array
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):
            return _latin1_bytes
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no CIFAR-10 file needs")


def _empty_array(kind: type, shape: tuple[int, ...], type_code: bytes) -> np.ndarray:
    """What numpy's _reconstruct does for arrays; the pickle fills it in afterwards."""
    if kind is not np.ndarray or shape != (0,):
        raise pickle.UnpicklingError("it asks for an array of an unusual kind")
    return np.ndarray.__new__(np.ndarray, (0,), "b")


def _latin1_bytes(text: str, encoding: str) -> bytes:
    """How protocol 2 of Python 3 writes bytes."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding}")
    return codecs.encode(text, "latin1")


def _unpickled(path: Path) -> dict[bytes, Any]:
    """The dict in a file of the Python version; SourceError for anything else."""
    try:
        with path.open("rb") as stream:
            value = _ArraysOnly(stream, encoding="bytes").load()
    except Exception as error:  # damaged pickles raise nearly anything
        raise SourceError(f"{path}: no CIFAR-10 batch: {error}; {AGAIN}") from None
    if not isinstance(value, dict):
        raise SourceError(f"{path}: holds a {type(value).__name__}, expected a dict; {AGAIN}")
    return value
