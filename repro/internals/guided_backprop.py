"""Guided backpropagation through a discriminator, and the patch of the image that a unit sees.

Where in the flow: experiments/filters (Fig 5) finds the real images that most excite a channel of
D's last convolution, sends a gradient back from that one unit by the guided rule (Springenberg et
al. 2014, arXiv 1412.6806; paper §6.2), and shows it inside the unit's receptive field.

The guided rule passes a gradient through an activation only where both the activation's input and
the incoming gradient are positive. D has leaky ReLUs, for which the paper states no rule; we block
their slope-0.2 side like a ReLU's. The network is not modified: its blocks (.conv, .norm) are run
again with another activation between them.

Alone: `guided_gradient(D, images, channels=..., rows=..., columns=...)`, D in eval mode.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from repro.data.images import to_tensor
from repro.networks.dcgan import ConvolutionBlock, Discriminator
from repro.networks.layer_shapes import ReceptiveField, receptive_field


def field_of(network: Discriminator) -> ReceptiveField:
    """Receptive field of the last convolution of a discriminator (its `.layers` blocks)."""
    convolutions = [block.conv for block in _blocks(network)]
    return receptive_field(
        [conv.kernel_size[0] for conv in convolutions],
        [conv.stride[0] for conv in convolutions],
        [int(conv.padding[0]) for conv in convolutions],
    )


def _blocks(network: Discriminator) -> list[ConvolutionBlock]:
    return [block for block in network.layers if isinstance(block, ConvolutionBlock)]


class _GuidedLeakyReLU(torch.autograd.Function):
    """Leaky ReLU whose gradient follows the guided rule."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: float) -> Tensor:
        ctx.save_for_backward(x)
        return F.leaky_relu(x, slope)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return gradient.clamp(min=0) * (x > 0), None


def last_layer(network: Discriminator, images: Tensor, *, guided: bool = False) -> Tensor:
    """The last convolution's map before its activation: (N, C, H, W) -> (N, channels, h, w).

    It is taken before the activation so that negative values are not compressed; the order of
    responses is the same on either side of a leaky ReLU. `guided` makes a backward pass follow the
    guided rule in the layers below.
    """
    activate = _GuidedLeakyReLU.apply if guided else F.leaky_relu
    *hidden, last = _blocks(network)
    x = images
    for block in hidden:
        x = activate(_before_activation(block, x), block.slope or 0.0)
    return _before_activation(last, x)


def _before_activation(block: ConvolutionBlock, x: Tensor) -> Tensor:
    x = block.conv(x)
    return x if block.norm is None else block.norm(x)


def guided_gradient(
    network: Discriminator, images: Tensor, *, channels: Tensor, rows: Tensor, columns: Tensor
) -> Tensor:
    """Guided gradient of one last-layer unit per image with respect to that image.

    images (N, C, H, W) in [-1, 1]; channels, rows, columns (N,) identify the unit of each image.
    Returns (N, C, H, W), zero where the unit itself is not active (its activation's input is not
    positive). Raises ValueError in training mode: batch statistics would mix the images.
    """
    if network.training:
        raise ValueError(
            "guided_gradient: the network is in training mode, where batch normalisation mixes "
            "the images of a batch; freeze its statistics first "
            "(repro.networks.dcgan.freeze_statistics)"
        )
    with torch.enable_grad():
        x = images.detach().clone().requires_grad_(True)
        maps = _GuidedLeakyReLU.apply(
            last_layer(network, x, guided=True), _blocks(network)[-1].slope or 0.0
        )
        units = maps[torch.arange(len(images)), channels, rows, columns]
        (gradient,) = torch.autograd.grad(units.sum(), x)
    return gradient


class Peaks(NamedTuple):
    """Strongest response of every channel in every image, and its position: arrays (N, C)."""

    value: np.ndarray  # float32, before the activation
    row: np.ndarray  # int64, position in the last layer's map
    column: np.ndarray
    concentration: np.ndarray  # float32, of the map in that position (see `concentration`)


