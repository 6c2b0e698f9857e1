"""The images to look up among the training images, and their descriptions: pixels or features.

Part of study.py; computes no measurements. The queries are samples, planted copies of training
images, training images (leave-one-out), held-out images, and the latter two blurred to the samples'
sharpness. The lookup itself is in repro.quality.training_images. Alone:
`look_up(pixel_description, queries, store, rows, mirrored=False)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from repro.data.images import halved_to
from repro.data.store import ImageStore
from repro.networks.dcgan import Discriminator
from repro.networks.model_folder import ModelFolder
from repro.quality.feature_spaces import Describe, joined, scaled_features
from repro.quality.kernel_distance import sharpness
from repro.quality.training_images import NearestImages, nearest_training_images
from repro.rng import generator

NEIGHBOURS = 10  # number found; the last gives the scale of the pairs' order
PIXELS_SIDE = 64  # larger pictures are halved to this size before their pixels are compared
LARGEST_SIGMA = 8.0  # pixels


@dataclass(frozen=True)
class Queries:
    """Images (n, H, W, C) uint8 of each kind, and the training image that each must not find.

    Kinds: samples; copies, planted ones, as many as samples (copies.py); real, training images;
    held_out, images not trained on (if the run has them); blurred and held_out_blurred, the same
    blurred (absent at sigma 0). Copies may find the image that they copy.
    """

    images: dict[str, np.ndarray]
    own: dict[str, np.ndarray]  # (n,) places among the training images, -1 for none


def blurred(images: np.ndarray, sigma: float) -> np.ndarray:
    """Images (n, H, W, C) uint8 under a Gaussian blur of standard deviation sigma, pixels."""
    made = gaussian_filter(images.astype(np.float32), (0, sigma, sigma, 0), mode="nearest")
    return np.rint(made).clip(0, 255).astype(np.uint8)


def matching_sigma(images: np.ndarray, *, wanted: float) -> float:
    """Sigma of the blur that lowers the images' median sharpness to `wanted`; 0 if it is lower."""
    low, high = 0.0, LARGEST_SIGMA
    if np.median(sharpness(images)) <= wanted:
        return 0.0
    for _ in range(12):
        middle = (low + high) / 2
        sharper = np.median(sharpness(blurred(images, middle))) > wanted
        low, high = (middle, high) if sharper else (low, middle)
    return (low + high) / 2


def pixel_description(images: np.ndarray) -> np.ndarray:
    """(n, F) uint8; pictures over 64 pixels a side by their 2x2 means."""
    return halved_to(images, PIXELS_SIDE).reshape(len(images), -1)


def feature_description(
    model: ModelFolder,
    training: np.ndarray,
    *,
    widest: int,
    seed: int,
    networks: Sequence[Discriminator] = (),
) -> Describe | None:
    """All convolution layers of the model's D at 4x4, scaled; None for a D without such layers.

    Distances are root mean squares over the features, in their standard deviations on the images
    `training` (n, H, W, C) uint8. More than `widest` features are projected at random to that
    number, which keeps distances on average. networks: other D's in place of the model's, taken
    together: squared distances are the sum of theirs.
    """
    if model.spec.network.kind != "convolutional":
        return None
    used = networks or [model.discriminator()]
    source = generator(seed, "memorisation, projection of features")
    spaces = [scaled_features(D, training, root_mean_square=True) for D in used]
    width = spaces[0](training[:1]).shape[1]
    if width * len(spaces) > widest:
        share = widest // len(spaces)
        spaces = [_projected(space, (width, share), source) for space in spaces]
    return joined(spaces)


def _projected(describe: Describe, shape: tuple[int, int], source: np.random.Generator) -> Describe:
    """Features projected at random, from shape[0] to shape[1]."""
    matrix = source.standard_normal(shape, np.float32)
    matrix /= np.sqrt(shape[1])
    return lambda images: describe(images) @ matrix


def look_up(
    describe: Describe, queries: Queries, store: ImageStore, rows: np.ndarray, *, mirrored: bool
) -> dict[str, NearestImages]:
    """The nearest training images of all queries, by kind.

    All are looked up at once, so that every training image is read and described once. mirrored:
    the model also saw mirrored training images, so each query is also looked up mirrored.
    """
    kinds = list(queries.images)
    nearest = nearest_training_images(
        np.concatenate([queries.images[kind] for kind in kinds]),
        store,
        rows,
        describe=describe,
        mirrored=mirrored,
        k=min(NEIGHBOURS, len(rows) - 1),
        exclude=np.concatenate([queries.own[kind] for kind in kinds]),
    )
    ends = np.cumsum([len(queries.images[kind]) for kind in kinds])[:-1]
    parts = (np.split(x, ends) for x in (nearest.distances, nearest.places, nearest.mirrored))
    return {kind: NearestImages(*part) for kind, *part in zip(kinds, *parts, strict=True)}
