"""Generator and discriminator of the paper, for any image size, with 3x3, 4x4 or 5x5 kernels.

Rules (paper §3): strided convolutions in D, fractionally-strided ones in G, no pooling, no hidden
fully connected layer; batch normalisation everywhere but G's output and D's input layer; ReLU in
G with a tanh output, leaky ReLU in D; D's last maps are flattened into one sigmoid unit, which
here stays a logit. No biases but those of batch normalisation (authors' code).

Batch normalisation uses the batch in hand while training, real and generated batches apart, and
never a running average (authors' code). For use, `freeze_statistics` sets population statistics
once, after which the same z gives the same picture whatever else is in the batch.

`python -m repro.networks` prints the layers and parameter counts of the paper's network.
"""

from collections.abc import Iterable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.random import torch_generator
from repro.specs import NetworkSpec

# Momentum 0 leaves the stored statistics alone while training: they are set by freeze_statistics.
BATCH_ONLY = 0.0


class ConvolutionBlock(nn.Module):
    """(Transposed) convolution, batch normalisation where there is any, activation."""

    def __init__(
        self, conv: nn.Conv2d | nn.ConvTranspose2d, norm: nn.BatchNorm2d | None, slope: float | None
    ) -> None:
        super().__init__()
        self.conv = conv
        self.norm = norm
        self.slope = slope  # leaky ReLU's; 0 = ReLU; None = no activation

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.norm is not None:
            x = self.norm(x)
        return x if self.slope is None else F.leaky_relu(x, self.slope)


class Generator(nn.Module):
    """z (N, z_dim) -> images (N, channels, size, size) in [-1, 1] (paper Fig 1)."""

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
        norm_eps: float = 1e-8,
    ) -> None:
        super().__init__()
        self.image_size, self.z_dim, self.base_size = image_size, z_dim, base_size
        units = widths[0] * base_size**2
        self.project = nn.Linear(z_dim, units, bias=False)
        self.project_norm: nn.BatchNorm1d | nn.BatchNorm2d
        if first_norm == "per_unit":
            self.project_norm = nn.BatchNorm1d(units, norm_eps, BATCH_ONLY)
        else:
            self.project_norm = nn.BatchNorm2d(widths[0], norm_eps, BATCH_ONLY)
        ends = (*widths[1:], channels)
        self.layers = nn.ModuleList()
        for index, (start, end, stride) in enumerate(zip(widths, ends, strides, strict=True)):
            hidden = index < len(widths) - 1
            self.layers.append(
                ConvolutionBlock(
                    deconvolution(start, end, kernel=kernel, stride=stride),
                    nn.BatchNorm2d(end, norm_eps, BATCH_ONLY) if hidden else None,
                    slope=0.0 if hidden else None,
                )
            )

    def forward(self, z: Tensor) -> Tensor:
        maps = self.first_maps(z)
        for layer in self.layers:
            maps = layer(maps)
        return torch.tanh(maps)

    def first_maps(self, z: Tensor) -> Tensor:
        """The projection of z as a stack of maps, (N, widths[0], base_size, base_size)."""
        shape = (-1, self.base_size, self.base_size)
        x = self.project(z)
        if isinstance(self.project_norm, nn.BatchNorm1d):
            x = self.project_norm(x).unflatten(1, shape)
        else:
            x = self.project_norm(x.unflatten(1, shape))
        # channels_last: half the time of the transposed convolutions on a CPU (measured)
        return F.relu(x).contiguous(memory_format=torch.channels_last)


