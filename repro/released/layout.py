"""Identify each array in the released lists, and check that their shapes fit each other.

Where in the flow: between repro.released.arrays, which reads lists, and repro.released.networks,
which builds networks from them. In the authors' scripts a network is a flat list of parameters
(shapes: their released files):

    D: kernels of layer 1; for each further layer kernels, gain, bias; weights of the last unit
    G: weights, gain, bias of the projection; for each layer kernels, gain, bias; for the last
       layer only kernels

Gain and bias belong to batch normalisation; in G's projection there is one of each per unit.
Kernels are (out, in, k, k) in D and (in, out, k, k) in G, as in PyTorch except for the rotation
(see repro.released.networks).

Alone: `identify_arrays(arrays, "discriminator")`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from repro.released.arrays import ArrayList, ReleasedError

BASE = 4  # side of D's last maps and of G's first ones, in both released pairs
Which = Literal["discriminator", "generator"]
Size = tuple[str, int]  # a named size and a factor: ("width 2", 16) is 16 times width 2
ONE: Size = ("one", 1)
KERNEL: tuple[Size, Size] = (("kernel", 1), ("kernel", 1))


@dataclass(frozen=True)
class Part:
    """One array of a network. layer: 1 for the first convolution; 0: G's projection of z."""

    layer: int
    what: str  # kernels, weights, gain or bias
    sizes: tuple[Size, ...]


@dataclass(frozen=True)
class IdentifiedArrays:
    """A list of identified arrays, with the sizes on which the existing ones agree."""

    which: Which
    arrays: ArrayList
    parts: tuple[Part, ...]
    sizes: dict[str, int]

    @property
    def layers(self) -> int:
        """Number of convolution layers, from the length of the index; 0 without one."""
        return max((part.layer for part in self.parts if part.what == "kernels"), default=0)

    @property
    def missing(self) -> dict[str, str]:
        """Files that the network needs and that are missing, with their contents."""
        if not self.arrays.indexed:
            unordered = len(self.arrays.unnamed)
            what = f"index of the {self.which}; {unordered} of its .npy files are there, unordered"
            return {self.arrays.index.name: what if unordered else f"index of the {self.which}"}
        entries = zip(self.arrays.files, self.arrays.arrays, self.parts, strict=True)
        return {file: self._described(part) for file, array, part in entries if array is None}

    def of_layer(self, layer: int) -> dict[str, np.ndarray] | None:
        """Arrays of a layer by type; None where one of them is missing."""
        found = {
            part.what: array
            for part, array in zip(self.parts, self.arrays.arrays, strict=True)
            if part.layer == layer
        }
        there = {what: array for what, array in found.items() if array is not None}
        return there if found and len(there) == len(found) else None

    def _described(self, part: Part) -> str:
        if part.what == "weights":
            place = "projection" if self.which == "generator" else "last unit"
        elif part.layer == 0:
            place = "projection"
        else:
            place = f"layer {part.layer}"
        return f"{self.which}, {place}, {part.what}"


def identify_arrays(arrays: ArrayList, which: Which) -> IdentifiedArrays:
    """Identify the arrays by their order. Raises ReleasedError where shapes do not fit."""
    if not arrays.indexed:
        return IdentifiedArrays(which, arrays, (), {})
    parts = _discriminator(arrays) if which == "discriminator" else _generator(arrays)
    return IdentifiedArrays(which, arrays, parts, _agreed_sizes(arrays, parts))


def _discriminator(arrays: ArrayList) -> tuple[Part, ...]:
    layers = _layer_count(arrays, others=2)
    parts = []
    for layer in range(1, layers + 1):
        before, width = (f"width {layer - 1}", 1), (f"width {layer}", 1)
        parts.append(Part(layer, "kernels", (width, before, *KERNEL)))
        if layer > 1:
            parts += [Part(layer, what, (width,)) for what in ("gain", "bias")]
    parts.append(Part(layers + 1, "weights", ((f"width {layers}", BASE**2), ONE)))
    return tuple(parts)


def _generator(arrays: ArrayList) -> tuple[Part, ...]:
    layers = _layer_count(arrays, others=4)
    units = ("width 0", BASE**2)
    parts = [Part(0, "weights", (("z", 1), units)), Part(0, "gain", (units,))]
    parts.append(Part(0, "bias", (units,)))
    for layer in range(1, layers + 1):
        before, width = (f"width {layer - 1}", 1), (f"width {layer}", 1)
        parts.append(Part(layer, "kernels", (before, width, *KERNEL)))
        if layer < layers:
            parts += [Part(layer, what, (width,)) for what in ("gain", "bias")]
    return tuple(parts)


def _layer_count(arrays: ArrayList, *, others: int) -> int:
    """Number of layers in a list of three arrays per layer, plus `others`."""
    count = len(arrays.files)
    if count < others or (count - others) % 3:
        raise ReleasedError(
            f"{arrays.index}: names {count} arrays, expected {others}, {others + 3}, "
            f"{others + 6} and so on: it is not a network in the authors' layout"
        )
    return 1 + (count - others) // 3


def _agreed_sizes(arrays: ArrayList, parts: tuple[Part, ...]) -> dict[str, int]:
    """Sizes by name. Raises ReleasedError naming the first array that contradicts earlier ones."""
    sizes = {"one": 1}
    for file, array, part in zip(arrays.files, arrays.arrays, parts, strict=True):
        if array is None:
            continue
        fits = array.ndim == len(part.sizes)
        for found, (name, factor) in zip(array.shape, part.sizes, strict=False):
            fits = fits and found % factor == 0
            fits = fits and sizes.setdefault(name, found // factor) == found // factor
        if not fits:
            raise ReleasedError(
                f"{arrays.index.with_name(file)}: shape {array.shape}, expected "
                f"({_wanted(part, sizes)}) after the arrays before it (in brackets: sizes that "
                "they leave open); download the folder again"
            )
    return sizes


def _wanted(part: Part, sizes: dict[str, int]) -> str:
    words = []
    for name, factor in part.sizes:
        times = f"{factor} x " if factor > 1 else ""
        words.append(str(sizes[name] * factor) if name in sizes else f"[{times}{name}]")
    return ", ".join(words)
