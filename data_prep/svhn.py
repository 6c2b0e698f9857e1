"""SVHN, cropped digits: train_32x32.mat, test_32x32.mat or extra_32x32.mat (paper §5.2).

MATLAB 5 files with the variables X, uint8 (32, 32, 3, N), and y, (N, 1), in which class 10 is the
digit 0. Label `class`: the digit itself, 0 to 9. (The authors' code uses y - 1, so that the digit 0
is class 9: another name for the same classes.) Train has 73,257 digits, test 26,032, extra 531,131.
The file's pixels are held in memory, 3,072 bytes per digit: 1.6 GB for extra.

Alone: `count(RAW, Options())` is the number of training digits.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import scipy.io
from pydantic import Field

from data_prep.source import Record, Requirement
from data_prep.stretch import Stretch
from repro.data.crash_check import damage_of
from repro.data.raw_images import SourceError
from repro.rng import shuffled

CLASSES = 10
FOLDERS = ("", "svhn")  # the raw folder itself, or where data_prep.download puts the files below it
HEADER_BYTES = 128
PICTURE_BYTES = 32 * 32 * 3
MOST_PACKED = 1032  # bytes that zlib can pack into one
NUMBERS = {"double", "single"} | {f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)}
AGAIN = "download the file again"
PICTURE = None  # pixels, nothing to decode
PUBLISHED = {"train": 73_257, "test": 26_032, "extra": 531_131}
PAPER_IMAGES = {"data": 63_257, "test": 26_032}  # without the 10,000 for validation, section 5.2


class Options(Stretch):
    """In the order of `shuffle`, the digits before 10000 are the paper's validation digits."""

    split: Literal["train", "test", "extra"] = Field(
        "train", description="73,257, 26,032 or 531,131 digits"
    )
    shuffle: int | None = Field(
        None,
        ge=0,
        description="null = the file's order; a number = a random order by this seed. The authors "
        "shuffle train by seed 42 before they set the validation digits aside (with another "
        "generator, hence another order)",
    )


def requirements(raw: Path, options: Options) -> list[Requirement]:
    path = _file(raw, options)
    return [
        Requirement(
            path=path,
            what=f"SVHN {options.split}, cropped digits",
            kind="file",
            how_to_get=f"python -m data_prep.download svhn --raw RAW, or put {path.name} of "
            "ufldl.stanford.edu/housenumbers into the raw folder",
        )
    ]


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    return {"class": "i4"}


def class_names(raw: Path, options: Options) -> list[str] | None:
    return [str(digit) for digit in range(CLASSES)]


def published(options: Options) -> int | None:
    return PUBLISHED[options.split]


def count(raw: Path, options: Options) -> int:
    path = _file(raw, options)
    return len(_chosen(_announced(path), path, options))


def records(raw: Path, options: Options) -> Iterator[Record]:
    """Digits in the order of `shuffle`, (32, 32, 3) uint8, key "train:00000": number in the file.

    Raises SourceError for a file that is not MATLAB 5, damaged or cut off, lacks X or y or has them
    in another shape or type, has labels other than the ten classes, or holds fewer digits than
    `stop` requires.
    """
    path = _file(raw, options)
    chosen = _chosen(_announced(path), path, options)
    if damage := damage_of(path, "matlab", "X", "y"):
        raise SourceError(f"{path}: damaged or cut off ({damage}); {AGAIN}")
    labels = _digits(_variable(path, "y"), path)  # (N,)
    pixels = _variable(path, "X")  # (32, 32, 3, N); each picture is contiguous in MATLAB's order
    for number in chosen:
        yield Record(
            key=f"{options.split}:{number:05d}",
            payload=pixels[..., number],
            labels={"class": int(labels[number])},
        )


def _file(raw: Path, options: Options) -> Path:
    """The split's file; directly in `raw` where there is none."""
    paths = [raw / folder / f"{options.split}_32x32.mat" for folder in FOLDERS]
    return next((path for path in paths if path.is_file()), paths[0])


def _chosen(found: int, path: Path, options: Options) -> Sequence[int]:
    """Numbers in the file of the selected digits, of the `found` in it."""
    order = None
    if options.shuffle is not None:
        order = shuffled(found, seed=options.shuffle, purpose=f"svhn: order of {options.split}")
    return options.chosen(found, path, what="digits", order=order)