class Discriminator(nn.Module):
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
        norm_eps: float = 1e-8,
        leaky_slope: float = 0.2,
    ) -> None:
        super().__init__()
        self.image_size = image_size
        starts = (channels, *widths[:-1])
        self.layers = nn.ModuleList()
        for index, (start, end, stride) in enumerate(zip(starts, widths, strides, strict=True)):
            self.layers.append(
                ConvolutionBlock(
                    convolution(start, end, kernel=kernel, stride=stride),
                    nn.BatchNorm2d(end, norm_eps, BATCH_ONLY) if index else None,
                    slope=leaky_slope,
                )
            )
        self.head = nn.Linear(widths[-1] * base_size**2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        # the flat order is that of (C, H, W), whatever the memory format of the maps
        return self.head(x.flatten(1)).squeeze(1)

    def features(self, x: Tensor) -> list[Tensor]:
        """Maps after the activation of every convolution layer, (N, C_l, H_l, W_l) (paper §5.1)."""
        maps = []
        for layer in self.layers:
            x = layer(x)
            maps.append(x)
        return maps


def convolution(start: int, end: int, *, kernel: int, stride: int) -> nn.Conv2d:
    """Convolution to size / stride; 4x4 kernels only at stride 2."""
    return nn.Conv2d(start, end, kernel, stride, padding=(kernel - 1) // 2, bias=False)


def deconvolution(start: int, end: int, *, kernel: int, stride: int) -> nn.ConvTranspose2d:
    """Fractionally-strided convolution to size * stride (authors' ops.deconv)."""
    # An odd kernel at stride 2 leaves one row open; the authors' code forces size * stride.
    extra = stride - 1 if kernel % 2 else 0
    padding = (kernel - 1) // 2
    return nn.ConvTranspose2d(start, end, kernel, stride, padding, extra, bias=False)


def build_generator(spec: NetworkSpec, *, seed: int) -> Generator:
    """G of a spec with initial weights that are a function of the seed."""
    G = Generator(
        image_size=spec.image_size,
        channels=spec.channels,
        z_dim=spec.z_dim,
        widths=spec.generator_widths,
        strides=spec.generator_strides,
        kernel=spec.kernel,
        base_size=spec.base_size,
        first_norm=spec.first_norm,
        norm_eps=spec.norm_eps,
    )
    initialise(G, sd=spec.init_sd, seed=seed, purpose="weights of G")
    return G.to(memory_format=torch.channels_last)


def build_discriminator(spec: NetworkSpec, *, seed: int) -> Discriminator:
    """D of a spec with initial weights that are a function of the seed."""
    D = Discriminator(
        image_size=spec.image_size,
        channels=spec.channels,
        widths=spec.discriminator_widths,
        strides=spec.discriminator_strides,
        kernel=spec.kernel,
        base_size=spec.base_size,
        norm_eps=spec.norm_eps,
        leaky_slope=spec.leaky_slope,
    )
    initialise(D, sd=spec.init_sd, seed=seed, purpose="weights of D")
    return D.to(memory_format=torch.channels_last)


@torch.no_grad()
def initialise(network: nn.Module, *, sd: float, seed: int, purpose: str) -> None:
    """Weights N(0, sd) (paper §4); BN gains N(1, sd), BN biases 0 (authors' code)."""
    source = torch_generator(seed, purpose)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.weight.normal_(1, sd, generator=source)
            module.bias.zero_()
        elif isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            module.weight.normal_(0, sd, generator=source)


@torch.no_grad()
def freeze_statistics(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Set every BN layer's population statistics to the mean over batches, then eval().

    The authors' SVHN recipe: the mean of the batches' means and of their variances (here the
    unbiased ones, a factor 1 + 1/(N H W)). `batches` are inputs of the network on its device.
    Raises ValueError when there is no batch.
    """
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative average over the batches
    network.train()
    count = 0
    for batch in batches:
        network(batch)
        count += 1
    for norm in norms:
        norm.momentum = BATCH_ONLY
    if count == 0:
        raise ValueError("freeze_statistics needs at least one batch, found none")
    network.eval()


def parameter_count(network: nn.Module) -> int:
    """Number of trained parameters."""
    return sum(p.numel() for p in network.parameters())


def main() -> None:
    spec = NetworkSpec()
    for network in (build_generator(spec, seed=0), build_discriminator(spec, seed=0)):
        print(network)
        print(f"{parameter_count(network):,} parameters\n")


if __name__ == "__main__":
    main()
