"""Generator and discriminator of the paper, for any image size, with 3x3, 4x4 or 5x5 kernels.

The other kinds are in repro/networks/conditional.py and repro/networks/fully_connected.py;
repro/networks/build.py builds the networks that a spec describes.

Rules (paper §3): strided convolutions in D, fractionally-strided ones in G, no pooling, no hidden
fully connected layer; batch normalisation everywhere except in G's output and D's input layer; ReLU
in G with a tanh output, leaky ReLU in D; D's last maps are flattened into one sigmoid unit, which
remains a logit here. There are no biases except those of batch normalisation (authors' code). What
the paper says it tried instead can be built too, for experiments/ablations: batch normalisation in
all layers or none, average pooling before D's last unit, an output of G without bounds.

While training, batch normalisation uses the statistics of the current batch, separately for real
and generated batches, and never a running average (authors' code). For later use,
`freeze_statistics` sets population statistics once; then the same z gives the same picture whatever
else is in the batch.

Longer than 300 lines: both networks share their blocks, norms and initial weights.

Alone: `Generator()(z)` and `Discriminator()(images)` are the paper's 64x64 networks.
"""

from collections.abc import Iterable
from itertools import chain, islice
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.networks.patch_products import Convolution, TransposedConvolution
from repro.rng import torch_generator

# With momentum 0 training leaves the stored statistics alone: freeze_statistics sets them.
BATCH_ONLY = 0.0
Normed = Literal["inner", "all", "none"]  # layers with batch normalisation (repro.specs.network)


class GeneratorNetwork(nn.Module):
    """Base of all generators: G(z, labels) -> images (N, channels, size, size).

    z (N, z_dim) float; labels (N,) int64 in 0 .. classes - 1, or None for a network without labels.
    Images are in [pixel_low, 1].
    """

    def __init__(
        self, *, image_size: int, channels: int, z_dim: int, classes: int = 0, pixel_low: int = -1
    ) -> None:
        super().__init__()
        self.image_size, self.channels, self.z_dim = image_size, channels, z_dim
        self.classes, self.pixel_low = classes, pixel_low


class DiscriminatorNetwork(nn.Module):
    """Base of all discriminators: D(images, labels) -> logits (N,), positive for real."""

    def __init__(self, *, image_size: int, channels: int, classes: int = 0) -> None:
        super().__init__()
        self.image_size, self.channels, self.classes = image_size, channels, classes


class ConvolutionBlock(nn.Module):
    """(Transposed) convolution with its inputs, batch normalisation if any, activation."""

    def __init__(
        self, conv: nn.Conv2d | nn.ConvTranspose2d, norm: nn.BatchNorm2d | None, slope: float | None
    ) -> None:
        super().__init__()
        self.conv = conv
        self.norm = norm
        self.slope = slope  # of the leaky ReLU; 0 = ReLU; None = no activation

    def forward(self, *inputs: Tensor) -> Tensor:
        x = self.conv(*inputs)
        if self.norm is not None:
            x = self.norm(x)
        # in place: one map less to write and read
        return x if self.slope is None else F.leaky_relu_(x, self.slope)


