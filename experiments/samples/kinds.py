"""The kinds of pictures that are compared: samples, real images, and two controls.

Part of measure.py. Besides an untrained generator's pictures, the control of every claim, there are
pictures put together from patches of different real images: at every place they differ from each
other as real images do, and none of them is a picture of anything. Alone:
`patched(images, patches=4, seed=1, purpose="test")`.
"""

import numpy as np

from repro.data.store import ImageStore
from repro.networks.model_folder import ModelFolder, draw
from repro.quality.training_images import training_rows
from repro.rng import generator, shuffled, weights_seed

KINDS = {  # kind -> its name in a protocol
    "samples": "samples",
    "real": "other training images",
    "untrained": "pictures of an untrained generator",
    "patched": "pictures put together from patches of real images",
}


def pictures(
    model: ModelFolder,
    store: ImageStore,
    *,
    role: str,
    count: int,
    patches: int,
    seed: int,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Reference images, and the pictures of each kind of KINDS, (n, H, W, C) uint8 each.

    The reference and "real" are disjoint halves, at most `count` each, of the images that the model
    was trained on; there are as many of every kind. Samples and untrained pictures share z.
    """
    rows = training_rows(model, store)
    count = min(count, len(rows) // 2)
    order = rows[shuffled(len(rows), seed=seed, purpose=f"samples, {role}, real images")]
    reference, real = (
        np.asarray(store.images[part])  # in random order: datasets may be sorted by class
        for part in (order[:count], order[count : 2 * count])
    )
    z = model.latents(count, seed=seed, purpose=f"samples, {role}, compared")
    untrained = model.untrained_generator(weights_seed(seed, f"samples, {role}, untrained network"))
    return reference, {
        "samples": draw(model.generator(), z),
        "real": real,
        "untrained": draw(untrained, z),
        "patched": patched(real, patches=patches, seed=seed, purpose=f"samples, {role}, patches"),
    }


def patched(images: np.ndarray, *, patches: int, seed: int, purpose: str) -> np.ndarray:
    """Pictures like images (N, H, W, C) whose patches come from N random images, place by place.

    patches: a side; each patch of the result is the same patch of some image. Every image gives
    each of its patches once.
    """
    source = generator(seed, purpose)
    made = np.empty_like(images)
    edges = [np.linspace(0, side, patches + 1).astype(int) for side in images.shape[1:3]]
    for top, bottom in zip(edges[0], edges[0][1:], strict=False):
        for left, right in zip(edges[1], edges[1][1:], strict=False):
            chosen = source.permutation(len(images))
            made[:, top:bottom, left:right] = images[chosen, top:bottom, left:right]
    return made
