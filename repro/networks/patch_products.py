"""Convolutions as matrix products of patches, where the processor is faster that way.

PyTorch's float32 convolutions on the CPU (oneDNN) come near the speed of a large matrix product at
32x32 and 16x16, but not everywhere: a strided convolution whose weights exceed the cache runs at a
quarter to a half of that speed, the weight gradient of any strided one at half, and layers that
produce images of one or three channels at a tenth. For these cases the classes here gather the
patches of a few images at a time into a block that stays in the cache and multiply it by the
weights. `routes` chooses the method for each direction of a layer by the layer's shape and the kind
of processor, never by timing, so that a machine always computes the same bytes. `python -m repro
bench layers` measures it.

Where in the flow: the layers of repro.networks.dcgan use it. Everything else uses PyTorch's own
convolutions: other devices, bfloat16, and processors of other makers with AVX-512, where MKL's
product, which does not use it there, is no faster than oneDNN.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from repro.devices import has_avx512, is_intel

CACHE = 4 * 2**20  # bytes of weights beyond which oneDNN rereads them from memory
BLOCK = 4 * 2**20, 16 * 2**20  # bytes of patches gathered at a time, minimum and maximum
PADDING = 16  # floats after a patch: rows at powers of two would share a few cache lines
THIN = 4  # up to this number of image channels F.fold spreads a transposed convolution
WIDE = 64  # number of maps from which gathering costs less than oneDNN's slow weight gradient


@dataclass(frozen=True)
class Routes:
    """Directions of a layer that are computed by patches.

    gather: from the larger maps to the smaller ones (a convolution, or the input gradient of a
    transposed one); spread: the other way; weights: the weight gradient.
    """

    gather: bool
    spread: bool
    weights: bool

    @property
    def any(self) -> bool:
        return self.gather or self.spread or self.weights


NONE = Routes(gather=False, spread=False, weights=False)


def routes(weight: Tensor, stride: int) -> Routes:
    """Routes for a weight (coarse maps, fine maps, k, k) float32 where patches are faster."""
    coarse, fine = weight.shape[:2]
    if min(coarse, fine) <= THIN:
        return Routes(gather=False, spread=fine <= THIN, weights=False)
    heavy = stride > 1 and weight.numel() * weight.element_size() > CACHE
    return Routes(gather=heavy, spread=heavy, weights=heavy or (stride > 1 and fine >= WIDE))


def patches_pay(x: Tensor) -> bool:
    """Whether `routes` applies to x: float32, with MKL, on Intel or without AVX-512.

    It does not while a network is traced for another program (repro.networks.onnx_export).
    """
    return (
        not torch.compiler.is_compiling()
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and torch.backends.mkl.is_available()
        and (is_intel() or not has_avx512())
    )


class Convolution(nn.Conv2d):
    """nn.Conv2d, each direction by its route; what `_is_plain` leaves out is PyTorch's own."""

    def forward(self, x: Tensor) -> Tensor:
        return self.by(x, self.weight)

    def by(self, x: Tensor, weight: Tensor) -> Tensor:
        """The same convolution with other weights, such as a part of its own."""
        chosen = _routes_of(self, x, weight)
        if not chosen.any:
            return self._conv_forward(x, weight, self.bias)
        layer = Layer(self.stride[0], int(self.padding[0]), x.shape[2], chosen)
        return _ByPatches.apply(x, weight, layer, False)


