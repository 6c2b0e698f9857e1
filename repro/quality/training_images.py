"""The images a model was trained on: their rows in a dataset, and the nearest of them to queries.

Where in the flow: experiments/memorisation looks samples up among them, and experiments/latent_walk
compares a walk with one along them. Alone:
`training_rows(ModelFolder.open(M), ImageStore.open(D))`.
"""

from dataclasses import dataclass

import numpy as np

from repro.data.store import ImageStore
from repro.networks.model_folder import CheckpointError, ModelFolder
from repro.progress import tracked
from repro.quality.feature_spaces import Describe
from repro.quality.neighbours import Nearest
from repro.specs.validation import SpecError

FEWEST = 3
BLOCK = 1024  # images read and described at a time


@dataclass(frozen=True)
class NearestImages:
    """The k nearest training images of each query, nearest first: (n, k) each.

    places: among the rows searched. mirrored: whether it is the image's mirrored side.
    """

    distances: np.ndarray
    places: np.ndarray
    mirrored: np.ndarray


def training_rows(model: ModelFolder, store: ImageStore) -> np.ndarray:
    """Rows (N,) int64 that the model saw, ascending; N at least 3.

    Raises CheckpointError where the model does not store them, or where they cannot be rows of
    `store`.
    """
    rows = np.sort(model.training_rows())
    if len(rows) < FEWEST:
        raise CheckpointError(
            f"{model.folder}: {len(rows)} training images; at least {FEWEST} are needed"
        )
    wanted = picture_shape(model)
    if store.images.shape[1:] != wanted or rows[-1] >= len(store):
        raise CheckpointError(
            f"{model.folder} was trained on images {wanted}, the last of row {rows[-1]}; "
            f"{store.folder} holds {store.images.shape}: give the dataset that it was trained on"
        )
    return rows


def picture_shape(model: ModelFolder) -> tuple[int, int, int]:
    """(H, W, C) of the pictures a model draws and was trained on."""
    network = model.spec.network
    return network.image_size, network.image_size, network.channels


def require_size(store: ImageStore, model: ModelFolder) -> None:
    """Raise SpecError unless the dataset's images have the size of the model's pictures."""
    found, wanted = store.images.shape[1:], picture_shape(model)
    if found != wanted:
        raise SpecError(
            f"{store.folder}: images {found}, but {model.folder} was trained on {wanted}; prepare "
            "both datasets at one image_size"
        )


def mirrors(model: ModelFolder) -> bool:
    """Whether the model also saw its training images mirrored."""
    return model.spec.training.augmentation.flip > 0


def nearest_training_images(
    queries: np.ndarray,
    store: ImageStore,
    rows: np.ndarray,
    *,
    describe: Describe,
    mirrored: bool,
    k: int = 1,
    exclude: np.ndarray | None = None,
) -> NearestImages:
    """Find the nearest rows of a store to queries (n, H, W, C) uint8, by their descriptions.

    mirrored: training also saw mirrored images, so each query is looked up mirrored as well; among
    equal distances the unmirrored side comes first. exclude: (n,) the place that each query must
    not find, -1 for none. Images are read once, block by block: memory does not grow with them.
    """
    sides = [queries, queries[:, :, ::-1]] if mirrored else [queries]
    described = np.concatenate([_in_blocks(describe, side) for side in sides])
    own = None if exclude is None else np.tile(exclude, len(sides))
    search = Nearest(described, k, exclude=own)
    for start in tracked(range(0, len(rows), BLOCK), "nearest images", unit="blocks"):
        block = np.asarray(store.images[rows[start : start + BLOCK]])
        search.see(describe(block), start)
    shape = (len(sides), len(queries), k)
    # both sides' neighbours in one row, of which the nearest k are kept
    distances = np.concatenate(search.distances.reshape(shape), axis=1)
    places = np.concatenate(search.indices.reshape(shape), axis=1)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    nearest, found = (np.take_along_axis(x, order, axis=1) for x in (distances, places))
    return NearestImages(nearest, found, order >= k)


def _in_blocks(describe: Describe, images: np.ndarray) -> np.ndarray:
    starts = range(0, len(images), BLOCK)
    return np.concatenate([describe(images[start : start + BLOCK]) for start in starts])