class Generator(GeneratorNetwork):
    """z (N, z_dim) -> images (N, channels, size, size) (paper Fig 1).

    They are in [-1, 1]; with `bounded` false, which leaves out the tanh, they have no limits.
    """

    def __init__(
        self,
        *,
        image_size: int = 64,
        channels: int = 3,
        z_dim: int = 100,
        widths: tuple[int, ...] = (1024, 512, 256, 128),
        strides: tuple[int, ...] = (2, 2, 2, 2),
        kernel: int = 5,
        base_size: int = 4,
        first_norm: Literal["per_unit", "per_channel"] = "per_unit",
        normed: Normed = "inner",
        norm_eps: float = 1e-8,
        norm_affine: bool = True,
        slope: float = 0.0,
        bounded: bool = True,
    ) -> None:
        super().__init__(image_size=image_size, channels=channels, z_dim=z_dim, pixel_low=-1)
        self.base_size, self.slope, self.bounded = base_size, slope, bounded
        units = widths[0] * base_size**2
        self.project = nn.Linear(z_dim, units, bias=False)
        norm = (norm_eps, BATCH_ONLY, norm_affine)
        kind = "none" if normed == "none" else first_norm
        self.project_norm = projection_norm(kind, widths[0], units, norm)
        ends = (*widths[1:], channels)
        self.layers = nn.ModuleList()
        for index, (start, end, stride) in enumerate(zip(widths, ends, strides, strict=True)):
            hidden = index < len(widths) - 1
            self.layers.append(
                ConvolutionBlock(
                    deconvolution(start, end, kernel=kernel, stride=stride),
                    nn.BatchNorm2d(end, *norm) if _is_normed(normed, inner=hidden) else None,
                    slope=slope if hidden else None,
                )
            )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        refuse_labels(self, labels)
        return self.from_maps(self.first_maps(z))

    def first_maps(self, z: Tensor) -> Tensor:
        """The projection of z as a stack of maps, (N, widths[0], base_size, base_size)."""
        x = normed_maps(self.project(z), self.project_norm, side=self.base_size)
        # channels_last: half the time of the transposed convolutions on a CPU (measured)
        return F.leaky_relu(x, self.slope).contiguous(memory_format=torch.channels_last)

    def from_maps(self, maps: Tensor, *, layer: int = 0) -> Tensor:
        """Images (N, channels, size, size) from the maps that enter `layers[layer]`.

        0: from the `first_maps`.
        """
        for block in islice(self.layers, layer, None):
            maps = block(maps)
        return to_pixels(maps, low=self.pixel_low) if self.bounded else maps


class Discriminator(DiscriminatorNetwork):
    """Images (N, channels, size, size) in [-1, 1] -> logits (N,) (paper §3, authors' code)."""

    def __init__(
        self,
        *,
        image_size: int = 64,
        channels: int = 3,
        widths: tuple[int, ...] = (128, 256, 512, 1024),
        strides: tuple[int, ...] = (2, 2, 2, 2),
        kernel: int = 5,
        base_size: int = 4,
        normed: Normed = "inner",
        norm_eps: float = 1e-8,
        norm_affine: bool = True,
        leaky_slope: float = 0.2,
        average_pooling: bool = False,
    ) -> None:
        super().__init__(image_size=image_size, channels=channels)
        self.average_pooling = average_pooling
        starts = (channels, *widths[:-1])
        self.layers = nn.ModuleList()
        for index, (start, end, stride) in enumerate(zip(starts, widths, strides, strict=True)):
            has_norm = _is_normed(normed, inner=index > 0)
            self.layers.append(
                ConvolutionBlock(
                    convolution(start, end, kernel=kernel, stride=stride),
                    nn.BatchNorm2d(end, norm_eps, BATCH_ONLY, norm_affine) if has_norm else None,
                    slope=leaky_slope,
                )
            )
        places = 1 if average_pooling else base_size**2
        self.head = nn.Linear(widths[-1] * places, 1, bias=False)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        refuse_labels(self, labels)
        for layer in self.layers:
            x = layer(x)
        if self.average_pooling:
            x = x.mean(dim=(2, 3))
        # the flat order is (C, H, W), whatever the memory format of the maps
        return self.head(x.flatten(1)).squeeze(1)

    def features(self, x: Tensor) -> list[Tensor]:
        """Maps after the activation of every convolution layer, (N, C_l, H_l, W_l) (paper §5.1)."""
        maps = []
        for layer in self.layers:
            x = layer(x)
            maps.append(x)
        return maps


def _is_normed(normed: Normed, *, inner: bool) -> bool:
    """Whether a layer has batch normalisation; inner: it is neither G's output nor D's input."""
    return normed == "all" or (normed == "inner" and inner)


