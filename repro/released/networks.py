"""Networks with the weights released by the paper's authors (SVHN, ImageNet 32x32), from a folder.

Where in the flow: experiments/verify_authors runs the chain of Tables 1 and 2 (features, linear
SVM) on them, to check that chain without any training of ours. The folder is `models` of a copy of
Newmu/dcgan_code (MIT licence), or one of the folders in it.

Theano's convolution flips the kernel, PyTorch's does not: every kernel is rotated by 180 degrees
here, in D and in G (unrotated, the released SVHN generator draws garbage; rotated, digits). The
authors' networks always normalise by the current batch, so no statistics were stored: G is frozen
here on batches of z, D by repro.networks.discriminator_inputs.freeze_on.

Missing arrays are reported, never guessed. A discriminator uses its leading complete layers; a
generator needs all arrays.

    python -m repro released FOLDER      prints which files are there and which are missing
    for one in released_networks(FOLDER): one.discriminator()
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from repro.classification.discriminator_features import POOLED
from repro.networks.dcgan import (
    ConvolutionBlock,
    Discriminator,
    Generator,
    freeze_statistics,
    initialise,
)
from repro.released.arrays import ReleasedError, read_array_list
from repro.released.layout import BASE, IdentifiedArrays, identify_arrays
from repro.rng import Distribution, latents

__all__ = ["Kind", "Released", "ReleasedError", "released_networks"]

Kind = Literal["svhn", "imagenet"]
KERNEL_OF_KIND: dict[Kind, int] = {"svhn": 5, "imagenet": 3}
KIND_OF_KERNEL = {kernel: kind for kind, kernel in KERNEL_OF_KIND.items()}
# The SVHN folder's name says gaussian; imagenet/load_pretrained.py of the authors draws U(-1, 1).
LATENTS: dict[Kind, Distribution] = {"svhn": "normal", "imagenet": "uniform"}
FILE = re.compile(r"(\d+)_(?:discrim|gen)_params\.jl(?:_\d+\.npy)?")
WHERE = "the folder `models` of https://github.com/Newmu/dcgan_code"
BATCH = 128  # number of z in a batch that freezes G


@dataclass(frozen=True)
class Released:
    """One released pair of networks, or the part of it that exists.

    name: of its folder; prefix: the number with which its files begin (probably passes over the
    images).
    """

    name: str
    prefix: int
    kind: Kind
    D: IdentifiedArrays
    G: IdentifiedArrays

    @property
    def layers(self) -> int:
        """Number of convolution layers of D (of G, where D has no index)."""
        return self.D.layers or self.G.layers

    @property
    def complete_layers(self) -> int:
        """Number of leading layers of D with all their arrays."""
        complete = 0
        while self.D.of_layer(complete + 1) and complete < self.D.layers:
            complete += 1
        return complete

    @property
    def missing(self) -> dict[str, str]:
        """Missing files with their contents: the discriminator's, the generator's."""
        return self.D.missing | self.G.missing

    @property
    def strides(self) -> tuple[int, ...]:
        """Strides of D's layers; G has them in reverse. Stride 2 throughout, or 1 and 2 in turn."""
        if self.kind == "svhn":
            return (2,) * self.layers
        return tuple(2 if layer % 2 else 1 for layer in range(self.layers))

    @property
    def image_size(self) -> int:
        """Side of the images in pixels."""
        return BASE * math.prod(self.strides)

    @property
    def widths(self) -> tuple[int, ...]:
        """Maps of the complete layers of D."""
        return tuple(self.D.sizes[f"width {i}"] for i in range(1, self.complete_layers + 1))

    @property
    def features(self) -> int:
        """Number of features per image from the complete layers of D."""
        return POOLED**2 * sum(self.widths)

    def discriminator(self) -> Discriminator:
        """D of the complete layers, without gradients; its statistics are not frozen yet.

        All of `features` is correct. Its logits are D's own only where every array exists: the last
        unit of the whole D does not fit on fewer layers, and is zero there.
        Raises ReleasedError where not even the first layer is complete.
        """
        D = self._bare_discriminator()
        for layer, block in enumerate(D.layers, 1):
            _fill(block, self.D.of_layer(layer) or {})
        last = self.D.of_layer(self.layers + 1)
        D.head.weight.zero_()
        if last and self.complete_layers == self.layers:
            D.head.weight.copy_(_tensor(last["weights"].T))
        return D.to(memory_format=torch.channels_last)

    def random_discriminator(self, seed: int) -> Discriminator:
        """The same complete layers with initial weights (paper §4: N(0, 0.02))."""
        D = self._bare_discriminator()
        initialise(D, sd=0.02, seed=seed, purpose="weights of D")
        return D.to(memory_format=torch.channels_last)

    def generator(self, *, seed: int = 42, batches: int = 50) -> Generator:
        """G, frozen on `batches` batches of 128 z, without gradients.

        Raises ReleasedError naming the files that are missing.
        """
        self._require_generator()
        sizes = self.G.sizes
        widths = tuple(sizes[f"width {layer}"] for layer in range(self.layers + 1))
        G = Generator(
            image_size=self.image_size,
            channels=widths[-1],
            z_dim=sizes["z"],
            widths=widths[:-1],
            strides=self.strides[::-1],
            kernel=sizes["kernel"],
            base_size=BASE,
        ).requires_grad_(False)
        projection = self.G.of_layer(0) or {}
        # (z, units), units in the order (channel, row, column)
        G.project.weight.copy_(_tensor(projection["weights"].T))
        _fill_norm(G.project_norm, projection)
        for layer, block in enumerate(G.layers, 1):
            _fill(block, self.G.of_layer(layer) or {})
        z = (
            self.latents(BATCH, seed=seed, purpose="released statistics z", index=index)
            for index in range(batches)
        )
        freeze_statistics(G.to(memory_format=torch.channels_last), z)
        return G

    def latents(self, n: int, *, seed: int, purpose: str, index: int = 0) -> Tensor:
        """n latent vectors (n, z_dim) from the distribution with which the networks were trained.

        Raises ReleasedError like `generator`.
        """
        self._require_generator()
        return latents(
            n,
            self.G.sizes["z"],
            seed=seed,
            purpose=purpose,
            index=index,
            distribution=LATENTS[self.kind],
        )

    def _require_generator(self) -> None:
        if self.G.missing:
            raise ReleasedError(
                f"{self.G.arrays.index.parent}: the generator needs all its arrays; missing: "
                f"{', '.join(self.G.missing)}; they are in {WHERE}"
            )

    def _bare_discriminator(self) -> Discriminator:
        used = self.complete_layers
        if used == 0:
            raise ReleasedError(
                f"{self.D.arrays.index.parent}: the discriminator's first layer is not complete; "
                f"missing: {', '.join(self.D.missing)}; they are in {WHERE}"
            )
        strides = self.strides[:used]
        return Discriminator(
            image_size=self.image_size,
            channels=self.D.sizes["width 0"],
            widths=self.widths,
            strides=strides,
            kernel=self.D.sizes["kernel"],
            base_size=self.image_size // math.prod(strides),
        ).requires_grad_(False)


