"""A trained generator as plain arrays: batch normalisation folded in, 16-bit weights.

Where in the flow: between a model folder and a page that draws its pictures in a browser
(experiments/playable). A frozen batch normalisation is a gain and a bias per unit or map, so the
exported generator is one dense layer, transposed convolutions, a gain and a bias after each, and
the activations. Weights are stored as float16, divided by the largest of their map, so that no gain
can make them overflow. repro.networks.export creates them; this module has only the arrays, which
need no torch.

    ExportedGenerator.from_arrays(arrays).as_json()
"""

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class ExportedLayer:
    """result = activation(gain * (weight applied to the input) + bias).

    weight float16 in [-1, 1]: (inputs, units) for the projection, whose units are ordered by (row,
    column, map); (kernel, kernel, maps in, maps out) for a transposed convolution. gain, bias:
    float32, one per unit or map. slope: of the (leaky) ReLU; None for the last layer.
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
    """The projection of z, then transposed convolutions; pixels are in [-1, 1] (tanh)."""

    z_dim: int
    image_size: int
    channels: int
    base_size: int
    layers: list[ExportedLayer]

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
        """Arrays for an .npz file; `from_arrays` reads them back."""
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
        """Inverse of `arrays`; the mapping may contain other arrays too."""
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


def _base64(array: np.ndarray, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode("ascii")
