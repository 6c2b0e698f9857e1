"""Generative adversarial networks without a convolution: dense layers from z to pixels and back.

Two of them are presets: `vanilla_gan`, the network most people meet first, and `mnist_gan_fc`, the
paper's baseline of Table 3 ("GAN (ours)"), a conditional multilayer perceptron with the batch
normalisation of the DCGAN. Labels, where present, join the input of every layer.

Where in the flow: repro.networks.build creates these networks, repro.train.trainer trains them.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from repro.networks.conditional import joined, one_hot
from repro.networks.dcgan import (
    BATCH_ONLY,
    DiscriminatorNetwork,
    GeneratorNetwork,
    refuse_labels,
    to_pixels,
)
from repro.specs.network import NetworkSpec


class DenseBlock(nn.Module):
    """Dense layer, batch normalisation if any, leaky ReLU."""

    def __init__(self, linear: nn.Linear, norm: nn.BatchNorm1d | None, slope: float) -> None:
        super().__init__()
        self.linear, self.norm, self.slope = linear, norm, slope

    def forward(self, x: Tensor) -> Tensor:
        x = self.linear(x)
        if self.norm is not None:
            x = self.norm(x)
        return F.leaky_relu(x, self.slope)


class DenseGenerator(GeneratorNetwork):
    """z (N, z_dim), labels (N,) or None -> images (N, channels, size, size) in [pixel_low, 1]."""

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__(
            image_size=spec.image_size,
            channels=spec.channels,
            z_dim=spec.z_dim,
            classes=spec.classes,
            pixel_low=spec.pixel_low,
        )
        units = spec.generator_units
        normed = [spec.first_norm != "none"] + [True] * (len(units) - 1)
        self.layers = blocks(spec, spec.z_dim, units, normed=normed, slope=spec.generator_slope)
        self.out = nn.Linear(units[-1] + spec.classes, spec.pixels, bias=spec.biases)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        refuse_labels(self, labels)
        hot = one_hot(labels, self.classes)
        for layer in self.layers:
            z = layer(joined(z, hot))
        pixels = self.out(joined(z, hot))
        return to_pixels(pixels, low=self.pixel_low).unflatten(
            1, (self.channels, self.image_size, self.image_size)
        )


class DenseDiscriminator(DiscriminatorNetwork):
    """Images (N, channels, size, size), labels (N,) or None -> logits (N,)."""

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__(image_size=spec.image_size, channels=spec.channels, classes=spec.classes)
        units = spec.discriminator_units
        normed = [False] + [spec.discriminator_norm] * (len(units) - 1)
        self.layers = blocks(spec, spec.pixels, units, normed=normed, slope=spec.leaky_slope)
        self.head = nn.Linear(units[-1] + spec.classes, 1, bias=spec.biases)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        refuse_labels(self, labels)
        x, hot = x.flatten(1), one_hot(labels, self.classes)
        for layer in self.layers:
            x = layer(joined(x, hot))
        return self.head(joined(x, hot)).squeeze(1)


def blocks(
    spec: NetworkSpec, start: int, units: tuple[int, ...], *, normed: list[bool], slope: float
) -> nn.ModuleList:
    """Dense blocks from `start` inputs through `units`, each with room for the labels."""
    made = nn.ModuleList()
    for begin, end, norm in zip((start, *units[:-1]), units, normed, strict=True):
        linear = nn.Linear(begin + spec.classes, end, bias=spec.biases)
        batch_norm = nn.BatchNorm1d(end, spec.norm_eps, BATCH_ONLY, spec.norm_affine)
        made.append(DenseBlock(linear, batch_norm if norm else None, slope))
    return made
