"""A trained generator as plain arrays: batch normalisation folded in, 16-bit weights.

Between a model folder and a page that draws its pictures in a browser (experiments/playable). A
frozen batch normalisation is a gain and a bias per unit or map, so the exported generator is one
dense layer, transposed convolutions, a gain and a bias after each, and the activations. Weights are
kept as float16 over the largest of their map, so that no gain can make them overflow.

    exported = export_generator(G);  pixels = exported(z)       # what the browser computes
"""

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from repro.networks import ConvolutionBlock, Generator, GeneratorNetwork


@dataclass(frozen=True, eq=False)
class ExportedLayer:
    """result = activation(gain * (weight applied to the input) + bias).

    weight float16 in [-1, 1]: (inputs, units) of the projection, whose units are ordered by (row,
    column, map); (kernel, kernel, maps in, maps out) of a transposed convolution. gain, bias
    float32, one a unit or map. slope: of the (leaky) ReLU; None for the last layer.
    """

    weight: np.ndarray
    gain: np.ndarray
    bias: np.ndarray
    slope: float | None
    stride: int = 1
    padding: int = 0
    extra: int = 0  # rows and columns added below and to the right (output_padding)


@dataclass(frozen=True, eq=False)
class ExportedGenerator:
    """The projection of z, then transposed convolutions; pixels lie in [-1, 1] (tanh)."""

    z_dim: int
    image_size: int
    channels: int
    base_size: int
    layers: list[ExportedLayer]

    def __call__(self, z: Tensor) -> Tensor:
        """z (N, z_dim) -> pictures (N, C, size, size) in [-1, 1], by the rounded arrays."""
        first, *rest = self.layers
        x = F.leaky_relu(
            z @ _float(first.weight) * _float(first.gain) + _float(first.bias), first.slope or 0.0
        )
        maps = x.unflatten(1, (self.base_size, self.base_size, -1)).permute(0, 3, 1, 2)
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

    def as_json(self) -> dict[str, Any]:
        """Everything a page needs; arrays as base64 of little-endian bytes."""
        return {
            "z_dim": self.z_dim,
            "image_size": self.image_size,
            "channels": self.channels,
            "base_size": self.base_size,
            "layers": [
                {
                    "weight": _base64(layer.weight, "<f2"),
                    "gain": _base64(layer.gain, "<f4"),
                    "bias": _base64(layer.bias, "<f4"),
                    "kernel": layer.weight.shape[0] if layer.weight.ndim == 4 else 0,
                    "maps": int(layer.weight.shape[-1]),
                    "slope": layer.slope,
                    "stride": layer.stride,
                    "padding": layer.padding,
                    "extra": layer.extra,
                }
                for layer in self.layers
            ],
        }

    def arrays(self) -> dict[str, np.ndarray]:
        """For an .npz file; `from_arrays` reads them back."""
        shape = [self.z_dim, self.image_size, self.channels, self.base_size]
        made = {"shape": np.array(shape)}
        for number, layer in enumerate(self.layers):
            slope = np.nan if layer.slope is None else layer.slope
            made |= {
                f"layer{number}_weight": layer.weight,
                f"layer{number}_gain": layer.gain,
                f"layer{number}_bias": layer.bias,
                f"layer{number}_how": np.array([slope, layer.stride, layer.padding, layer.extra]),
            }
        return made

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "ExportedGenerator":
        """What `arrays` gave; other arrays may be among them."""
        layers: list[ExportedLayer] = []
        while f"layer{len(layers)}_weight" in arrays:
            name = f"layer{len(layers)}"
            slope, stride, padding, extra = arrays[f"{name}_how"].tolist()
            weight, gain, bias = (arrays[f"{name}_{kind}"] for kind in ("weight", "gain", "bias"))
            given = None if np.isnan(slope) else float(slope)
            layers.append(
                ExportedLayer(weight, gain, bias, given, int(stride), int(padding), int(extra))
            )
        z_dim, image_size, channels, base_size = arrays["shape"].tolist()
        return cls(z_dim, image_size, channels, base_size, layers)


def export_generator(G: GeneratorNetwork) -> ExportedGenerator:
    """Fold and round a generator in eval mode, with frozen statistics.

    Raises ValueError for one in training mode, and for other kinds than the convolutional one.
    """
    if not isinstance(G, Generator):
        raise ValueError(
            f"only convolutional generators can be exported, not a {type(G).__name__}; give a "
            "model of another preset"
        )
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
    """The dense layer, its units from (map, row, column) to (row, column, map)."""
    units, side = G.project.out_features, G.base_size
    maps = units // side**2
    gain, bias = _folded(G.project_norm)
    if isinstance(G.project_norm, nn.BatchNorm2d):  # one a map: the same for all its units
        gain, bias = (one.repeat_interleave(side**2) for one in (gain, bias))

    def ordered(values: Tensor) -> Tensor:
        """(..., units) by (map, row, column) -> by (row, column, map)."""
        return values.unflatten(-1, (maps, side, side)).movedim(-3, -1).flatten(-3)

    weight = ordered(G.project.weight.detach().T)  # (z_dim, units)
    return ExportedLayer(*_rounded(weight, ordered(gain)), ordered(bias).numpy(), G.slope)


def _folded(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Gain and bias, one a unit or map, that a frozen batch normalisation is."""
    assert norm.running_mean is not None  # tracked in all of repro.networks
    assert norm.running_var is not None
    gain = (norm.running_var + norm.eps).rsqrt()
    if norm.affine:
        gain = gain * norm.weight.detach()
    shift = norm.bias.detach() if norm.affine else torch.zeros_like(gain)
    return gain, shift - norm.running_mean * gain


def _rounded(weight: Tensor, gain: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """float16 weights (..., out) in [-1, 1], and the gain (out,) that makes up for it."""
    largest = weight.abs().flatten(0, -2).amax(0).clamp(min=1e-30)
    return (weight / largest).numpy().astype(np.float16), (gain * largest).numpy()


def _float(array: np.ndarray) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))


def _base64(array: np.ndarray, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode("ascii")
