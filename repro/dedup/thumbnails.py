"""A folder of images or an LMDB -> all its pictures at 32x32 on disk, and some of them larger.

Where in the flow: the first step of `repro.dedup.folder`. Files are decoded by a pool of threads
and written as a prepared dataset (repro.data.store), 3 KB each, so that memory does not grow with
the pixels. The picture is the halved 64x64 centre crop, as in the pipeline: equal images have equal
codes here and there. What cannot be read is counted, with the reason in skipped.csv. The labels say
how large each image is as stored and when its file was changed (repro/dedup/stored_images.py); for
equality of pixels every image is decoded whole as well, and its checksum and shape stand there too.

Alone: read_thumbnails(photos, Path("empty_folder"), names=file_names(photos), workers=2)
"""

import os
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from repro.data.decode_pool import chunks_in_order
from repro.data.formats import UnreadableImage
from repro.data.images import decode, halve, square_and_shape
from repro.data.raw_images import SourceError, file_bytes, lmdb_count, lmdb_entries, lmdb_file
from repro.data.several_pictures import holds_several
from repro.data.store import ImageStore
from repro.data.store_writer import StoreWriter
from repro.dedup.files_once import FileNames
from repro.dedup.perceptual import perceptual_code
from repro.dedup.stored_images import LABELS, sharpness_of
from repro.progress import Progress

SIDE = 32  # pixels
EQUALITY = {
    "checksum_low": "u8",
    "checksum_high": "u8",
    "whole_height": "u4",
    "whole_width": "u4",
}

Record = tuple[str, bytes | Path | str]  # key, and bytes, file, or why neither is read
Labels = dict[str, int | float]
Thumbnail = tuple[np.ndarray, Labels]


def read_thumbnails(
    path: Path,
    folder: Path,
    *,
    names: FileNames | None,
    workers: int,
    checksums: bool = False,
    sharpness: bool = False,
) -> ImageStore:
    """Write the pictures (N, 32, 32, 3) of all images of `path` into the empty `folder`.

    names: of a folder's files (repro.dedup.files_once), None for an LMDB. checksums: add labels
    that identify images of equal pixels. sharpness: measure it, which decodes every image at up to
    its full size. Raises SourceError where nothing can be read at all.
    """
    total, records = _records(path, names)
    thumbnail = partial(_thumbnail, checksums=checksums, sharpness=sharpness)
    with (
        StoreWriter(
            folder,
            source=path.name,
            spec={},
            image_size=SIDE,
            channels=3,
            label_fields=LABELS | (EQUALITY if checksums else {}),
        ) as writer,
        Progress("reading", unit="images", total=total) as progress,
    ):

        def look(chunk: list[Record]) -> list[tuple[str, Thumbnail | str]]:
            return [(key, thumbnail(key, data)) for key, data in chunk]

        for chunk in chunks_in_order(records, look, workers=workers, weight=_weight):
            for key, found in chunk:
                if isinstance(found, str):
                    writer.skip(key, found)
                else:
                    writer.append(found[0], key, found[1])
            progress.update(len(chunk))
    return ImageStore.open(folder)


def larger_pictures(path: Path, keys: Collection[str], *, side: int) -> dict[str, np.ndarray]:
    """Whole pictures (h, w, 3) uint8 of some images, read again, at most `side` pixels long.

    Smaller images keep their size. Images that cannot be read any more are left out.
    """
    wanted = set(keys)
    in_files = ((key, partial(file_bytes, path / key)) for key in keys)
    database = lmdb_file(path)
    pictures = {}
    for key, read in in_files if database is None else lmdb_entries(database):
        if key in wanted:
            try:
                pictures[key] = _fitted(decode(read(), at_least=side), side)
            except (UnreadableImage, OSError):
                continue
    return pictures


def _fitted(image: np.ndarray, side: int) -> np.ndarray:
    factor = side / max(image.shape[:2])
    if factor >= 1:
        return image
    size = [max(1, round(length * factor)) for length in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _records(path: Path, names: FileNames | None) -> tuple[int, Iterator[Record]]:
    if names is not None:
        return len(names.keys), ((k, names.aside.get(k) or path / k) for k in names.keys)
    database = lmdb_file(path)
    if database is None:
        raise SourceError(f"{path}: expected a folder of images or an LMDB (data.mdb), found none")
    return lmdb_count(database), ((key, read()) for key, read in lmdb_entries(database))


def _weight(record: Record) -> int:
    """Bytes held in memory by a waiting record; a file is read only when it is decoded."""
    return len(record[1]) if isinstance(record[1], bytes) else 0


def _thumbnail(
    key: str, payload: bytes | Path | str, *, checksums: bool, sharpness: bool
) -> Thumbnail | str:
    """Picture (32, 32, 3) with its labels, or the reason why there is none."""
    if isinstance(payload, str):
        return payload
    try:
        data = file_bytes(payload) if isinstance(payload, Path) else payload
        square, (height, width) = square_and_shape(data, 2 * SIDE)
        labels: Labels = {"width": width, "height": height, "bytes": len(data)}
        modified = os.stat(payload).st_mtime_ns if isinstance(payload, Path) else 0
        labels["modified"] = max(0, modified)
        labels["sharpness"] = sharpness_of(data) if sharpness else 0.0
        labels["several"] = int(holds_several(data))
        return halve(square[None])[0], labels | (_equality(data) if checksums else {})
    except UnreadableImage as error:
        return error.reason
    except OSError:
        return "cannot_open"
    except Exception as error:
        error.add_note(f"while decoding '{key}'")
        raise


def _equality(data: bytes) -> Labels:
    whole = decode(data)
    low, high = perceptual_code(whole, "pixels").view(np.uint64).tolist()
    return dict(zip(EQUALITY, (low, high, *whole.shape[:2]), strict=True))
