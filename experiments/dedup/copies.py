"""The planted copies, their originals in the dataset, and the codes of both by every method.

Part of measure.py. The copies (data_prep/planted.py) are their own dataset, prepared like the
images; each is compared with the original whose key is part of its own. Nothing is trained on them.
Alone: `read_copies(ImageStore.open(COPIES), ImageStore.open(DATA))`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from repro.data.store import ImageStore
from repro.data.store_writer import StoreError
from repro.dedup.autoencoder import Autoencoder, HashInputs, encode
from repro.dedup.hamming_search import hamming
from repro.dedup.perceptual import METHODS as BASELINES
from repro.dedup.perceptual import perceptual_codes

UNTRAINED = "untrained"  # the same hash with its initial weights (untrained.py)
METHODS = ("autoencoder", *BASELINES, UNTRAINED)
FURTHEST = {"autoencoder": 32, UNTRAINED: 32, "pixels": 0}  # bits up to which we count
FURTHEST |= {name: 10 for name in BASELINES if name != "pixels"}
DISTANCES = max(FURTHEST.values()) + 1
BEYOND = np.iinfo(np.uint16).max  # stands for no distance: pixels differ


@dataclass(frozen=True)
class Copies:
    """M copies whose originals are in the dataset, and the Q perturbations that made them."""

    images: np.ndarray  # (M, H, W, C) uint8
    original: np.ndarray  # (M,) int64, rows of the dataset
    perturbation: np.ndarray  # (M,) int64, 0..Q-1
    kinds: list[str]  # Q
    strengths: list[float]  # Q
    without_original: int  # copies left out because the dataset lacks their key


@dataclass(frozen=True)
class CodesByMethod:
    """Codes per method: of the first n images (n, B), of the originals and of the copies (M, B)."""

    images: dict[str, np.ndarray]
    originals: dict[str, np.ndarray]
    copies: dict[str, np.ndarray]

    def distances(self) -> dict[str, np.ndarray]:
        """Differing bits between each copy and its original, (M,) uint16; BEYOND: not equal."""
        found = {m: hamming(self.copies[m], self.originals[m]) for m in self.copies}
        found["pixels"] = np.where(found["pixels"] == 0, 0, BEYOND).astype(np.uint16)
        return found


def read_copies(copies: ImageStore, dataset: ImageStore) -> Copies:
    """The copies whose originals are in the dataset. Raises StoreError where there are none."""
    if copies.images.shape[1:] != dataset.images.shape[1:]:
        raise StoreError(
            f"{copies.folder}: copies of {copies.images.shape[1:]}, but images of "
            f"{dataset.images.shape[1:]}; give both datasets the same image_size and channels"
        )
    names = [key.rsplit("|", 2)[0] for key in copies.keys]
    wanted = set(names)
    rows = {key: row for row, key in enumerate(dataset.keys) if key in wanted}
    original = np.array([rows.get(name, -1) for name in names], np.int64)
    there = np.flatnonzero(original >= 0)
    if len(there) == 0:
        raise StoreError(
            f"{copies.folder}: none of its {len(names)} copies has its original in "
            f"{dataset.folder}; prepare both from the same raw data, without a limit"
        )
    made = np.stack([copies.label("class").astype(float), copies.label("strength")], axis=1)
    which, perturbation = np.unique(made[there].round(6), axis=0, return_inverse=True)
    kinds = copies.class_names or []
    return Copies(
        images=copies.images[there],
        original=original[there],
        perturbation=perturbation.reshape(-1),
        kinds=[kinds[int(kind)] for kind, _ in which],
        strengths=[float(strength) for _, strength in which],
        without_original=len(names) - len(there),
    )


def codes_of(
    images: np.ndarray,
    copies: Copies,
    *,
    n: int,
    hashes: Mapping[str, tuple[Autoencoder, np.ndarray]],
) -> CodesByMethod:
    """Codes of the first n of images (N, H, W, C), of the copies' originals, and of the copies.

    hashes: the trained and the untrained autoencoder, each with its codes of all images, (N, 16).
    """
    made = HashInputs(copies.images)
    found = CodesByMethod(
        images={method: codes[:n] for method, (_, codes) in hashes.items()},
        originals={method: codes[copies.original] for method, (_, codes) in hashes.items()},
        copies={method: encode(network, made)[0] for method, (network, _) in hashes.items()},
    )
    rows = np.union1d(np.arange(n), copies.original)  # each row is hashed once
    place = np.searchsorted(rows, copies.original)
    pictures = images[rows]
    for method in BASELINES:
        hashed = perceptual_codes(pictures, method)
        found.images[method] = hashed[:n]
        found.originals[method] = hashed[place]
        found.copies[method] = perceptual_codes(copies.images, method)
    return found