def projection_norm(
    kind: str, maps: int, units: int, norm: tuple[float, float, bool]
) -> nn.BatchNorm1d | nn.BatchNorm2d | nn.Identity:
    """Batch normalisation of G's first maps: per_unit (authors' code), per_channel or none.

    norm: epsilon, momentum, whether it has gain and bias.
    """
    if kind == "none":
        return nn.Identity()
    return nn.BatchNorm1d(units, *norm) if kind == "per_unit" else nn.BatchNorm2d(maps, *norm)


def normed_maps(x: Tensor, norm: nn.Module, *, side: int) -> Tensor:
    """Normalise a projection (N, units), and return maps (N, units / side^2, side, side)."""
    if isinstance(norm, nn.BatchNorm1d):
        return norm(x).unflatten(1, (-1, side, side))
    return norm(x.unflatten(1, (-1, side, side)))


def convolution(
    start: int, end: int, *, kernel: int, stride: int, kind: type[Convolution] = Convolution
) -> Convolution:
    """Convolution to size / stride; 4x4 kernels only with stride 2."""
    return kind(start, end, kernel, stride, padding=(kernel - 1) // 2, bias=False)


def deconvolution(
    start: int,
    end: int,
    *,
    kernel: int,
    stride: int,
    kind: type[TransposedConvolution] = TransposedConvolution,
) -> TransposedConvolution:
    """Fractionally-strided convolution to size * stride (authors' ops.deconv)."""
    # An odd kernel at stride 2 leaves one row undetermined; the authors' code forces size * stride.
    extra = stride - 1 if kernel % 2 else 0
    padding = (kernel - 1) // 2
    return kind(start, end, kernel, stride, padding, extra, bias=False)


def to_pixels(x: Tensor, *, low: int) -> Tensor:
    """Last layer of G: tanh to [-1, 1] (paper §3), or a sigmoid to [0, 1] (authors' MNIST code)."""
    return torch.sigmoid(x) if low == 0 else torch.tanh(x)


def refuse_labels(network: GeneratorNetwork | DiscriminatorNetwork, labels: Tensor | None) -> None:
    """Raise ValueError for labels without classes in the network, or classes without labels."""
    if (labels is None) != (network.classes == 0):
        found = "labels" if labels is not None else "no labels"
        raise ValueError(f"the network has {network.classes} classes, but was given {found}")


@torch.no_grad()
def initialise(
    network: nn.Module, *, sd: float, seed: int, purpose: str, init: str = "normal"
) -> None:
    """Weights N(0, sd) (paper §4); BN gains N(1, sd), all biases 0 (authors' code).

    With init "fan_in", PyTorch's own: weights and biases U(-1, 1) / sqrt(inputs), BN gains 1.
    """
    source = torch_generator(seed, purpose)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            if module.affine:
                module.weight.normal_(1, sd if init == "normal" else 0, generator=source)
                module.bias.zero_()
        elif isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            bound = module.weight[0].numel() ** -0.5
            if init == "normal":
                module.weight.normal_(0, sd, generator=source)
            else:
                module.weight.uniform_(-bound, bound, generator=source)
            if module.bias is not None:
                module.bias.zero_()
                if init == "fan_in":
                    module.bias.uniform_(-bound, bound, generator=source)


@torch.no_grad()
def freeze_statistics(
    network: nn.Module, batches: Iterable[Tensor | tuple[Tensor | None, ...]]
) -> None:
    """Set every BN layer's population statistics to the mean over batches, then eval().

    This is the authors' SVHN recipe: the mean of the batches' means and of their variances (here
    the unbiased ones, a factor 1 + 1/(N H W)). `batches` are inputs of the network, or (input,
    labels), on its device. Raises ValueError when there is no batch.
    """
    source = iter(batches)
    first = next(source, None)
    if first is None:
        raise ValueError("freeze_statistics needs at least one batch, found none")
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative average over the batches
    network.train()
    try:
        for batch in chain([first], source):
            network(*(batch if isinstance(batch, tuple) else (batch,)))
    finally:
        for norm in norms:
            norm.momentum = BATCH_ONLY
    network.eval()


def parameter_count(network: nn.Module) -> int:
    """Number of trained parameters."""
    return sum(p.numel() for p in network.parameters())
