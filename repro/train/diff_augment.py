"""Differentiable augmentation: real and generated images are changed alike before D sees them.

With some hundreds of images D learns them by heart. Changing only the real ones teaches G the
changes; changing both keeps D from memorising and lets G's gradient pass through the change (Zhao
et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training", arXiv 2006.10738, whose
strengths these are). The DCGAN paper does not do this; `training.diff_augment` turns it on.

Where in the flow: repro.train.minibatches draws the changes of a minibatch, the step in
repro.train.trainer applies them three times, with draws of their own for the real images and for
those generated to train D and G. Alone:

    draws = drawn_changes(seed=42, minibatch=0, places=np.arange(len(images)))
    diff_augmented(images, draws[0], ("colour", "translation", "cutout"))
"""

from collections.abc import Collection

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from repro.rng import generator
from repro.specs.training import Differentiable

USES = 3  # real images; generated for D; generated for G
DRAWS = 7  # numbers in [0, 1) per image: three colours, two of a translation, two of a cut-out
SHIFT = 1 / 8  # largest translation, as a share of the side
HOLE = 1 / 2  # side of the square that is cut out, as a share of the image's


def drawn_changes(*, seed: int, minibatch: int, places: np.ndarray) -> Tensor:
    """Uniform draws (USES, n, DRAWS) in [0, 1) for the images at `places` of a minibatch.

    They do not depend on the other places requested, so that processes which share a minibatch
    change its images as one process would.
    """
    source = generator(seed, "differentiable augmentation", minibatch)
    u = source.random((int(places.max()) + 1, USES, DRAWS), dtype=np.float32)[places]
    return torch.from_numpy(np.ascontiguousarray(u.swapaxes(0, 1)))


def diff_augmented(images: Tensor, u: Tensor, kinds: Collection[Differentiable]) -> Tensor:
    """Changed images (n, C, H, W) in [-1, 1]; differentiable in them. u: (n, DRAWS) in [0, 1).

    colour: brightness within +- 0.5, saturation by a factor of 0 to 2, contrast by 0.5 to 1.5,
    without clamping; translation: by up to an eighth of the side, grey (0) comes in; cutout: a
    square of half the side becomes grey, its centre anywhere.
    """
    if "colour" in kinds:
        images = _recoloured(images, *u[:, :3].T)
    if "translation" in kinds:
        images = _translated(images, u[:, 3], u[:, 4])
    if "cutout" in kinds:
        images = _cut_out(images, u[:, 5], u[:, 6])
    return images


def _recoloured(images: Tensor, brightness: Tensor, saturation: Tensor, contrast: Tensor) -> Tensor:
    images = images + _per_image(brightness - 0.5)
    grey = images.mean(dim=1, keepdim=True)
    images = torch.lerp(grey, images, _per_image(2 * saturation).to(images.dtype))
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return torch.lerp(mean, images, _per_image(contrast + 0.5).to(images.dtype))


def _translated(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Image i moved by whole pixels, from -SHIFT to SHIFT of the side, uniformly."""
    n, channels, height, width = images.shape
    most = _rounded(height * SHIFT), _rounded(width * SHIFT)
    padded = F.pad(images, (most[1], most[1], most[0], most[0]))
    rows = _starts(down, most[0])[:, None] + torch.arange(height, device=images.device)
    columns = _starts(right, most[1])[:, None] + torch.arange(width, device=images.device)
    wide = padded.gather(2, rows[:, None, :, None].expand(n, channels, height, padded.shape[3]))
    return wide.gather(3, columns[:, None, None, :].expand(n, channels, height, width))


def _starts(u: Tensor, most: int) -> Tensor:
    """First row read of an image padded by `most`: (n,) int64 in 0 .. 2 most."""
    return (u * (2 * most + 1)).long()


def _cut_out(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    height, width = images.shape[2:]
    hole = _in_hole(down, height)[:, None, :, None] & _in_hole(right, width)[:, None, None, :]
    return images.masked_fill(hole, 0)


def _in_hole(u: Tensor, side: int) -> Tensor:
    """Whether each row (or column) of image i belongs to its square: (n, side) bool."""
    hole = _rounded(side * HOLE)
    centre = (u * (side + 1 - hole % 2)).long()[:, None]
    place = torch.arange(side, device=u.device) + hole // 2 - centre
    return (place >= 0) & (place < hole)


def _rounded(x: float) -> int:
    return int(x + 0.5)


def _per_image(values: Tensor) -> Tensor:
    return values[:, None, None, None]
