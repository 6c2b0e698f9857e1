"""The conditional DCGAN of MNIST (paper §8.1; authors' mnist/train_cond_dcgan.py).

The one-hot label joins the input of every layer: appended to the units of a dense layer, and as
constant maps to the maps of a convolution. Besides the layers of Fig 1 each network has a hidden
dense layer of 1,024 units. The paper removed gain and bias of batch normalisation for this model
and its fully connected baseline (`norm_affine: false` in the presets); pixels are in [0, 1] and the
output is a sigmoid.

Where in the flow: repro.networks.build creates these networks, repro.train.trainer trains them.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.networks.dcgan import (
    BATCH_ONLY,
    ConvolutionBlock,
    DiscriminatorNetwork,
    GeneratorNetwork,
    convolution,
    deconvolution,
    normed_maps,
    projection_norm,
    refuse_labels,
    to_pixels,
)
from repro.specs.network import NetworkSpec


def joined(x: Tensor, labels: Tensor | None, classes: int) -> Tensor:
    """Append the one-hot labels (N,) to the units of x (N, U), or to its maps (N, C, H, W)."""
    if labels is None:
        return x
    hot = F.one_hot(labels, classes).to(x.dtype)  # (N, classes)
    if x.dim() == 4:
        hot = hot[:, :, None, None].expand(-1, -1, *x.shape[2:])
        return torch.cat([x, hot], dim=1).contiguous(memory_format=torch.channels_last)
    return torch.cat([x, hot], dim=1)


class ConditionalGenerator(GeneratorNetwork):
    """z (N, z_dim), labels (N,) -> images (N, channels, size, size) in [pixel_low, 1]."""

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__(
            image_size=spec.image_size,
            channels=spec.channels,
            z_dim=spec.z_dim,
            classes=spec.classes,
            pixel_low=spec.pixel_low,
        )
        widths, self.slope = spec.generator_widths, spec.generator_slope
        norm = (spec.norm_eps, BATCH_ONLY, spec.norm_affine)
        self.base_size = spec.base_size
        units = widths[0] * spec.base_size**2
        self.hidden = nn.Linear(spec.z_dim + spec.classes, spec.hidden_units, bias=False)
        self.hidden_norm = nn.BatchNorm1d(spec.hidden_units, *norm)
        self.project = nn.Linear(spec.hidden_units + spec.classes, units, bias=False)
        self.project_norm = projection_norm(spec.first_norm, widths[0], units, norm)
        self.layers = nn.ModuleList()
        for start, end in zip(widths, (*widths[1:], None), strict=True):
            conv = deconvolution(
                start + spec.classes, end or spec.channels, kernel=spec.kernel, stride=2
            )
            batch_norm = nn.BatchNorm2d(end, *norm) if end else None
            self.layers.append(ConvolutionBlock(conv, batch_norm, self.slope if end else None))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        refuse_labels(self, labels)
        x = self.hidden_norm(self.hidden(joined(z, labels, self.classes)))
        x = self.project(joined(F.leaky_relu(x, self.slope), labels, self.classes))
        x = F.leaky_relu(normed_maps(x, self.project_norm, side=self.base_size), self.slope)
        for layer in self.layers:
            x = layer(joined(x, labels, self.classes))
        return to_pixels(x, low=self.pixel_low)


class ConditionalDiscriminator(DiscriminatorNetwork):
    """Images (N, channels, size, size), labels (N,) -> logits (N,)."""

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__(image_size=spec.image_size, channels=spec.channels, classes=spec.classes)
        widths, self.slope = spec.discriminator_widths, spec.leaky_slope
        norm = (spec.norm_eps, BATCH_ONLY, spec.norm_affine)
        self.layers = nn.ModuleList()
        starts = (spec.channels, *widths[:-1])
        for index, (start, end) in enumerate(zip(starts, widths, strict=True)):
            conv = convolution(start + spec.classes, end, kernel=spec.kernel, stride=2)
            normed = spec.discriminator_norm and index > 0
            batch_norm = nn.BatchNorm2d(end, *norm) if normed else None
            self.layers.append(ConvolutionBlock(conv, batch_norm, self.slope))
        units = widths[-1] * spec.base_size**2
        self.hidden = nn.Linear(units + spec.classes, spec.hidden_units, bias=False)
        self.hidden_norm = (
            nn.BatchNorm1d(spec.hidden_units, *norm) if spec.discriminator_norm else nn.Identity()
        )
        self.head = nn.Linear(spec.hidden_units + spec.classes, 1, bias=False)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        refuse_labels(self, labels)
        for layer in self.layers:
            x = layer(joined(x, labels, self.classes))
        x = self.hidden_norm(self.hidden(joined(x.flatten(1), labels, self.classes)))
        x = F.leaky_relu(x, self.slope)
        return self.head(joined(x, labels, self.classes)).squeeze(1)
