"""The DCGAN of common ports: nn.Sequential networks and a step in PyTorch's plainest way.

Where in the flow: repro.bench.train times the library's step against this one.
"""

import numpy as np
import torch
from torch import Tensor, nn

from repro.specs.network import NetworkSpec
from repro.train.minibatches import Images


class PlainLoop:
    """Networks and step as in common ports of DCGAN."""

    def __init__(
        self, network: NetworkSpec, images: Images, *, batch: int, device: torch.device
    ) -> None:
        self.images, self.batch, self.device, self.z_dim = images, batch, device, network.z_dim
        self.G = plain_generator(network).to(device)
        self.D = plain_discriminator(network).to(device)
        self.adam_g = torch.optim.Adam(self.G.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.adam_d = torch.optim.Adam(self.D.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.loss = nn.BCELoss()

    def step(self, t: int) -> None:
        start = t * self.batch % (len(self.images) - self.batch + 1)
        real = self.images.batch(np.arange(start, start + self.batch)).contiguous()
        ones = torch.ones(self.batch, device=self.device)
        self.D.zero_grad()
        on_real = self._decide(real, ones)
        on_real.backward()
        fake = self.G(torch.randn(self.batch, self.z_dim, device=self.device))
        on_fake = self._decide(fake.detach(), torch.zeros_like(ones))
        on_fake.backward()
        self.adam_d.step()
        self.G.zero_grad()
        fooled = self._decide(fake, ones)
        fooled.backward()
        self.adam_g.step()
        for loss in (on_real, on_fake, fooled):
            loss.item()

    def _decide(self, images: Tensor, wanted: Tensor) -> Tensor:
        return self.loss(self.D(images).flatten(), wanted)


def plain_generator(network: NetworkSpec) -> nn.Sequential:
    """G of a convolutional spec as one nn.Sequential, z as a 1x1 map."""
    widths = (*network.generator_widths, network.channels)
    layers: list[nn.Module] = [
        nn.Unflatten(1, (network.z_dim, 1, 1)),
        nn.ConvTranspose2d(network.z_dim, widths[0], network.base_size, 1, 0, bias=False),
    ]
    pairs = zip(widths[:-1], widths[1:], network.generator_strides, strict=True)
    for start, end, stride in pairs:
        padding, extra = (network.kernel - 1) // 2, stride - 1 if network.kernel % 2 else 0
        layers += [nn.BatchNorm2d(start), nn.ReLU(inplace=True)]
        layers += [
            nn.ConvTranspose2d(start, end, network.kernel, stride, padding, extra, bias=False)
        ]
    return nn.Sequential(*layers, nn.Tanh())


def plain_discriminator(network: NetworkSpec) -> nn.Sequential:
    """D of a convolutional spec as one nn.Sequential that ends in a sigmoid."""
    widths = (network.channels, *network.discriminator_widths)
    layers: list[nn.Module] = []
    pairs = zip(widths[:-1], widths[1:], network.discriminator_strides, strict=True)
    for number, (start, end, stride) in enumerate(pairs):
        padding = (network.kernel - 1) // 2
        layers += [nn.Conv2d(start, end, network.kernel, stride, padding, bias=False)]
        layers += [nn.BatchNorm2d(end)] if number else []
        layers += [nn.LeakyReLU(0.2, inplace=True)]
    head = nn.Conv2d(widths[-1], 1, network.base_size, 1, 0, bias=False)
    return nn.Sequential(*layers, head, nn.Sigmoid())