def released_networks(folder: Path) -> list[Released]:
    """All released networks in `folder` or up to two folders below it, by name and number.

    Raises ReleasedError where there is none, and for unusable files.
    """
    if not folder.is_dir():
        raise ReleasedError(f"{folder}: no such folder; expected {WHERE}")
    places = sorted(set(_places(folder)))
    if not places:
        raise ReleasedError(
            f"{folder}: no released weights in it or two folders below, expected files such as "
            f"200_discrim_params.jl and 200_discrim_params.jl_01.npy; they are in {WHERE}"
        )
    return [_released(place, prefix) for place, prefix in places]


def _places(folder: Path) -> Iterator[tuple[Path, int]]:
    """Folders that hold released files, with the number at the beginning of their names."""
    for pattern in ("*", "*/*", "*/*/*"):
        for path in folder.glob(pattern):
            if found := FILE.fullmatch(path.name):
                yield path.parent, int(found[1])


def _released(folder: Path, prefix: int) -> Released:
    D = identify_arrays(read_array_list(folder / f"{prefix}_discrim_params.jl"), "discriminator")
    G = identify_arrays(read_array_list(folder / f"{prefix}_gen_params.jl"), "generator")
    kernels = {one.sizes["kernel"] for one in (D, G) if "kernel" in one.sizes}
    kind = KIND_OF_KERNEL.get(kernels.pop()) if len(kernels) == 1 else None
    layers = {one.layers for one in (D, G) if one.layers}
    # 3x3 kernels: layers of stride 1 and 2 in pairs
    if kind is None or len(layers) != 1 or (kind == "imagenet" and max(layers) % 2):
        raise ReleasedError(
            f"{folder}: files {prefix}_*_params.jl are not one of the released pairs: expected "
            "kernels 5x5 (SVHN) or 3x3 (ImageNet, an even number of layers), as many layers in D "
            f"as in G; found {_found(D)}, {_found(G)}"
        )
    return Released(folder.resolve().name, prefix, kind, D, G)


def _found(one: IdentifiedArrays) -> str:
    if not one.arrays.indexed:
        return f"no index of the {one.which}"
    kernel = one.sizes.get("kernel")
    return f"a {one.which} of {one.layers} layers" + (f", kernels {kernel}" if kernel else "")


def _fill(block: nn.Module, arrays: dict[str, np.ndarray]) -> None:
    """Set the kernels, rotated by 180 degrees, and gain and bias where the layer has them."""
    assert isinstance(block, ConvolutionBlock)
    block.conv.weight.copy_(_tensor(arrays["kernels"][:, :, ::-1, ::-1]))
    if block.norm is not None:
        _fill_norm(block.norm, arrays)


def _fill_norm(norm: nn.Module, arrays: dict[str, np.ndarray]) -> None:
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    norm.weight.copy_(_tensor(arrays["gain"]))
    norm.bias.copy_(_tensor(arrays["bias"]))


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))


def description(one: Released) -> str:
    """Description of a released pair, in a few lines."""
    used, widths = one.complete_layers, "-".join(map(str, one.widths)) or "none"
    size, kernel = one.image_size, KERNEL_OF_KIND[one.kind]
    lines = [
        f"{one.name}: {one.kind}, files {one.prefix}_*, {size}x{size}, kernels {kernel}x{kernel}",
        f"  discriminator: {_count(one.D)}; usable layers: the first {used} of {one.layers} "
        f"({widths} maps), {one.features:,} features",
        f"  generator: {_count(one.G)}; {'not usable' if one.G.missing else 'complete'}",
    ]
    return "\n".join(lines + [f"  missing: {file} ({what})" for file, what in one.missing.items()])


def _count(one: IdentifiedArrays) -> str:
    there = sum(array is not None for array in one.arrays.arrays)
    return f"{there} of {len(one.arrays.files)} arrays"
