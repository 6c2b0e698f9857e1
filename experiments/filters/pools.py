"""The pools of real images: bedrooms without near-duplicates, labelled objects.

Part of measure.py.
"""

from dataclasses import dataclass

import numpy as np

from experiments.contract import Inputs
from repro.data.store import ImageStore
from repro.quality.training_images import require_size
from repro.rng import shuffled
from repro.specs.validation import SpecError


@dataclass(frozen=True)
class ImagePool:
    """Images (N, H, W, C) uint8, their description, and the class of each, if any (N,)."""

    images: np.ndarray
    words: str
    labels: np.ndarray


def bedroom_pool(inputs: Inputs, *, most: int, seed: int) -> ImagePool:
    """`most` random bedrooms among those that de-duplication keeps, where the run has it.

    Near-duplicates would fill a channel's strongest images with one scene. Raises SpecError where
    the de-duplication belongs to another dataset.
    """
    store = inputs.dataset("bedrooms.data")
    kept = np.ones(len(store), bool)
    if inputs.has("bedrooms.dedup"):
        file = inputs.folder("bedrooms.dedup") / "keep.npy"
        kept = np.load(file)
        if kept.shape != (len(store),) or kept.dtype != bool:
            raise SpecError(
                f"{file}: found {kept.dtype} {kept.shape}, expected bool ({len(store)},), one for "
                f"each image of {store.folder}: give the de-duplication of that dataset"
            )
    rows = np.flatnonzero(kept)
    chosen = shuffled(len(rows), seed=seed, purpose="filters, pool of images")[:most]
    images = np.asarray(store.images[rows[np.sort(chosen)]])
    kind = "real images without near-duplicates" if len(rows) < len(store) else "real images"
    words = f"{len(images):,} {kind}, one response an image at most"
    return ImagePool(images, words, np.zeros(0, np.int64))


def labelled_pool(inputs: Inputs, *, most: int, seed: int) -> ImagePool:
    """`most` random labelled images, of the size of the model of objects.

    Raises SpecError where they have another size or a single class.
    """
    store, model = inputs.dataset("cifar10.data"), inputs.model("objects.model")
    require_size(store, model)
    rows = _chosen(store, most=most, seed=seed)
    labels = store.label("class")[rows].astype(np.int64)
    classes = len(np.unique(labels))
    if classes < 2:
        raise SpecError(
            f"{store.folder}: {classes} class among the {len(rows)} labels drawn; at least 2 are "
            "wanted to ask how class-specific responses are"
        )
    words = f"{len(rows):,} images of {classes} classes"
    return ImagePool(np.asarray(store.images[rows]), words, labels)


def _chosen(store: ImageStore, *, most: int, seed: int) -> np.ndarray:
    order = shuffled(len(store), seed=seed, purpose="filters, labelled images")
    return np.sort(order[:most])
