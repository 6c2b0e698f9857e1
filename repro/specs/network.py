"""Shapes of G and D as a preset or run file specifies them; the paper's values are the defaults.

This is a part of repro.specs.model and repro.specs.presets (`python -m repro settings` prints every
field); repro.networks.build reads it and builds the networks. There are three kinds: the
convolutional networks of Fig 1, the conditional ones of the authors' MNIST script, and fully
connected ones.
"""

import math
from typing import Literal

from pydantic import Field, model_validator

from repro.specs.validation import Strict

__all__ = ["NetworkSpec"]


class NetworkSpec(Strict):
    """Shapes of G and D (paper §3, Fig 1; authors' code). Depth follows from the image size."""

    kind: Literal["convolutional", "conditional", "fully_connected"] = Field(
        "convolutional",
        description="convolutional: Fig 1; conditional: labels joined to every layer, a hidden "
        "fully connected layer (authors' MNIST code); fully_connected: no convolution at all",
    )
    image_size: int = Field(64, ge=8, le=256, description="pixels per side (paper Fig 1)")
    channels: Literal[1, 3] = Field(3, description="1 grey, 3 RGB")
    classes: int = Field(
        0, ge=0, description="classes whose label joins the input of every layer; 0 = no labels"
    )
    pixel_low: Literal[-1, 0] = Field(
        -1, description="black: -1 with tanh (paper §3), 0 with a sigmoid (authors' MNIST code)"
    )
    z_dim: int = Field(100, ge=1, description="length of z (paper Fig 1)")
    z_distribution: Literal["uniform", "normal"] = Field(
        "uniform",
        description="uniform (paper Fig 1) = U(-1, 1), authors' scripts; normal = N(0, 1), "
        "Torch port",
    )
    ngf: int = Field(128, ge=1, description="maps of G's last hidden layer (paper Fig 1)")
    ndf: int = Field(128, ge=1, description="maps of D's first layer (authors' faces script)")
    layers: Literal["doubling", "paired"] = Field(
        "doubling",
        description="doubling: stride 2 at every layer (Fig 1); paired: stride 1 and 2 in turn "
        "(the released ImageNet 32x32 networks)",
    )
    kernel: Literal[3, 4, 5] = Field(5, description="side of all kernels (paper Fig 1: 5)")
    base_size: int = Field(
        4, ge=2, le=8, description="side of the first map of G, last of D (paper Fig 1)"
    )
    hidden_units: int = Field(
        1024, ge=1, description="conditional: units of the hidden layers (authors' MNIST code)"
    )
    generator_units: tuple[int, ...] = Field((), description="fully_connected: G's hidden layers")
    discriminator_units: tuple[int, ...] = Field(
        (), description="fully_connected: D's hidden layers"
    )
    biases: bool = Field(False, description="fully_connected: biases in addition to the weights")
    first_norm: Literal["per_unit", "per_channel", "none"] = Field(
        "per_unit",
        description="batch normalisation of G's first layer; per_unit: authors' code; "
        "none: fully_connected only",
    )
    norm: Literal["inner", "all", "none"] = Field(
        "inner",
        description="convolutional: layers with batch normalisation; inner: all but G's output and "
        "D's input (paper §3); all: these too; none: no layer of either network",
    )
    discriminator_norm: bool = Field(
        True, description="batch normalisation in D, except in its first layer (paper §3)"
    )
    norm_affine: bool = Field(
        True, description="gain and bias of batch normalisation (§8.1: none on MNIST)"
    )
    norm_eps: float = Field(1e-8, gt=0, description="batch normalisation's epsilon, authors' code")
    generator_slope: float = Field(
        0.0, ge=0, lt=1, description="G's leaky ReLU; 0 = ReLU (paper §3)"
    )
    leaky_slope: float = Field(0.2, ge=0, lt=1, description="D's leaky ReLU (paper §4)")
    average_pooling: bool = Field(
        False,
        description="convolutional: D's last maps are averaged to one value each before its last "
        "unit (paper §3: tried, not kept)",
    )
    bounded: bool = Field(
        True, description="convolutional: tanh at G's output (paper §3); false: no activation"
    )
    init: Literal["normal", "fan_in"] = Field(
        "normal",
        description="normal: weights N(0, init_sd), BN gains N(1, init_sd); fan_in: PyTorch's "
        "uniform default, U(-1, 1) / sqrt(inputs), BN gains 1",
    )
    init_sd: float = Field(0.02, gt=0, description="weights N(0, sd), BN gains N(1, sd) (paper §4)")

    @property
    def doublings(self) -> int:
        """Number of stride-2 layers between base_size and image_size."""
        return round(math.log2(self.image_size / self.base_size))

    @property
    def generator_widths(self) -> tuple[int, ...]:
        """Maps entering each of G's transposed convolutions; the first is the projection's."""
        widths = [self.ngf * 2**i for i in reversed(range(self.doublings))]
        return tuple(widths) if self.layers == "doubling" else _twice(widths)

    @property
    def discriminator_widths(self) -> tuple[int, ...]:
        """Maps leaving each of D's convolutions."""
        widths = [self.ndf * 2**i for i in range(self.doublings)]
        return tuple(widths) if self.layers == "doubling" else _twice(widths)

    @property
    def generator_strides(self) -> tuple[int, ...]:
        return (2,) * self.doublings if self.layers == "doubling" else (2, 1) * self.doublings

    @property
    def discriminator_strides(self) -> tuple[int, ...]:
        return (2,) * self.doublings if self.layers == "doubling" else (1, 2) * self.doublings

    @property
    def pixels(self) -> int:
        """Values of one image."""
        return self.channels * self.image_size**2

    @model_validator(mode="after")
    def _variants_are_convolutional(self) -> "NetworkSpec":
        for name in ("norm", "average_pooling", "bounded"):
            value = getattr(self, name)
            if self.kind != "convolutional" and value != type(self).model_fields[name].default:
                raise ValueError(f"{name} {value} is for kind convolutional, this is {self.kind}")
        return self

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "NetworkSpec":
        if self.kind == "fully_connected":
            if not (self.generator_units and self.discriminator_units):
                raise ValueError(
                    "a fully_connected network needs generator_units and discriminator_units, "
                    "e.g. [1024, 1024]"
                )
            return self
        if self.doublings < 1 or self.base_size * 2**self.doublings != self.image_size:
            raise ValueError(
                f"image_size {self.image_size} is not base_size {self.base_size} times a power "
                "of two; choose 16, 32, 64, 128 or 256 (base_size 4), or 28 (base_size 7)"
            )
        if self.layers == "paired" and self.kernel == 4:
            raise ValueError("kernel 4 has no 'same' padding at stride 1; paired needs 3 or 5")
        if self.generator_units or self.discriminator_units or self.biases:
            raise ValueError(
                "generator_units, discriminator_units and biases are for kind fully_connected; "
                f"this one is {self.kind}: its widths are ngf and ndf"
            )
        if self.first_norm == "none":
            raise ValueError("first_norm none is for kind fully_connected")
        if (self.kind == "conditional") != (self.classes > 0):
            raise ValueError(
                f"kind {self.kind} with classes {self.classes}: labels (classes above 0) belong "
                "to kind conditional, or fully_connected"
            )
        if self.kind == "convolutional" and self.pixel_low == 0:
            raise ValueError("pixel_low 0 is for the kinds conditional and fully_connected")
        if self.kind == "conditional" and self.layers == "paired":
            raise ValueError("kind conditional has layers: doubling only")
        return self


def _twice(widths: list[int]) -> tuple[int, ...]:
    return tuple(width for width in widths for _ in range(2))
