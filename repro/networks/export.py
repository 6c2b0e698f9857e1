"""Export a frozen generator to the plain arrays with which a page draws, and draw with them.

Where in the flow: experiments/playable exports the face model with it
(repro.networks.plain_generator has the arrays) and compares the pictures of both.

    exported = export_generator(G);  pixels = exported_pictures(exported, z)
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.networks.dcgan import ConvolutionBlock, Generator, GeneratorNetwork
from repro.networks.plain_generator import ExportedGenerator, ExportedLayer


def export_generator(G: GeneratorNetwork) -> ExportedGenerator:
    """Fold and round a generator in eval mode, with frozen statistics.

    Raises ValueError for one in training mode, and for kinds other than the convolutional one.
    """
    if not isinstance(G, Generator):
        raise ValueError(
            f"only convolutional generators can be exported, not a {type(G).__name__}; give a "
            "model of another preset"
        )
    if not G.bounded:
        raise ValueError("a generator without tanh cannot be exported: the page's has one")
    if G.training:
        raise ValueError("the generator is in training mode: freeze its statistics, then eval()")
    layers = [_projection(G)]
    for block in G.layers:
        assert isinstance(block, ConvolutionBlock)  # all of them are
        conv = block.conv
        plain = torch.ones(conv.out_channels), torch.zeros(conv.out_channels)
        gain, bias = plain if block.norm is None else _folded(block.norm)
        weight = conv.weight.detach().permute(2, 3, 0, 1)  # (kernel, kernel, in, out)
        layers.append(
            ExportedLayer(
                *_rounded(weight, gain),
                bias.numpy(),
                block.slope,
                conv.stride[0],
                int(conv.padding[0]),
                int(conv.output_padding[0]),
            )
        )
    return ExportedGenerator(G.z_dim, G.image_size, G.channels, G.base_size, layers)


def _projection(G: Generator) -> ExportedLayer:
    """The dense layer, its units reordered from (map, row, column) to (row, column, map)."""
    units, side = G.project.out_features, G.base_size
    maps = units // side**2
    if isinstance(G.project_norm, nn.Identity):
        gain, bias = torch.ones(units), torch.zeros(units)
    else:
        gain, bias = _folded(G.project_norm)
    if isinstance(G.project_norm, nn.BatchNorm2d):  # one per map: the same for all its units
        gain, bias = (one.repeat_interleave(side**2) for one in (gain, bias))

    def ordered(values: Tensor) -> Tensor:
        """(..., units) by (map, row, column) -> by (row, column, map)."""
        return values.unflatten(-1, (maps, side, side)).movedim(-3, -1).flatten(-3)

    weight = ordered(G.project.weight.detach().T)  # (z_dim, units)
    return ExportedLayer(*_rounded(weight, ordered(gain)), ordered(bias).numpy(), G.slope)


def _folded(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Gain and bias, one per unit or map, equivalent to a frozen batch normalisation."""
    assert norm.running_mean is not None  # tracked in all of repro.networks.dcgan
    assert norm.running_var is not None
    gain = (norm.running_var + norm.eps).rsqrt()
    if norm.affine:
        gain = gain * norm.weight.detach()
    shift = norm.bias.detach() if norm.affine else torch.zeros_like(gain)
    return gain, shift - norm.running_mean * gain


def _rounded(weight: Tensor, gain: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """float16 weights (..., out) in [-1, 1], and the gain (out,) that restores their scale."""
    largest = weight.abs().flatten(0, -2).amax(0).clamp(min=1e-30)
    return (weight / largest).numpy().astype(np.float16), (gain * largest).numpy()


def exported_pictures(exported: ExportedGenerator, z: Tensor) -> Tensor:
    """z (N, z_dim) -> pictures (N, C, size, size) in [-1, 1], as the browser computes them."""
    first, *rest = exported.layers
    x = F.leaky_relu(
        z @ _float(first.weight) * _float(first.gain) + _float(first.bias), first.slope or 0.0
    )
    maps = x.unflatten(1, (exported.base_size, exported.base_size, -1)).permute(0, 3, 1, 2)
    for layer in rest:
        weight = _float(layer.weight).permute(2, 3, 0, 1)
        maps = F.conv_transpose2d(
            maps,
            weight,
            stride=layer.stride,
            padding=layer.padding,
            output_padding=layer.extra,
        )
        maps = maps * _float(layer.gain)[:, None, None] + _float(layer.bias)[:, None, None]
        maps = torch.tanh(maps) if layer.slope is None else F.leaky_relu(maps, layer.slope)
    return maps


def _float(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))
