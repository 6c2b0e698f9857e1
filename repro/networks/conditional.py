"""The conditional DCGAN of MNIST (paper §8.1; authors' mnist/train_cond_dcgan.py).

The one-hot label joins the input of every layer: appended to the units of a dense layer, and as
constant maps to the maps of a convolution (the maps themselves are never built). Besides the layers
of Fig 1 each network has a hidden dense layer of 1,024 units. The paper removed gain and bias of
batch normalisation for this model and its fully connected baseline (`norm_affine: false` in the
presets); pixels are in [0, 1] and the output is a sigmoid.

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
from repro.networks.patch_products import Convolution, TransposedConvolution
from repro.specs.network import NetworkSpec


def one_hot(labels: Tensor | None, classes: int) -> Tensor | None:
    """Labels (N,) int64 as (N, classes) float32; None for a network without classes."""
    return None if labels is None else F.one_hot(labels, classes).float()


def joined(x: Tensor, hot: Tensor | None) -> Tensor:
    """Append one-hot labels (N, classes) to the units of x (N, U)."""
    return x if hot is None else torch.cat([x, hot.to(x.dtype)], dim=1)


class LabelledConvolution(Convolution):
    """A convolution whose last input maps are the one-hot label: one map is 1 all over, the rest 0.

    Such maps add to the output only what the label's own weights give, the same for all images of a
    class; it is computed once for each class. MNIST's networks thus train 1.2 times as fast as with
    joined maps.
    """

    def forward(self, x: Tensor, hot: Tensor) -> Tensor:  # type: ignore[override]
        """x (N, C, side, side), hot (N, classes) -> (N, maps, side / stride, side / stride)."""
        own, of_labels = self.weight.split((x.shape[1], hot.shape[1]), dim=1)
        return self.by(x, own) + _picked(self.by(_maps_of_classes(hot, x.shape[2]), of_labels), hot)


class LabelledTransposedConvolution(TransposedConvolution):
    """A transposed convolution whose last input maps are the one-hot label, in the same way."""

    def forward(self, x: Tensor, hot: Tensor) -> Tensor:  # type: ignore[override]
        """x (N, C, side, side), hot (N, classes) -> (N, maps, side * stride, side * stride)."""
        own, of_labels = self.weight.split((x.shape[1], hot.shape[1]))
        return self.by(x, own) + _picked(self.by(_maps_of_classes(hot, x.shape[2]), of_labels), hot)


def _maps_of_classes(hot: Tensor, side: int) -> Tensor:
    """The label maps of every class: (classes, classes, side, side)."""
    each = torch.eye(hot.shape[1], dtype=hot.dtype, device=hot.device)
    maps = each[:, :, None, None].expand(-1, -1, side, side)
    return maps.contiguous(memory_format=torch.channels_last)


def _picked(of_classes: Tensor, hot: Tensor) -> Tensor:
    """For each image the maps of its class, from (classes, C, H, W), in channels_last."""
    rows = of_classes.permute(0, 2, 3, 1)
    # a product, because the gradient of indexing adds up images one by one
    return (hot.to(rows.dtype) @ rows.flatten(1)).view(-1, *rows.shape[1:]).permute(0, 3, 1, 2)


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
                start + spec.classes,
                end or spec.channels,
                kernel=spec.kernel,
                stride=2,
                kind=LabelledTransposedConvolution,
            )
            batch_norm = nn.BatchNorm2d(end, *norm) if end else None
            self.layers.append(ConvolutionBlock(conv, batch_norm, self.slope if end else None))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        refuse_labels(self, labels)
        hot = one_hot(labels, self.classes)
        x = self.hidden_norm(self.hidden(joined(z, hot)))
        x = self.project(joined(F.leaky_relu(x, self.slope), hot))
        x = F.leaky_relu(normed_maps(x, self.project_norm, side=self.base_size), self.slope)
        for layer in self.layers:
            x = layer(x, hot)
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
            conv = convolution(
                start + spec.classes, end, kernel=spec.kernel, stride=2, kind=LabelledConvolution
            )
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
        hot = one_hot(labels, self.classes)
        for layer in self.layers:
            x = layer(x, hot)
        x = self.hidden_norm(self.hidden(joined(x.flatten(1), hot)))
        x = F.leaky_relu(x, self.slope)
        return self.head(joined(x, hot)).squeeze(1)
