"""MNIST: the four official idx files, gzipped or not (paper, supplementary material: digits).

Kaggle's names for them serve as well.

Labels: `class`, 0 to 9. Pixels are passed on unchanged; a picture of another size than the
dataset's `image_size` (MNIST: 28) is scaled like any other. With `shuffle: 42`, the first 50,000
training digits (`stop: 50000`) are those on which the authors trained, the last 10,000 (`start:
50000`) those on which they validated (their mnist/load.py and lib/rng.py).

Alone: `count(RAW, Options())` is the number of training digits.
"""

import gzip
import math
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, cast

import numpy as np
from pydantic import Field

from data_prep.source import Record, Requirement
from data_prep.stretch import Stretch
from repro.data.raw_images import SourceError

# idx: two zero bytes, the type (8 = unsigned byte), the number of axes; then their lengths
IMAGES_MAGIC, LABELS_MAGIC = b"\x00\x00\x08\x03", b"\x00\x00\x08\x01"
MOST_BYTES = 2**30  # pixels of one file; MNIST has 47 million
AGAIN = "download the file again"
PICTURE = None  # pixels, nothing to decode
PUBLISHED = {"train": 60_000, "test": 10_000}
PAPER_IMAGES = {"data": 50_000, "test": 10_000}  # without the 10,000 for validation, section 8.1


class Options(Stretch):
    """In the order of shuffle 42, the digits before 50000 are the paper's training digits."""

    split: Literal["train", "test"] = Field("train", description="60,000 or 10,000 digits")
    shuffle: int | None = Field(
        None,
        ge=0,
        lt=2**32,
        description="null = the files' order; a number = the random order that scikit-learn's "
        "shuffle makes with NumPy's RandomState of this seed. The authors shuffle train by 42 and "
        "set its last 10,000 digits aside for validation",
    )


def requirements(raw: Path, options: Options) -> list[Requirement]:
    return [
        Requirement(
            path=path,
            what=f"MNIST {options.split} {kind}",
            kind="file",
            how_to_get=f"python -m data_prep.download mnist --raw RAW, or put {path.name} into the "
            "raw folder; unpacked files serve as well",
        )
        for kind, path in zip(("images", "labels"), _files(raw, options), strict=True)
    ]


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    return {"class": "i4"}


def class_names(raw: Path, options: Options) -> list[str] | None:
    return [str(digit) for digit in range(10)]


def published(options: Options) -> int | None:
    return PUBLISHED[options.split]


def count(raw: Path, options: Options) -> int:
    path = _files(raw, options)[0]
    with _stream(path) as stream:
        found = _lengths(stream, path, IMAGES_MAGIC)[0]
    return len(options.chosen(found, path, what="digits"))


def records(raw: Path, options: Options) -> Iterator[Record]:
    """Digits in the order of `shuffle`, (H, W) uint8, key "train:00000": number in the file.

    Raises SourceError for a wrong magic number, a file that is cut off or too long, different
    numbers of images and labels, a label above 9, or fewer digits than `stop` requires.
    """
    images_path, labels_path = _files(raw, options)
    images = _array(images_path, IMAGES_MAGIC)  # (N, H, W)
    labels = _array(labels_path, LABELS_MAGIC)  # (N,)
    if len(images) != len(labels):
        raise SourceError(
            f"{images_path} has {len(images)} images, {labels_path} {len(labels)} labels: they do "
            "not belong together; download both again"
        )
    if labels.max(initial=0) > 9:
        raise SourceError(f"{labels_path}: label {labels.max()}, expected 0 to 9; {AGAIN}")
    for number in _chosen(len(images), images_path, options):
        yield Record(
            key=f"{options.split}:{number:05d}",
            payload=images[number],
            labels={"class": int(labels[number])},
        )


def _files(raw: Path, options: Options) -> tuple[Path, Path]:
    """Image and label file of the split; without one, the name of the gzipped download.

    The names: plain, gzipped, with a dot, in a folder of the same name (both Kaggle's).
    """
    prefix = "train" if options.split == "train" else "t10k"
    names = (f"{prefix}-images-idx3-ubyte", f"{prefix}-labels-idx1-ubyte")
    images, labels = (
        next((path for path in _ways(raw, name) if path.is_file()), raw / f"{name}.gz")
        for name in names
    )
    return images, labels


def _ways(raw: Path, name: str) -> list[Path]:
    dotted = name.replace("-idx", ".idx")
    return [raw / name, raw / f"{name}.gz", raw / dotted, raw / f"{dotted}.gz", raw / name / name]


def _chosen(found: int, path: Path, options: Options) -> Sequence[int]:
    """Numbers in the file of the selected digits, of the `found` in it."""
    order = None
    if options.shuffle is not None:
        # the authors' generator instead of repro.rng, so that the held-out digits are theirs
        order = np.random.RandomState(options.shuffle).permutation(found)
    return options.chosen(found, path, what="digits", order=order)


def _stream(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _lengths(stream: BinaryIO, path: Path, magic: bytes) -> tuple[int, ...]:
    """Read the header: lengths of the axes."""
    size = 4 + 4 * magic[3]
    try:
        header = stream.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: damaged ({error}); {AGAIN}") from None
    if header[:4] != magic:
        raise SourceError(
            f"{path}: starts with {header[:4].hex()}, expected {magic.hex()} (idx); {AGAIN}"
        )
    if len(header) != size:
        raise SourceError(f"{path}: cut off within its header; {AGAIN}")
    lengths = tuple(int(n) for n in np.frombuffer(header, ">u4", offset=4))
    if 0 in lengths[1:]:
        raise SourceError(f"{path}: announces {lengths}: pictures without a pixel; {AGAIN}")
    return lengths


def _array(path: Path, magic: bytes) -> np.ndarray:
    with _stream(path) as stream:
        shape = _lengths(stream, path, magic)
        announced = math.prod(shape)
        if announced > MOST_BYTES:
            raise SourceError(f"{path}: announces {shape}, expected at most {MOST_BYTES} bytes")
        try:
            data = stream.read(announced + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(f"{path}: damaged or cut off ({error}); {AGAIN}") from None
    if len(data) != announced:
        found = f"{len(data)}" if len(data) < announced else f"more than {announced}"
        raise SourceError(
            f"{path}: {found} bytes after the header, which announces {shape}; {AGAIN}"
        )
    return np.frombuffer(data, np.uint8).reshape(shape)