def _announced(path: Path) -> int:
    """Number of digits from the headers of X and y; no pixels are read."""
    _require_matlab_5(path)
    with _naming_damage(path):
        listed = scipy.io.whosmat(str(path), appendmat=False)
    variables = {name: (tuple(shape), kind) for name, shape, kind in listed}
    if not {"X", "y"} <= set(variables):
        raise SourceError(
            f"{path}: variables {', '.join(variables) or 'none'}, expected X and y; the file is "
            f"cut off or not one of SVHN's cropped digits: {AGAIN}"
        )
    (shape, kind), (label_shape, label_kind) = variables["X"], variables["y"]
    if kind != "uint8" or len(shape) != 4 or shape[:3] != (32, 32, 3):
        raise SourceError(f"{path}: X is {kind} {shape}, expected uint8 (32, 32, 3, N); {AGAIN}")
    if label_kind not in NUMBERS or len(label_shape) != 2 or label_shape[1] != 1:
        raise SourceError(f"{path}: y is {label_kind} {label_shape}, expected numbers (N, 1)")
    if shape[3] != label_shape[0]:
        raise SourceError(
            f"{path}: {shape[3]} images in X, {label_shape[0]} labels in y, expected equal "
            f"numbers; {AGAIN}"
        )
    if shape[3] * PICTURE_BYTES > path.stat().st_size * MOST_PACKED:
        raise SourceError(
            f"{path}: announces {shape[3]} images, which cannot be in {path.stat().st_size} bytes; "
            f"{AGAIN}"
        )
    return int(shape[3])


def _require_matlab_5(path: Path) -> None:
    """SourceError with the actual format, unless the file starts like a MATLAB 5 file."""
    with path.open("rb") as stream:
        header = stream.read(HEADER_BYTES)
    version = header[124:]  # 0x0100 and "MI", in the byte order of the machine that wrote it
    if version in (b"\x00\x01IM", b"\x01\x00MI"):
        return
    if version in (b"\x00\x02IM", b"\x02\x00MI") or header.startswith(b"\x89HDF"):
        raise SourceError(
            f"{path}: a MATLAB 7.3 (HDF5) file, expected MATLAB 5 as SVHN is published; {AGAIN}, "
            "or save it again by MATLAB's save -v7"
        )
    found = f"starts with {header[:20]!r}" if header else "is empty"
    raise SourceError(f"{path}: {found}, expected a MATLAB 5 file; {AGAIN}")


@contextmanager
def _naming_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # damaged files make SciPy raise nearly anything
        raise SourceError(f"{path}: damaged or cut off ({error}); {AGAIN}") from None


def _variable(path: Path, name: str) -> np.ndarray:
    """X or y, whose header _announced has checked."""
    with _naming_damage(path):
        value = scipy.io.loadmat(str(path), appendmat=False, variable_names=[name])[name]
    expected = "u" if name == "X" else "iuf"
    if not isinstance(value, np.ndarray) or value.dtype.kind not in expected:
        found = getattr(value, "dtype", type(value).__name__)
        raise SourceError(f"{path}: {name} holds {found}, expected whole numbers; {AGAIN}")
    return value


def _digits(stored: np.ndarray, path: Path) -> np.ndarray:
    """Labels (N, 1) as stored -> digits (N,), 0 to 9.

    Class 10 is the digit 0. Some copies of SVHN have 0 instead, which is accepted where no 10
    occurs.
    """
    with np.errstate(invalid="ignore"):  # for a label that is not a number
        labels = stored[:, 0].astype(np.int64)
    whole = np.array_equal(labels, stored[:, 0])
    low, high = (labels.min(), labels.max()) if len(labels) else (1, CLASSES)
    if not whole or not 0 <= low <= high <= CLASSES or high - low == CLASSES:
        raise SourceError(
            f"{path}: labels {stored.min()} to {stored.max()}, expected whole numbers from 1 to 10 "
            f"(10 = digit 0), or from 0 to 9; {AGAIN}"
        )
    return labels % CLASSES
