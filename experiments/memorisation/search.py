"""What is looked up among the training images, described by its pixels and by features.

Part of study.py; it states no numbers. The queries are samples, training images (leave-one-out),
held-out images, and the latter two blurred to the samples' sharpness. The lookup itself is that of
repro.quality.training_images.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from repro.data.images import halve
from repro.data.store import ImageStore
from repro.devices import chosen_device
from repro.networks.model_folder import ModelFolder
from repro.quality.kernel_distance import convolution_features, sharpness
from repro.quality.training_images import Describe, nearest_training_images
from repro.rng import generator

NEIGHBOURS = 10  # how many are found; the last gives the scale of the pairs' order
PIXELS_SIDE = 64  # larger pictures are halved down to it before their pixels are compared
LARGEST_SIGMA = 8.0  # pixels


@dataclass(frozen=True)
class Queries:
    """Images (n, H, W, C) uint8 of each kind, and which training image each must not find.

    Kinds: samples; real, training images; held_out, images not trained on (where the run has them);
    blurred and held_out_blurred, the same blurred (absent at sigma 0).
    """

    images: dict[str, np.ndarray]
    own: dict[str, np.ndarray]  # (n,) places among the training images, -1 for none


@dataclass(frozen=True)
class NearestTrainingImages:
    """For each kind, distances and places (n, k) of the nearest training images in one space."""

    distances: dict[str, np.ndarray]
    places: dict[str, np.ndarray]


def blurred(images: np.ndarray, sigma: float) -> np.ndarray:
    """Images (n, H, W, C) uint8 under a Gaussian blur of standard deviation sigma, pixels."""
    made = gaussian_filter(images.astype(np.float32), (0, sigma, sigma, 0), mode="nearest")
    return np.rint(made).clip(0, 255).astype(np.uint8)


def matching_sigma(images: np.ndarray, *, wanted: float) -> float:
    """The blur that brings the images' median sharpness down to `wanted`; 0 if it is below it."""
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
    while images.shape[1] > PIXELS_SIDE:
        images = halve(images)
    return images.reshape(len(images), -1)


def feature_description(
    model: ModelFolder, training: np.ndarray, *, widest: int, seed: int
) -> Describe | None:
    """All convolution layers of D at 4x4, standardised; None for a D without such layers.

    Each feature has mean 0 and variance 1/F on the images `training` (n, H, W, C) uint8, so a
    distance is the root mean square over the features, in their standard deviations. More than
    `widest` features are projected at random to so many, which keeps distances on average.
    """
    if model.spec.network.kind != "convolutional":
        return None
    D = model.discriminator().to(chosen_device("auto"))
    real = convolution_features(D, training)
    mean, deviation = real.mean(axis=0), real.std(axis=0)
    scale = 1 / np.where(deviation > 1e-8, deviation, np.inf) / np.sqrt(len(mean))
    matrix = None
    if len(mean) > widest:
        source = generator(seed, "memorisation, projection of features")
        matrix = source.standard_normal((len(mean), widest), np.float32)
        matrix /= np.sqrt(widest)

    def describe(images: np.ndarray) -> np.ndarray:
        values = ((convolution_features(D, images) - mean) * scale).astype(np.float32)
        return values if matrix is None else values @ matrix

    return describe


def look_up(
    describe: Describe, queries: Queries, store: ImageStore, rows: np.ndarray, *, mirrored: bool
) -> NearestTrainingImages:
    """Look all queries up at once, so that every training image is read and described once.

    mirrored: the model saw mirrored training images too, so each query is also looked up mirrored.
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
    split = [np.split(x, ends) for x in (nearest.distances, nearest.places)]
    return NearestTrainingImages(*(dict(zip(kinds, parts, strict=True)) for parts in split))
