"""Write a prepared dataset, record by record.

Where in the flow: data_prep/prepare.py writes datasets with it; repro/data/store.py reads them and
describes the files. It streams: N is unknown until the end (the headers of the arrays are written
twice), and memory does not grow with N. A writer can resume from an earlier `progress`, and can add
whole datasets, the parts of a larger one.
"""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from repro.artefacts.resumable_file import BLOCK, ResumableFile
from repro.data.cells import write_row
from repro.data.decoders import decoder_versions
from repro.errors import ExpectedError

FORMAT = 1  # version of the folder; raise it when an older reader would misread it


class StoreError(ExpectedError, ValueError):
    """A folder that is not a whole prepared dataset, or a record that does not fit into one."""


class StoreWriter:
    """Writes a prepared dataset record by record into an existing folder.

    It is a context manager: leaving it without an exception closes it. The folder should be a
    temporary one, so that no half-written dataset is ever mistaken for a whole one.
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
        resume: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin a dataset, or continue from what `progress` returned (`resume`).

        Raises DamagedFileError (repro.artefacts.resumable_file) where the files no longer match it.
        """
        self._folder = Path(folder)
        self._about = {"source": source, "spec": dict(spec), "class_names": class_names}
        self._shape = (image_size, image_size, channels)
        self._fields = dict(label_fields or {})
        self._count = int(resume["count"]) if resume else 0
        self._skipped: Counter[str] = Counter(resume["skipped"] if resume else {})
        self._several = int(resume["first_of_several"]) if resume else 0
        headers = {
            "images.npy": self._header("images.npy", rows=0),
            "keys.txt": b"",
            "skipped.csv": b"key,reason\n",
        }
        if self._fields:
            headers["labels.npy"] = self._header("labels.npy", rows=0)
        self._files: dict[str, ResumableFile] = {}
        try:
            for name, header in headers.items():
                recorded = resume["files"][name] if resume else None
                self._files[name] = ResumableFile(
                    self._folder / name, header=header, recorded=recorded
                )
        except BaseException:
            self.abandon()
            raise

    def append(
        self, image: np.ndarray, key: str, labels: Mapping[str, float | int] | None = None
    ) -> None:
        """Add one row: image (H, W, C) uint8, its key, and a value for every label field.

        Raises StoreError like `extend`.
        """
        self.extend(image[None], [key], [labels or {}])

    def extend(
        self,
        images: np.ndarray,
        keys: Sequence[str],
        labels: Sequence[Mapping[str, float | int]],
    ) -> None:
        """Add rows: images (n, H, W, C) uint8, n keys, and n values for every label field.

        Raises StoreError, naming the key, for another shape, missing or unknown labels, or values
        that the field's type cannot hold exactly; then no row is added.
        """
        if not keys:
            return
        if images.dtype != np.uint8 or images.shape[1:] != self._shape:
            raise StoreError(
                f"'{keys[0]}': found {images.dtype} {images.shape[1:]}, expected uint8 "
                f"{self._shape}"
            )
        if not len(images) == len(keys) == len(labels):
            raise StoreError(f"{len(images)} images, {len(keys)} keys, {len(labels)} labels")
        rows = [_label_row(self._fields, row, key) for row, key in zip(labels, keys, strict=True)]
        self._files["images.npy"].append(np.ascontiguousarray(images))
        if self._fields:
            self._files["labels.npy"].append(b"".join(rows))
        lines = "".join(f"{_escaped(key)}\n" for key in keys)
        self._files["keys.txt"].append(lines.encode("utf-8", "surrogateescape"))
        self._count += len(keys)

    def skip(self, key: str, reason: str) -> None:
        """Record that an entry was skipped, and why (a short word, counted in the manifest)."""
        line = io.StringIO()
        write_row(line, (_escaped(key), reason))
        self._files["skipped.csv"].append(line.getvalue().encode("utf-8", "surrogateescape"))
        self._skipped[reason] += 1

    def note_several(self, files: int) -> None:
        """Count files that hold several pictures (an animation, pages), of which one is a row."""
        self._several += files

    def take_in(self, part: Path) -> None:
        """Add all rows and skips of the dataset `part`, byte by byte.

        Raises StoreError where its files contradict its manifest (sha256 of the pixels).
        """
        manifest = json.loads((part / "manifest.json").read_text(encoding="utf-8"))
        pixels = hashlib.sha256()
        for name, file in self._files.items():
            with (part / name).open("rb") as stream:
                stream.seek(len(file.header))
                while block := stream.read(BLOCK):
                    file.append(block)
                    if name == "images.npy":
                        pixels.update(block)
        if pixels.hexdigest() != manifest["images_sha256"]:
            raise StoreError(f"{part / 'images.npy'}: pixels have changed; prepare the part again")
        self._count += manifest["count"]
        self._skipped.update(manifest["skipped"])
        self._several += manifest["first_of_several"]

    def progress(self) -> dict[str, Any]:
        """Progress so far, to be passed as `resume` to a later writer on the same folder (JSON)."""
        return {
            "count": self._count,
            "skipped": dict(self._skipped),
            "first_of_several": self._several,
            "files": {name: file.record() for name, file in self._files.items()},
        }

    def close(self) -> dict[str, Any]:
        """Finish all files and return the manifest. No record may follow."""
        for name, file in self._files.items():
            array = name.endswith(".npy")
            file.finish(self._header(name, rows=self._count) if array else None)
        manifest = self._about | {
            "format": FORMAT,
            "count": self._count,
            "skipped": dict(sorted(self._skipped.items())),
            "first_of_several": self._several,
            "image_size": self._shape[0],
            "channels": self._shape[2],
            "label_fields": self._fields,
            "decoders": decoder_versions(),
            "images_sha256": self._files["images.npy"].sha256,
        }
        # The keys of the manifest are sorted, those of label_fields are not: their order is the
        # order of the fields of labels.npy.
        text = json.dumps({name: manifest[name] for name in sorted(manifest)}, indent=1)
        (self._folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
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
        else:
            self.abandon()

    def abandon(self) -> None:
        """Close the files as they are."""
        for file in self._files.values():
            file.close()

    def _header(self, name: str, *, rows: int) -> bytes:
        if name == "images.npy":
            return _npy_header(np.dtype("u1"), (rows, *self._shape))
        return _npy_header(np.dtype(list(self._fields.items())), (rows,))


def _npy_header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    """Header of a .npy file; its length does not depend on the number of rows (numpy pads it)."""
    stream = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(dtype)
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    try:
        np.lib.format.write_array_header_1_0(stream, header)
    except ValueError:  # thousands of labels: longer than version 1.0 allows
        np.lib.format.write_array_header_2_0(stream, header)
    return stream.getvalue()


def _label_row(fields: dict[str, str], labels: Mapping[str, float | int], key: str) -> bytes:
    if not fields and not labels:
        return b""
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
