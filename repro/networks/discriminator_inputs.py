"""Images as inputs of a discriminator, and its batch statistics frozen on them.

Where in the flow: before features of a D are taken (repro.classification.discriminator_features,
repro.quality.feature_spaces). A D that has seen no images, one with initial weights or of other
images, first gets its statistics from those at hand.

Alone: `freeze_on(ModelFolder.open(folder).random_discriminator(0), images)`.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from repro.data.images import spread, to_tensor
from repro.errors import UnusableError
from repro.networks.dcgan import Discriminator, freeze_statistics
from repro.progress import tracked
from repro.specs.network import NetworkSpec


def freeze_on(D: Discriminator, images: np.ndarray, *, batch: int = 128) -> Discriminator:
    """Freeze D's batch statistics on images (N, H, W, C) uint8; returns the same D, in eval mode.

    This is the authors' SVHN recipe: means and variances of batches of 128, averaged over the
    batches. Ours are spread over the whole array (repro.data.images.spread): of images sorted by
    class, the variances within batches would be far too small. The paper does not state its method
    for CIFAR-10; batch statistics of the test images would make a feature depend on its neighbours.
    Raises UnusableError for images that are not of D's size.
    """
    check_size(D, images)
    parts = spread(len(images), batch)
    freeze_statistics(D, inputs_of(D, images, parts, "batch statistics of D"))
    return D


def inputs_of(
    D: Discriminator, images: np.ndarray, parts: list[slice], what: str
) -> Iterator[Tensor]:
    """Parts of images (N, H, W, C) uint8 as inputs (n, C, H, W) of D, on its device.

    what: what is done with them, for the log.
    """
    device = next(D.parameters()).device
    for part in tracked(parts, what, unit="batches"):
        x = to_tensor(np.asarray(images[part]))
        yield x.to(device).contiguous(memory_format=torch.channels_last)


def check_size(network: Discriminator | NetworkSpec, images: np.ndarray) -> None:
    """Raise UnusableError unless images (N, H, W, C) have the size that the network is for."""
    size, channels = network.image_size, network.channels
    if images.shape[1:] != (size, size, channels):
        raise UnusableError(
            f"images are {images.shape[1:]} (H, W, C), but the network is for "
            f"{(size, size, channels)}; prepare the dataset at its image_size and channels"
        )
