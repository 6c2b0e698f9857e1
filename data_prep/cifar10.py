"""CIFAR-10: the binary version or the Python version, whichever is present (paper §5.1).

Binary: records of 1 label byte and 3072 bytes of planar RGB, 32x32. Python: pickled dicts, which
repro.data.plain_pickle reads without creating or running any object that they request. Label
`class`, 0 to 9; names from batches.meta(.txt). Default: the five training batches; the test set is
`files: [test_batch.bin]`.

Alone: `count(RAW, Options())` is the number of training images.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from data_prep.source import Record, Requirement
from repro.data.plain_pickle import LATIN1, Name, PickledObject, PickleError, read_pickle
from repro.data.raw_images import SourceError
from repro.specs.validation import Strict, shortened

RECORD_BYTES = 1 + 3 * 32 * 32
CLASSES = 10
FOLDERS = ("", "cifar-10-batches-bin", "cifar-10-batches-py")  # as the two archives unpack
AGAIN = "unpack the download again"
OF_CIFAR_100 = (
    "as those of CIFAR-100 do; expected CIFAR-10: python -m data_prep.download cifar10 --raw RAW "
    "--unpack"
)
CIFAR_100 = ("cifar-100-binary", "cifar-100-python")  # as its archives unpack
PICTURE = None  # pixels, nothing to decode
# names in a batch: how arrays are made, and how Python 3 writes bytes
NAMES = {
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy.ndarray",
    "numpy.dtype",
    LATIN1,
}
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
    how = (
        "python -m data_prep.download cifar10 --raw RAW --unpack, or unpack "
        "cifar-10-binary.tar.gz (or cifar-10-python.tar.gz) there; to use only some batches, name "
        "them in `files`"
    )
    if raw.name in CIFAR_100 or any((raw / name).is_dir() for name in CIFAR_100):
        how = f"the folder holds CIFAR-100, not the paper's CIFAR-10; {how}"
    return [
        Requirement(path=path, what="CIFAR-10 batch", how_to_get=how, kind="file")
        for path in _files(raw, options)
    ]


def also_read(raw: Path, options: Options) -> list[Path]:
    """Files that are read where present: the names of the classes."""
    folder = _folder(raw, options)
    return [folder / "batches.meta.txt", folder / "batches.meta"]


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    return {"class": "i4"}


def class_names(raw: Path, options: Options) -> list[str] | None:
    """Names in batches.meta.txt or batches.meta; None where neither is present."""
    folder = _folder(raw, options)
    if (folder / "batches.meta.txt").exists():
        names = (folder / "batches.meta.txt").read_text("utf-8", errors="replace").split()
    elif (folder / "batches.meta").exists():
        names = _meta_names(folder / "batches.meta")
    else:
        return None
    if len(names) != CLASSES:
        raise SourceError(f"{folder}: batches.meta has {len(names)} names, expected {CLASSES}")
    return names


def _meta_names(path: Path) -> list[str]:
    listed = _unpickled(path).get(b"label_names")
    if not isinstance(listed, list) or not all(isinstance(name, bytes) for name in listed):
        raise SourceError(f"{path}: b'label_names' is not a list of names; {AGAIN}")
    return [name.decode("utf-8", "replace") for name in listed]


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
    """The folder below raw that contains the batches."""
    marks = options.files[:1] or ["data_batch_1.bin", "data_batch_1"]
    for folder in FOLDERS:
        if any((raw / folder / mark).is_file() for mark in marks):
            return raw / folder
    return raw


def _files(raw: Path, options: Options) -> list[Path]:
    folder = _folder(raw, options)
    if options.files:
        return [folder / name for name in options.files]
    python_version = (folder / "data_batch_1").is_file()
    suffix = "" if python_version and not (folder / "data_batch_1.bin").is_file() else ".bin"
    return [folder / f"data_batch_{number}{suffix}" for number in range(1, 6)]


def _batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 32, 32, 3) uint8 and labels (N,) of one file."""
    planes, labels = _binary(path) if path.suffix == ".bin" else _python(path)
    if len(labels) and not 0 <= labels.min() <= labels.max() < CLASSES:
        raise SourceError(f"{path}: labels {labels.min()} to {labels.max()}, expected 0 to 9")
    return planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels


def _binary(path: Path) -> tuple[np.ndarray, np.ndarray]:
    size = path.stat().st_size
    if size and size % RECORD_BYTES and size % (RECORD_BYTES + 1) == 0:
        raise SourceError(f"{path}: its records have {RECORD_BYTES + 1} bytes, {OF_CIFAR_100}")
    if size == 0 or size % RECORD_BYTES:
        raise SourceError(
            f"{path}: {size} bytes, expected a multiple of {RECORD_BYTES} (1 label byte + 3072 "
            f"pixel bytes): cut off or another format; {AGAIN}"
        )
    rows = np.fromfile(path, np.uint8).reshape(-1, RECORD_BYTES)
    return rows[:, 1:], rows[:, 0]


def _python(path: Path) -> tuple[np.ndarray, np.ndarray]:
    batch = _unpickled(path)
    if b"fine_labels" in batch:
        raise SourceError(f"{path}: it has fine and coarse labels, {OF_CIFAR_100}")
    planes = _planar(batch.get(b"data"), path)
    labels = batch.get(b"labels")
    if not isinstance(labels, list) or any(type(label) is not int for label in labels):
        raise SourceError(f"{path}: b'labels' is not a list of whole numbers; {AGAIN}")
    if len(labels) != len(planes):
        raise SourceError(
            f"{path}: {len(planes)} images, {len(labels)} labels, expected equal numbers; {AGAIN}"
        )
    wrong = [label for label in labels if not 0 <= label < CLASSES]
    if wrong:
        raise SourceError(f"{path}: label {shortened(wrong[0])}, expected 0 to 9; {AGAIN}")
    return planes, np.array(labels, np.uint8)


def _planar(made: object, path: Path) -> np.ndarray:
    """The uint8 array (N, 3072) described by a pickle."""
    match made:
        case PickledObject(
            name="numpy.core.multiarray._reconstruct" | "numpy._core.multiarray._reconstruct",
            arguments=(Name("numpy.ndarray"), *_),
            state=(1, (int(count), int(width)), kind, False | 0, bytes(pixels)),
        ):
            if not (isinstance(kind, PickledObject) and kind.arguments[:1] in ((b"u1",), ("u1",))):
                raise SourceError(f"{path}: array b'data' is not of type uint8; {AGAIN}")
            if count < 0 or width != RECORD_BYTES - 1 or len(pixels) != count * width:
                raise SourceError(
                    f"{path}: array b'data' is {(count, width)} of {len(pixels)} bytes, expected "
                    f"(N, {RECORD_BYTES - 1}); {AGAIN}"
                )
            return np.frombuffer(pixels, np.uint8).reshape(count, width)
    raise SourceError(f"{path}: b'data' is not an array of pixels in CIFAR-10's layout; {AGAIN}")


def _unpickled(path: Path) -> dict[Any, Any]:
    """The dict in a file of the Python version; SourceError for anything else."""
    try:
        value = read_pickle(path.read_bytes(), names=NAMES)
    except PickleError as error:
        raise SourceError(f"{path}: not a CIFAR-10 batch: {error}; {AGAIN}") from None
    if not isinstance(value, dict):
        raise SourceError(f"{path}: holds a {type(value).__name__}, expected a dict; {AGAIN}")
    return value
