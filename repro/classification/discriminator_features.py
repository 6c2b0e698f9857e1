"""Image features of a discriminator: all its convolution layers, pooled to 4x4 (paper §5.1).

Where in the flow: between a trained D (repro.networks.dcgan) and a linear classifier
(repro.classification.svm). For the network of the paper's Table 1 (config/presets/imagenet32.yaml)
the pooling windows are 8, 4, 4, 2, 2, 1 and there are 16 * (128 + 128 + 256 + 256 + 512 + 512) =
28,672 features, as in the paper.

    freeze_on(D, unlabelled_images)                 # repro.networks.discriminator_inputs
    X = discriminator_features(D, images)           # (N, 28672) float32

It uses no labels and no paths; experiments/cifar10_svm, svhn_svm and verify_authors measure with
it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.lib.format import open_memmap
from torch import Tensor

from repro.artefacts.disk_full import reserve
from repro.errors import UnusableError
from repro.networks.dcgan import ConvolutionBlock, Discriminator
from repro.networks.discriminator_inputs import check_size, freeze_on, inputs_of

ROWS = 1024  # of features, in memory at a time
POOLED = 4  # side of every layer's map after max-pooling (paper §5.1)
# Features (N, F) of images (N, H, W, C) uint8; the path: where they may be stored, as a new file.
Extract = Callable[[np.ndarray, Path], np.ndarray]


@torch.no_grad()
def discriminator_features(
    D: Discriminator,
    images: np.ndarray,
    *,
    batch: int = 128,
    out: Path | None = None,
) -> np.ndarray:
    """Maps of all layers of D after their activation, max-pooled to 4x4, flattened, concatenated.

    images: (N, H, W, C) uint8, at D's size. Returns (N, F) float32, layer by layer, within one by
    (channel, row, column); in memory, or a memory map of the new file `out` (.npy), which appears
    whole or not at all. D must have frozen statistics (`freeze_on`): then a row depends only on its
    own image, for any `batch`. Features are post-activation and unstandardised, as in the authors'
    SVHN script (paper silent).

    Raises ValueError when D is in training mode, when the images are not of its size, or when a
    map's side is not a multiple of 4.
    """
    check_size(D, images)
    if D.training:
        raise ValueError("D is in training mode: freeze its batch statistics first (freeze_on)")
    if not len(images):
        raise ValueError("discriminator_features: found no images, expected at least one")
    with new_features((len(images), feature_count(D)), out) as features:
        row = 0
        parts = [slice(start, start + batch) for start in range(0, len(images), batch)]
        for x in inputs_of(D, images, parts, "features of D"):
            pooled = torch.cat([_pooled(maps) for maps in D.features(x)], dim=1)
            features[row : row + len(x)] = pooled.cpu().numpy()
            row += len(x)
    return features


def frozen_features(D: Discriminator, images: np.ndarray | None, device: torch.device) -> Extract:
    """`discriminator_features` of D on `device`, with its statistics frozen on unlabelled `images`.

    images: (N, H, W, C) uint8; None where D keeps the statistics that it has. D is moved and frozen
    (`freeze_on`) when features are first extracted.
    """

    @cache
    def frozen() -> Discriminator:
        D.to(device)
        return D if images is None else freeze_on(D, images)

    return lambda of_images, path: discriminator_features(frozen(), of_images, out=path)


def feature_count(D: Discriminator, layers: int | None = None) -> int:
    """Number of features per image: 16 for every map of (the first `layers`) convolution layers."""
    blocks = (block for block in D.layers[:layers] if isinstance(block, ConvolutionBlock))
    return POOLED**2 * sum(block.conv.out_channels for block in blocks)


@contextmanager
def new_features(shape: tuple[int, int], out: Path | None) -> Iterator[np.ndarray]:
    """A float32 array to fill, in memory or as the memory map of the new file `out` (.npy).

    The file gets its name only when the block has ended without an error: whole or not at all.
    """
    if out is None:
        yield np.empty(shape, np.float32)
        return
    partial = out.with_name(f".{out.name}.partial")
    features = open_memmap(partial, mode="w+", dtype=np.float32, shape=shape)
    reserve(partial)
    yield features
    features.flush()
    partial.replace(out)  # the map remains valid: it belongs to the file, not to its name


def pixel_features(images: np.ndarray) -> np.ndarray:
    """Raw pixels (N, H, W, C) uint8 -> (N, H*W*C) float32 in [-1, 1], D's own input scale."""
    return images.reshape(len(images), -1).astype(np.float32) / 127.5 - 1


def feature_scale(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (F,) float64 of features (N, F), in two passes over the rows.

    The deviation of a constant feature is returned as 1.
    """
    mean = sum(block.sum(0, dtype=np.float64) for block in _row_blocks(features)) / len(features)
    squares = sum(np.square(block - mean).sum(0) for block in _row_blocks(features))
    deviation = np.sqrt(squares / len(features))
    return mean, np.where(deviation > 0, deviation, 1.0)


def standardise(features: np.ndarray, scale: tuple[np.ndarray, np.ndarray]) -> None:
    """Subtract the mean and divide by the deviation, in place; `scale` is from training data."""
    mean, deviation = scale
    for block in _row_blocks(features):
        block[:] = (block - mean) / deviation


def _row_blocks(features: np.ndarray) -> Iterator[np.ndarray]:
    return (features[start : start + ROWS] for start in range(0, len(features), ROWS))


def _pooled(maps: Tensor) -> Tensor:
    """(N, C, S, S) -> (N, C * 16): max over windows of S / 4, in (channel, row, column) order."""
    side = maps.shape[-1]
    if side % POOLED or maps.shape[-2] != side:
        raise UnusableError(
            f"a layer's map is {maps.shape[-2]}x{side}: its side must be a multiple of {POOLED} to "
            "be pooled to 4x4; use a network whose last map is 4x4 or 8x8"
        )
    return F.max_pool2d(maps, side // POOLED).flatten(1)
