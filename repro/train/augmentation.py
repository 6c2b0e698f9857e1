"""Small random changes of real images, drawn anew each time: mirroring, colours, blur.

The paper does not augment ("no pre-processing was applied besides scaling", §4); recipes for small
folders of photos do. Where in the flow: repro.train.minibatches calls `augmented` on each real
minibatch.

Each change is a function of (seed, minibatch, place in the minibatch), so several processes that
share a minibatch change its images as one process would. The pixel operations are torchvision's
adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue and gaussian_blur, in this order;
torchvision takes one factor for all images, while here all images of a minibatch are processed at
once, each with its own factor.

Alone: `augmented(images, spec, low=-1, seed=42, minibatch=0, places=np.arange(len(images)))`.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from repro.rng import generator
from repro.specs.training import AugmentationSpec

LUMA = (0.2989, 0.587, 0.114)  # torchvision's weights of red, green and blue
REACH = 3  # radius of the blur's kernel, in sigma


@dataclass(frozen=True)
class Changes:
    """Changes of n images: arrays (n,), factors around 1 and turns around 0 float32."""

    mirrored: np.ndarray  # bool
    brightness: np.ndarray
    contrast: np.ndarray
    saturation: np.ndarray
    hue: np.ndarray  # share of the colour circle
    blurred: np.ndarray  # bool
    sigma: np.ndarray  # float64, pixels


def augmented(
    images: Tensor,
    spec: AugmentationSpec,
    *,
    low: int,
    seed: int,
    minibatch: int,
    places: np.ndarray,
) -> Tensor:
    """Changed images (n, C, H, W) float32 in [low, 1]: a new tensor of the same range and layout.

    places: (n,) place of each image in the whole minibatch. Grey images (C = 1) have no saturation
    and no hue, so those two changes leave them as they are. Raises ValueError where `places` and
    `images` differ in length.
    """
    if len(places) != len(images):
        raise ValueError(f"{len(places)} places for {len(images)} images")
    if not (spec.any and len(images)):
        return images.clone(memory_format=torch.preserve_format)
    changes = drawn(spec, seed=seed, minibatch=minibatch, places=places)
    chosen = _on(images, changes.mirrored)[:, None, None, None]
    made = torch.where(chosen, images.flip(3), images) if spec.flip else images
    if max(spec.brightness, spec.contrast, spec.saturation, spec.hue, spec.blur) > 0:
        made = made.contiguous().sub(low).div_(1 - low)  # separate planes of colours are faster
        made = _recoloured(made, spec, changes)
        made = _partly_blurred(made, spec, changes)
        made = made.mul_(1 - low).add_(low)
    return made.contiguous(memory_format=torch.channels_last)


def drawn(spec: AugmentationSpec, *, seed: int, minibatch: int, places: np.ndarray) -> Changes:
    """The changes of the images at `places`, which do not depend on the other places requested.

    sigma is uniform in (0, blur_sigma], factors in 1 +- x, turns in +- hue.
    """
    source = generator(seed, "augmentation", minibatch)
    u = source.random((int(places.max()) + 1, 7))[places]  # one row for each image, in [0, 1)

    def around(centre: float, column: int, reach: float) -> np.ndarray:
        return (centre + reach * (2 * u[:, column] - 1)).astype(np.float32)

    return Changes(
        mirrored=u[:, 0] < spec.flip,
        brightness=around(1, 1, spec.brightness),
        contrast=around(1, 2, spec.contrast),
        saturation=around(1, 3, spec.saturation),
        hue=around(0, 4, spec.hue),
        blurred=u[:, 5] < spec.blur,
        sigma=spec.blur_sigma * (1 - u[:, 6]),
    )


def _recoloured(images: Tensor, spec: AugmentationSpec, changes: Changes) -> Tensor:
    """Images (n, C, H, W) in [0, 1], each with its own factors."""
    if spec.brightness:
        images = images.mul(_per_image(images, changes.brightness)).clamp_(0, 1)
    if spec.contrast:
        mean = _luma(images).mean(dim=(1, 2, 3), keepdim=True)
        images = _blend(images, mean, _per_image(images, changes.contrast))
    if images.shape[1] == 1:
        return images
    if spec.saturation:
        images = _blend(images, _luma(images), _per_image(images, changes.saturation))
    if spec.hue:
        images = _turned(images, _per_image(images, changes.hue)[:, 0])
    return images


def _blend(images: Tensor, with_what: Tensor, share: Tensor) -> Tensor:
    """share * images + (1 - share) * with_what; a share above 1 extrapolates."""
    return images.mul(share).add_(with_what.mul(1 - share)).clamp_(0, 1)


def _luma(images: Tensor) -> Tensor:
    """Grey value (n, 1, H, W)."""
    if images.shape[1] == 1:
        return images
    red, green, blue = (images[:, i : i + 1] for i in range(3))
    return red.mul(LUMA[0]).add_(green.mul(LUMA[1])).add_(blue.mul(LUMA[2]))


def _turned(images: Tensor, turn: Tensor) -> Tensor:
    """RGB (n, 3, H, W) in [0, 1] with the hue turned by (n, 1, 1) of the colour circle.

    The result equals a conversion to HSV and back. Hue h counts sixths of the circle; with the
    largest value v and the chroma c, a channel with offset n is v - c * clamp(min(k, 4 - k), 0, 1),
    k = (n + h) mod 6, n = 5, 3, 1 for red, green, blue.
    """
    red, green, blue = images.unbind(1)
    value = torch.maximum(torch.maximum(red, green), blue)
    chroma = value - torch.minimum(torch.minimum(red, green), blue)
    inverse = chroma.clamp(min=torch.finfo(images.dtype).tiny).reciprocal_()  # grey: 0 / tiny = 0
    of_red = (green - blue).mul_(inverse)
    of_green = (blue - red).mul_(inverse).add_(2)
    of_blue = (red - green).mul_(inverse).add_(4)
    hue = torch.where(value == red, of_red, torch.where(value == green, of_green, of_blue))
    hue.add_(turn.mul(6))
    made = torch.empty_like(images)
    for channel, n in enumerate((5, 3, 1)):
        k = hue.add(n).remainder_(6)
        k = torch.minimum(k, 4 - k).clamp_(0, 1)
        torch.sub(value, k.mul_(chroma), out=made[:, channel])
    return made.clamp_(0, 1)


def _partly_blurred(images: Tensor, spec: AugmentationSpec, changes: Changes) -> Tensor:
    """Images (n, C, H, W) in [0, 1] as a new tensor; the drawn ones are blurred, edges mirrored.

    The kernel's radius is REACH times the largest sigma, but less than the picture's side.
    """
    chosen = np.flatnonzero(changes.blurred)
    if not len(chosen):
        return images
    side = min(images.shape[2:])
    radius = min(math.ceil(REACH * spec.blur_sigma), side - 1)
    kernels = gaussian_kernels(changes.sigma[chosen], radius)
    rows = torch.from_numpy(chosen).to(images.device)
    part = images[rows]
    for dim in (2, 3):
        part = _along(part, torch.from_numpy(kernels).to(images.device), dim=dim)
    return images.index_copy(0, rows, part.clamp_(0, 1))


def gaussian_kernels(sigma: np.ndarray, radius: int) -> np.ndarray:
    """Kernels (n, 2 radius + 1) float32 of sum 1, for standard deviations (n,) > 0 in pixels."""
    x = np.arange(-radius, radius + 1) / np.maximum(sigma, 1e-6)[:, None]
    kernels = np.exp(-(x**2) / 2)
    return (kernels / kernels.sum(axis=1, keepdims=True)).astype(np.float32)


def _along(images: Tensor, kernels: Tensor, *, dim: int) -> Tensor:
    """Each image (n, C, H, W) convolved with its kernel (n, 2 r + 1) along dimension 2 or 3."""
    radius, side = kernels.shape[1] // 2, images.shape[dim]
    pad = (0, 0, radius, radius) if dim == 2 else (radius, radius, 0, 0)
    padded = F.pad(images, pad, mode="reflect")
    weights = kernels[:, :, None, None, None].unbind(1)
    made = padded.narrow(dim, radius, side) * weights[radius]
    for offset in range(radius):  # the kernel is symmetric
        both = padded.narrow(dim, offset, side) + padded.narrow(dim, 2 * radius - offset, side)
        made.add_(both.mul_(weights[offset]))
    return made


def _per_image(images: Tensor, values: np.ndarray) -> Tensor:
    """(n,) -> (n, 1, 1, 1) on the images' device."""
    return _on(images, values)[:, None, None, None]


def _on(images: Tensor, values: np.ndarray) -> Tensor:
    return torch.from_numpy(values).to(images.device)
