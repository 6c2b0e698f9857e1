"""The prepared dataset: a folder that every later step reads as one array of pixels.

    images.npy     uint8 (N, H, W, C), memory-mapped; rows in source order
    keys.txt       row -> the source's key, one per line (line breaks in a key are written as \\n)
    labels.npy     structured (N,), one named field per label; absent where the source has none
    skipped.csv    key,reason of every record that could not be read
    manifest.json  source, spec, counts, skipped by reason, decoder versions, sha256 of the pixels;
                   first_of_several: rows whose file held more pictures (an animation, pages)

`StoreWriter` (repro/data/store_writer.py) writes such a folder; `ImageStore.open` reads it and
refuses one that contradicts its manifest.

Alone: `ImageStore.open(FOLDER).verify()` compares the pixels with their sha256.
"""

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from repro.data.store_writer import FORMAT, StoreError, StoreWriter

__all__ = ["ImageStore", "StoreError", "StoreWriter"]

REMAKE = "the folder is damaged: delete it and prepare the dataset again"
MANIFEST_KEYS = {
    "count": int,
    "image_size": int,
    "channels": int,
    "label_fields": dict,
    "images_sha256": str,
}


class ImageStore:
    """A prepared dataset, read-only. Open with `ImageStore.open(folder)`.

    folder: Path; manifest: dict (see the module's docstring); images: np.memmap (N, H, W, C) uint8;
    keys: list of N source keys; labels: structured array (N,) or None.
    """

    def __init__(
        self, *, folder: Path, manifest: dict[str, Any], images: np.ndarray, labels: Any
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.images = images
        self.labels: np.ndarray | None = labels

    @classmethod
    def open(cls, folder: Path) -> "ImageStore":
        """Open a folder written by StoreWriter.

        Raises StoreError naming the file, what was found and what the manifest says. `verify`
        compares the pixels themselves, reading them all.
        """
        folder = Path(folder)
        manifest = _read_manifest(folder)
        size, channels = manifest["image_size"], manifest["channels"]
        images = _mapped(folder / "images.npy")
        expected = (manifest["count"], size, size, channels)
        if images.dtype != np.uint8 or images.shape != expected:
            raise StoreError(
                f"{folder / 'images.npy'}: found {images.dtype} {images.shape}, but manifest.json "
                f"says uint8 {expected}; {REMAKE}"
            )
        labels = None
        if manifest["label_fields"]:
            labels = np.array(_mapped(folder / "labels.npy"))
            dtype = np.dtype(list(manifest["label_fields"].items()))
            if labels.dtype != dtype or labels.shape != expected[:1]:
                raise StoreError(
                    f"{folder / 'labels.npy'}: found {labels.dtype} {labels.shape}, but "
                    f"manifest.json says {dtype} {expected[:1]}; {REMAKE}"
                )
        return cls(folder=folder, manifest=manifest, images=images, labels=labels)

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def keys(self) -> list[str]:
        """Source key of every row. Raises StoreError where their number is not N."""
        path = self.folder / "keys.txt"
        try:
            text = path.read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            raise StoreError(f"{path}: no such file; {REMAKE}") from None
        keys = [_unescaped(line) for line in text.split("\n")[:-1]]
        if len(keys) != len(self):
            raise StoreError(f"{path}: {len(keys)} keys for {len(self)} images; {REMAKE}")
        return keys

    @property
    def class_names(self) -> list[str] | None:
        """Names of the values of the label `class`, where the source has any."""
        return self.manifest["class_names"]

    def label(self, name: str) -> np.ndarray:
        """Values (N,) of one label. Raises StoreError that lists the existing labels."""
        names = list(self.manifest["label_fields"])
        if self.labels is None or name not in names:
            there = f"it has {', '.join(names)}" if names else "it has no labels"
            raise StoreError(f"{self.folder}: no label '{name}'; {there}")
        return self.labels[name]

    def verify(self) -> None:
        """Read all pixels; StoreError if they differ from the manifest's sha256."""
        digest = hashlib.sha256()
        for start in range(0, len(self), 4096):
            digest.update(self.images[start : start + 4096].tobytes())
        if digest.hexdigest() != self.manifest["images_sha256"]:
            raise StoreError(f"{self.folder / 'images.npy'}: pixels have changed; {REMAKE}")


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not folder.is_dir():
        raise StoreError(f"{folder}: no such folder; prepare the dataset first")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(f"{folder}: no manifest.json, so not a prepared dataset") from None
    except ValueError as error:
        raise StoreError(f"{path}: not JSON ({error}); {REMAKE}") from None
    for key, kind in MANIFEST_KEYS.items():
        if not isinstance(manifest, dict) or not isinstance(manifest.get(key), kind):
            raise StoreError(f"{path}: '{key}' is missing or not a {kind.__name__}; {REMAKE}")
    if manifest.get("format") != FORMAT:
        raise StoreError(f"{path}: format {manifest.get('format')}, expected {FORMAT}; {REMAKE}")
    return manifest


def _mapped(path: Path) -> np.ndarray:
    """Array of a .npy file, mapped read-only. StoreError where file and header disagree."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise StoreError(f"{path}: no such file; {REMAKE}") from None
    except (ValueError, EOFError) as error:
        raise StoreError(f"{path}: {error}; {REMAKE}") from None
    surplus = path.stat().st_size - array.offset - array.nbytes
    if surplus:
        raise StoreError(f"{path}: {surplus} bytes more than its header says; {REMAKE}")
    return array


def _unescaped(line: str) -> str:
    if "\\" not in line:
        return line
    parts = line.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\r", "\r") for part in parts)