def peaks(network: Discriminator, images: np.ndarray, *, batch: int = 100) -> Peaks:
    """Strongest response per image and channel. images (N, H, W, C) uint8."""
    device = next(network.parameters()).device
    values, places, parts = [], [], []
    with torch.no_grad():
        for start in range(0, len(images), batch):
            pixels = to_tensor(images[start : start + batch]).to(device)
            maps = last_layer(network, pixels)
            width = maps.shape[3]
            best = maps.flatten(2).max(dim=2)
            values.append(best.values.cpu().numpy())
            places.append(best.indices.cpu().numpy())
            parts.append(concentration(maps).cpu().numpy())
    place = np.concatenate(places)
    return Peaks(np.concatenate(values), place // width, place % width, np.concatenate(parts))


def concentration(maps: Tensor) -> Tensor:
    """Share of a map's variance due to its strongest position: (N, C, h, w) -> (N, C).

    It is (peak - mean)^2 over the sum of (value - mean)^2 of all positions: 1 - 1/(h w) where one
    position stands out from an even rest, and lower the more positions share the response. It is
    invariant to gain and shift. NaN for a map without variance.
    """
    centred = maps.flatten(2) - maps.flatten(2).mean(dim=2, keepdim=True)
    peak = centred.amax(dim=2).square()
    return peak / centred.square().sum(dim=2)  # 0/0 is NaN


def top_images(value: np.ndarray, count: int) -> np.ndarray:
    """Rows of the `count` largest entries of each column: (N, C) -> (C, count), best first.

    There is one entry per image, so an image appears at most once for a channel; ties keep row
    order.
    """
    return np.argsort(-value, axis=0, kind="stable")[:count].T


def selectivity(value: np.ndarray, top: int) -> np.ndarray:
    """How far a channel's `top` images stand out from all: (N, C) -> (C,), standard deviations.

    It is (mean of the `top` largest peaks - mean of all peaks) / standard deviation of all peaks,
    which is invariant to gain and shift of a channel, so batch normalisation cannot decide it. A
    channel that responds equally to all images has 0.
    """
    ordered = np.sort(value.astype(np.float64), axis=0)
    spread = ordered.std(axis=0)
    stands_out = ordered[-top:].mean(axis=0) - ordered.mean(axis=0)
    return np.divide(stands_out, spread, out=np.zeros_like(spread), where=spread > 0)


def likeness(gradients: np.ndarray) -> float:
    """Mean cosine between all pairs of gradients (n, ...), n at least 2: 1 alike, 0 unrelated.

    All-zero gradients count as unrelated to all others.
    """
    flat = gradients.reshape(len(gradients), -1).astype(np.float64)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    unit = np.divide(flat, lengths, out=np.zeros_like(flat), where=lengths > 0)
    cosines = unit @ unit.T
    return float((cosines.sum() - np.trace(cosines)) / (len(flat) * (len(flat) - 1)))


def visible_field(
    field: ReceptiveField, *, row: int, column: int, height: int, width: int
) -> tuple[slice, slice]:
    """Slices (rows, columns) of the image pixels inside a unit's receptive field."""

    def inside(place: int, length: int) -> slice:
        first = field.offset + place * field.stride
        return slice(max(first, 0), max(min(first + field.size, length), 0))

    return inside(row, height), inside(column, width)


def crop_field(
    image: np.ndarray,
    field: ReceptiveField,
    *,
    row: int,
    column: int,
    fill: float,
    centred: bool = True,
) -> np.ndarray:
    """A unit's receptive field cropped from (H, W, C) -> (size, size, C), `fill` outside the image.

    centred: the part inside the image is centred in the tile, as on the authors' tiles (measured
    extents of 31, 46-47 and 61 pixels); otherwise it keeps its place in the field, so that tiles of
    different units can be compared pixel by pixel.
    """
    height, width, depth = image.shape
    seen = visible_field(field, row=row, column=column, height=height, width=width)
    part = image[seen]
    tile = np.full((field.size, field.size, depth), fill, image.dtype)
    if centred:
        top, left = (field.size - part.shape[0]) // 2, (field.size - part.shape[1]) // 2
    else:
        top = seen[0].start - (field.offset + row * field.stride)
        left = seen[1].start - (field.offset + column * field.stride)
    tile[top : top + part.shape[0], left : left + part.shape[1]] = part
    return tile


def gradients_as_grey(tiles: np.ndarray, *, brightest: float = 1.0) -> np.ndarray:
    """Gradients as pixels, zero as grey 128: float (N, h, w, C) -> uint8, one scale for all N.

    brightest: the quantile of the magnitudes, in (0, 1], shown as white or black, like all larger
    ones. 1: the largest.
    """
    largest = np.quantile(np.abs(tiles), brightest)
    largest = largest if largest > 0 else np.abs(tiles).max()
    scaled = tiles / largest if largest > 0 else tiles
    return np.clip(np.rint(128 + 127 * scaled), 1, 255).astype(np.uint8)