class TransposedConvolution(nn.ConvTranspose2d):
    """nn.ConvTranspose2d (to size * stride), with the same routes."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        return self.by(x, self.weight) if output_size is None else super().forward(x, output_size)

    def by(self, x: Tensor, weight: Tensor) -> Tensor:
        """The same transposed convolution with other weights, such as a part of its own."""
        chosen = _routes_of(self, x, weight)
        if not chosen.any:
            return F.conv_transpose2d(
                x,
                weight,
                self.bias,
                self.stride,
                tuple(map(int, self.padding)),
                self.output_padding,
                self.groups,
                self.dilation,
            )
        stride = self.stride[0]
        layer = Layer(stride, int(self.padding[0]), x.shape[2] * stride, chosen)
        return _ByPatches.apply(x, weight, layer, True)


def _routes_of(layer: nn.Conv2d | nn.ConvTranspose2d, x: Tensor, weight: Tensor) -> Routes:
    if not _is_plain(layer, x) or not patches_pay(x):
        return NONE
    return routes(weight, layer.stride[0])


def _is_plain(layer: nn.Conv2d | nn.ConvTranspose2d, x: Tensor) -> bool:
    """Whether it has what every layer of the paper has: square maps, kernels and steps, no bias."""
    square = {layer.kernel_size, layer.stride, layer.padding, layer.dilation, tuple(x.shape[2:])}
    return (
        layer.bias is None
        and layer.dilation == (1, 1)
        and layer.groups == 1
        and layer.padding_mode == "zeros"
        and all(len(set(sides)) == 1 for sides in square)
    )


class _ByPatches(torch.autograd.Function):
    """A convolution (from fine maps to coarse ones) or, with `up`, a transposed one."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, layer: "Layer", up: bool) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.layer, ctx.up = layer, up
        return layer.spread(x, weight) if up else layer.gathered(x, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        layer, (wants_x, wants_weight) = ctx.layer, ctx.needs_input_grad[:2]
        fine, coarse = (gradient, x) if ctx.up else (x, gradient)
        by_x = by_weight = None
        if wants_x:
            by_x = layer.gathered(fine, weight) if ctx.up else layer.spread(coarse, weight)
        if wants_weight:
            by_weight = layer.by_weights(fine, coarse, weight)
        return by_x, by_weight, None, None


@dataclass(frozen=True)
class Layer:
    """The three directions between fine maps (N, C, side, side) and coarse ones.

    weight: (coarse maps, fine maps, k, k) in any memory format; channels_last saves a copy. All
    returned maps are channels_last.
    """

    stride: int
    padding: int
    side: int  # of the fine maps
    chosen: Routes

    def gathered(self, fine: Tensor, weight: Tensor) -> Tensor:
        """A convolution of the fine maps: (N, coarse maps, side / stride, side / stride)."""
        if not self.chosen.gather:
            return F.conv2d(fine, weight, None, self.stride, self.padding)
        rows = _rows(weight)
        side, step = self.coarse_side(weight), self._images_a_block(weight)
        pixels = fine.permute(0, 2, 3, 1)
        out = fine.new_empty(len(fine), side, side, len(rows))
        patches = _Patches(self, weight, min(step, len(fine)))
        for start in range(0, len(fine), step):
            part = patches.of(pixels[start : start + step])
            torch.mm(part, rows.T, out=out[start : start + step].view(-1, len(rows)))
        return out.permute(0, 3, 1, 2)

    def spread(self, coarse: Tensor, weight: Tensor) -> Tensor:
        """The transposed convolution of the coarse maps: (N, fine maps, side, side)."""
        if not self.chosen.spread:
            extra = self.side - (coarse.shape[2] - 1) * self.stride - weight.shape[2]
            extra += 2 * self.padding
            stride, padding = self.stride, self.padding
            return F.conv_transpose2d(coarse, weight, None, stride, padding, extra)
        if weight.shape[1] <= THIN:
            return self._folded(coarse, weight)
        rows, k, maps = _rows(weight), weight.shape[2], weight.shape[1]
        step, side = self._images_a_block(weight), coarse.shape[2]
        gradients = coarse.permute(0, 2, 3, 1).contiguous()
        out = coarse.new_empty(len(coarse), self.side, self.side, maps)
        inner, framed = slice(self.padding, self.padding + self.side), self.padded_side(weight)
        for start in range(0, len(coarse), step):
            part = gradients[start : start + step]
            taps = (part.view(-1, len(rows)) @ rows).view(len(part), side, side, k, k, maps)
            sums = coarse.new_zeros(len(part), framed, framed, maps)
            reach = self.stride * side
            for i in range(k):
                for j in range(k):
                    place = sums[:, i : i + reach : self.stride, j : j + reach : self.stride]
                    place += taps[:, :, :, i, j]
            out[start : start + step] = sums[:, inner, inner]
        return out.permute(0, 3, 1, 2)

    def _folded(self, coarse: Tensor, weight: Tensor) -> Tensor:
        """`spread` to images of few channels: F.fold adds up their planes."""
        rows = weight.reshape(len(weight), -1).T  # by channel, then place
        side, step = coarse.shape[2], self._images_a_block(weight)
        columns = coarse.permute(0, 2, 3, 1).reshape(len(coarse), side * side, -1).transpose(1, 2)
        size = (self.side, self.side)
        out = coarse.new_empty(len(coarse), weight.shape[1], *size)
        for start in range(0, len(coarse), step):
            products = torch.matmul(rows, columns[start : start + step])
            out[start : start + step] = F.fold(
                products, size, weight.shape[2], padding=self.padding, stride=self.stride
            )
        return out.contiguous(memory_format=torch.channels_last)

    def by_weights(self, fine: Tensor, coarse: Tensor, weight: Tensor) -> Tensor:
        """The weight gradient, given the fine maps and the coarse ones (or their gradients)."""
        if not self.chosen.weights:
            stride, padding = [self.stride] * 2, [self.padding] * 2
            return torch.ops.aten.convolution_backward(
                coarse, fine, weight, None, stride, padding, [1, 1], False, [0, 0], 1,
                [False, True, False],
            )[1]  # fmt: skip
        step = self._images_a_block(weight)
        pixels, gradients = fine.permute(0, 2, 3, 1), coarse.permute(0, 2, 3, 1).contiguous()
        maps, k = weight.shape[1], weight.shape[2]
        sums = weight.new_zeros(len(weight), k * k * maps)
        patches = _Patches(self, weight, min(step, len(fine)))
        for start in range(0, len(fine), step):
            part = gradients[start : start + step].view(-1, len(weight))
            torch.addmm(sums, part.T, patches.of(pixels[start : start + step]), out=sums)
        return sums.view(len(weight), k, k, maps).permute(0, 3, 1, 2)

    def coarse_side(self, weight: Tensor) -> int:
        """Side of the coarse maps."""
        return (self.side + 2 * self.padding - weight.shape[2]) // self.stride + 1

    def padded_side(self, weight: Tensor) -> int:
        """Side of the fine maps with the padding that the patches cover."""
        # `spread` adds every tap at every place of a stride: the last taps reach further
        taps = self.stride * self.coarse_side(weight) + weight.shape[2] - 1
        return max(self.padding + self.side, taps)

    def _images_a_block(self, weight: Tensor) -> int:
        least, most = BLOCK
        size = weight.element_size()
        block = min(max(2 * weight.numel() * size, least), most)
        return max(1, block // (weight[0].numel() * size * self.coarse_side(weight) ** 2))


class _Patches:
    """Patches of blocks of images, in memory that is reused for each block."""

    def __init__(self, layer: Layer, weight: Tensor, images: int) -> None:
        maps, k, side = weight.shape[1], weight.shape[2], layer.coarse_side(weight)
        padded, stride = layer.padded_side(weight), layer.stride
        self.framed = weight.new_zeros(images, padded, padded, maps)
        inner = slice(layer.padding, layer.padding + layer.side)
        self.inside = self.framed[:, inner, inner]
        image, row = padded * padded * maps, padded * maps
        self.windows = self.framed.as_strided(
            (images, side, side, k, k, maps), (image, stride * row, stride * maps, row, maps, 1)
        )
        values = k * k * maps
        rows = weight.new_empty(images * side**2, values + PADDING)
        self.rows, self.a_image = rows[:, :values], side**2
        across = values + PADDING
        self.gathered = rows.as_strided(
            self.windows.shape,
            (side**2 * across, side * across, across, k * maps, maps, 1),
        )

    def of(self, pixels: Tensor) -> Tensor:
        """Patches (n * side^2, k * k * maps) of images (n, H, W, maps), until the next call."""
        n = len(pixels)
        self.inside[:n] = pixels
        self.gathered[:n] = self.windows[:n]
        return self.rows[: n * self.a_image]


def _rows(weight: Tensor) -> Tensor:
    """The weight as a matrix (coarse maps, k * k * fine maps)."""
    return weight.permute(0, 2, 3, 1).reshape(len(weight), -1)
