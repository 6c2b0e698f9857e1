"""Writes a prepared dataset, record by record; repro/store.py reads it and tells what is in it.

Streams: N is unknown until the end (the header of images.npy is written twice), and memory grows
with the labels only, not with the pixels. Used by data_prep/prepare.py inside a temporary folder
(repro.provenance.step_folder); tests use it to make small datasets. It has nothing to run alone.
"""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from repro.decoders import decoder_versions

FORMAT = 1  # of the folder; raised when an older reader would misread it


class StoreError(ValueError):
    """A folder that is no whole prepared dataset, or a record that does not fit into one."""


class StoreWriter:
    """Writes a prepared dataset record by record into an existing, empty folder.

    Used as a context manager: leaving it without an exception closes it. The folder is to be a
    temporary one (repro.provenance.step_folder), so that no half-written dataset is ever seen.
    """

    def __init__(
        self,
        folder: Path,
        *,
        source: str,
        spec: Mapping[str, Any],
        image_size: int,
        channels: int,
        label_fields: Mapping[str, str] | None = None,
        class_names: list[str] | None = None,
    ) -> None:
        self._folder = Path(folder)
        self._about = {"source": source, "spec": dict(spec), "class_names": class_names}
        self._shape = (image_size, image_size, channels)
        self._fields = dict(label_fields or {})
        self._labels = bytearray()
        self._count = 0
        self._skipped: Counter[str] = Counter()
        self._pixels = hashlib.sha256()
        self._images = (self._folder / "images.npy").open("wb")
        self._images.write(_npy_header((0, *self._shape)))
        self._keys = (self._folder / "keys.txt").open("wb")
        self._skips = (self._folder / "skipped.csv").open(
            "w", encoding="utf-8", errors="surrogateescape", newline=""
        )
        self._skips_csv = csv.writer(self._skips, lineterminator="\n")
        self._skips_csv.writerow(("key", "reason"))

    def append(
        self, image: np.ndarray, key: str, labels: Mapping[str, float | int] | None = None
    ) -> None:
        """Add one row: image (H, W, C) uint8, its key, and a value for every label field.

        Raises StoreError for another shape, missing or unknown labels, or values that the
        field's type cannot hold exactly.
        """
        if image.dtype != np.uint8 or image.shape != self._shape:
            raise StoreError(
                f"'{key}': found {image.dtype} {image.shape}, expected uint8 {self._shape}"
            )
        row = _label_row(self._fields, labels or {}, key)
        pixels = image.tobytes()
        self._images.write(pixels)
        self._pixels.update(pixels)
        self._labels += row
        self._keys.write(_escaped(key).encode("utf-8", "surrogateescape") + b"\n")
        self._count += 1

    def skip(self, key: str, reason: str) -> None:
        """Note that a record was left out, and why (a short word, counted in the manifest)."""
        self._skips_csv.writerow((_escaped(key), reason))
        self._skipped[reason] += 1

    def close(self) -> dict[str, Any]:
        """Finish all files and return the manifest. No record may follow."""
        self._images.seek(0)
        self._images.write(_npy_header((self._count, *self._shape)))  # same length: numpy pads it
        for stream in (self._images, self._keys, self._skips):
            stream.close()
        if self._fields:
            labels = np.frombuffer(self._labels, np.dtype(list(self._fields.items())))
            np.save(self._folder / "labels.npy", labels, allow_pickle=False)
        manifest = self._about | {
            "format": FORMAT,
            "count": self._count,
            "skipped": dict(sorted(self._skipped.items())),
            "image_size": self._shape[0],
            "channels": self._shape[2],
            "label_fields": self._fields,
            "decoders": decoder_versions(),
            "images_sha256": self._pixels.hexdigest(),
        }
        # The keys of the manifest are sorted, those of label_fields are not: their order is the
        # order of the fields of labels.npy.
        text = json.dumps({name: manifest[name] for name in sorted(manifest)}, indent=1)
        (self._folder / "manifest.json").write_text(text + "\n")
        return manifest

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
            return
        for stream in (self._images, self._keys, self._skips):
            stream.close()


def _npy_header(shape: tuple[int, ...]) -> bytes:
    """Header of a uint8 .npy file; its length does not depend on the number of rows."""
    stream = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue()


def _label_row(fields: dict[str, str], labels: Mapping[str, float | int], key: str) -> bytes:
    if set(labels) != set(fields):
        raise StoreError(f"'{key}': found labels {sorted(labels)}, expected {sorted(fields)}")
    row = np.zeros(1, np.dtype(list(fields.items())))
    for name, dtype in fields.items():
        try:
            row[name] = labels[name]
            exact = np.dtype(dtype).kind == "f" or row[name][0] == labels[name]
        except (OverflowError, ValueError, TypeError):
            exact = False
        if not exact:
            raise StoreError(f"'{key}': label '{name}' = {labels[name]!r} does not fit {dtype}")
    return row.tobytes()


def _escaped(key: str) -> str:
    return key.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
