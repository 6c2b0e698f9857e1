"""The images a model was trained on: which rows of a dataset they are, checked before use.

Where in the flow: experiments/memorisation looks samples up among them and experiments/latent_walk
sets a walk against one along them. Alone: `training_rows(ModelFolder.open(M), ImageStore.open(D))`.
"""

import numpy as np

from repro.checkpoint import CheckpointError, ModelFolder
from repro.store import ImageStore

FEWEST = 3


def training_rows(model: ModelFolder, store: ImageStore) -> np.ndarray:
    """Rows (N,) int64 the model saw, ascending; N at least 3.

    Raises CheckpointError where the model does not say, or where they cannot be rows of `store`.
    """
    rows = np.sort(model.training_rows())
    if len(rows) < FEWEST:
        raise CheckpointError(
            f"{model.folder}: {len(rows)} training images; at least {FEWEST} are wanted"
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


def mirrors(model: ModelFolder) -> bool:
    """Whether the model saw its training images mirrored, too."""
    return model.spec.training.augmentation.flip > 0
