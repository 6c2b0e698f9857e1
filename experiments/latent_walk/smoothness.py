"""How even the steps of a walk are in a feature space, compared with two other ways to its ends.

Part of measure.py. One of the others is a blend of the pixels, which is as even as a path can be.
The other leads along training images: every frame is replaced by the training image nearest to it,
as a generator that knows its training images by heart would draw it. Alone:
`walk_study(frames, model, store, seed=42)`.
"""

from dataclasses import dataclass

import numpy as np

from repro.data.images import halved_to
from repro.data.store import ImageStore
from repro.internals.latent import largest_step_share
from repro.networks.model_folder import ModelFolder
from repro.quality.feature_spaces import UNTRAINED, Describe, joined, untrained_spaces
from repro.quality.training_images import mirrors, nearest_training_images, training_rows
from repro.rng import shuffled

LOOKUP_SIDE = 32  # pixels; larger pictures are halved to this size before the lookup
SCALED_BY = 512  # training images, at most, that fix the features' batch statistics and scales
SEGMENTS = 16  # segments whose features are held at a time


@dataclass(frozen=True)
class FeatureSpace:
    """The space of distances, in words, and its description of images, float32 (n, F)."""

    words: str
    describe: Describe


@dataclass(frozen=True)
class WalkStudy:
    """Largest step as a share of its path, (segments,) for each kind; NaN where nothing moves."""

    shares: dict[str, np.ndarray]
    steps: int
    space: str

    @property
    def ratios(self) -> dict[str, np.ndarray]:
        """Largest step over the mean step: 1 for even steps, `steps` for a single jump."""
        return {kind: self.steps * values for kind, values in self.shares.items()}


def walk_study(
    frames: np.ndarray, model: ModelFolder, store: ImageStore, *, seed: int
) -> WalkStudy:
    """Compare the frames (K, T, H, W, C) uint8 of a latent walk with the two other walks.

    Raises CheckpointError where `store` is not the dataset on which the model was trained.
    """
    rows = training_rows(model, store)
    space = feature_space(model, store, rows, seed=seed)
    kinds = {
        "latent": frames,
        "pixels": blended(frames),
        "training": nearest_training(frames, store, rows, mirrored=mirrors(model)),
    }
    shares = {
        kind: largest_step_share(feature_steps(made, space.describe))
        for kind, made in kinds.items()
    }
    return WalkStudy(shares, frames.shape[1] - 1, space.words)


def blended(frames: np.ndarray) -> np.ndarray:
    """Pixel interpolation between the first and last frame of each segment, shape of `frames`."""
    made = np.empty_like(frames)
    first, last = frames[:, 0].astype(np.float32), frames[:, -1].astype(np.float32)
    for place, t in enumerate(np.linspace(0, 1, frames.shape[1])):
        made[:, place] = np.rint(first + np.float32(t) * (last - first))
    return made


def nearest_training(
    frames: np.ndarray, store: ImageStore, rows: np.ndarray, *, mirrored: bool
) -> np.ndarray:
    """Every frame (K, T, H, W, C) replaced by the training image nearest to it in pixels.

    mirrored: training also saw the images mirrored, so the mirrored ones count too.
    """
    flat = frames.reshape(-1, *frames.shape[2:])
    nearest = nearest_training_images(flat, store, rows, describe=_small, mirrored=mirrored)
    found, place = np.unique(nearest.places[:, 0], return_inverse=True)
    images = np.stack([store.images[row] for row in rows[found]])[place]
    turned = nearest.mirrored[:, 0]
    images[turned] = images[turned][:, :, ::-1]
    return images.reshape(frames.shape)


def _small(images: np.ndarray) -> np.ndarray:
    return halved_to(images, LOOKUP_SIDE).reshape(len(images), -1)


def feature_space(
    model: ModelFolder, store: ImageStore, rows: np.ndarray, *, seed: int
) -> FeatureSpace:
    """All layers, at 4x4, of several D's of the model's architecture with initial weights.

    The weights are initial ones and not the model's own, since they do not depend on the training
    in question and, in one run, are the same for all models of one architecture. Batch statistics
    and the scales of the features come from training images. A model whose D has no convolutions
    gets pixels.
    """
    if model.spec.network.kind != "convolutional":
        return FeatureSpace("pixels", _pixels)
    chosen = shuffled(len(rows), seed=seed, purpose="latent walk, images of the features")
    images = np.asarray(store.images[rows[np.sort(chosen[:SCALED_BY])]])
    spaces = untrained_spaces(model, images, seed=seed, purpose="latent walk, features")
    return FeatureSpace(UNTRAINED, joined(spaces))


def _pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32)


def feature_steps(frames: np.ndarray, describe: Describe) -> np.ndarray:
    """Euclidean length of every step in a feature space: (K, T, H, W, C) -> (K, T-1) float64."""
    lengths = []
    for start in range(0, len(frames), SEGMENTS):
        part = frames[start : start + SEGMENTS]
        values = describe(part.reshape(-1, *part.shape[2:])).reshape(*part.shape[:2], -1)
        lengths.append(np.linalg.norm(np.diff(values, axis=1), axis=2).astype(np.float64))
    return np.concatenate(lengths)
