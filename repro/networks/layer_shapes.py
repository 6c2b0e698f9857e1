"""Derive from a network's layers the stages between them and the pixels that a unit sees.

Where in the flow: between repro.networks.layers, which reads the layers of a network, and
repro.networks.diagram, which draws them. It is pure arithmetic, without torch.

Alone: `receptive_fields(layers_of(discriminator_without_memory(NetworkSpec())))`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["dense", "convolution", "transposed convolution"]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class WeightLayer:
    """One layer with weights, and the batch normalisation that follows it, if any.

    taken, given: shapes of one image's values, (maps, rows, columns) or (units,); labels joined to
    a layer's input count in `taken`. parameters: weights and biases, including those of the batch
    normalisation. products: multiplications per image, including those with padding.
    """

    kind: Kind
    kernel: int  # side; 0 for dense
    stride: int  # 1 for dense
    taken: Shape
    given: Shape
    parameters: int
    products: int
    biases: bool
    norm: Literal["", "unit", "map"]
    norm_affine: bool


@dataclass(frozen=True)
class Field:
    """Square of pixels that belongs to one unit of a layer: its side, and the step to the next."""

    size: int
    step: int


@dataclass(frozen=True)
class MapStack:
    """A stack of maps (or units) and the layer that produced it; the first has no layer."""

    shape: Shape
    layer: WeightLayer | None
    field: Field | None


def projective_fields(layers: list[WeightLayer]) -> list[Field]:
    """For a generator: pixels of the picture that one unit of each layer's output affects.

    The last layer's units are pixels: 1. A dense layer's output counts as the maps that the next
    layer takes. Edges of the picture cut the squares. With four 5x5 layers of stride 2, a unit of
    the first maps affects 61 pixels.
    """
    fields = [Field(1, 1)]
    for layer in reversed(layers[1:]):
        size, step = fields[0].size, fields[0].step
        if layer.kind == "dense":  # every unit affects all that follows
            fields.insert(0, Field(_picture_side(layers), 1))
        else:
            fields.insert(0, Field((layer.kernel - 1) * step + size, layer.stride * step))
    return fields


def receptive_fields(layers: list[WeightLayer]) -> list[Field]:
    """For a discriminator: pixels of the picture that one unit of each layer's output sees.

    The edges of the picture cut the squares. Four 5x5 layers of stride 2 give 61 pixels (the width
    of the tiles in the authors' picture for Fig 5).
    """
    fields: list[Field] = []
    seen = PIXEL
    for layer in layers:
        if layer.kind == "dense":
            seen = seen._replace(size=_picture_side(layers))
        else:
            seen = seen.through(layer.kernel, layer.stride)
        fields.append(Field(seen.size, seen.stride))
    return fields


class ReceptiveField(NamedTuple):
    """Square of input pixels that a unit sees: unit i sees [offset + i*stride, ... + size)."""

    size: int
    stride: int
    offset: int

    def through(self, kernel: int, stride: int, padding: int = 0) -> "ReceptiveField":
        """The same for the units of a convolution that follows."""
        return ReceptiveField(
            self.size + (kernel - 1) * self.stride,
            self.stride * stride,
            self.offset - padding * self.stride,
        )


PIXEL = ReceptiveField(1, 1, 0)


def receptive_field(
    kernels: Sequence[int], strides: Sequence[int], paddings: Sequence[int]
) -> ReceptiveField:
    """Receptive field of a stack of convolutions, first layer first, in pixels.

    Four 5x5 layers of stride 2 and padding 2 give 1 + 4*(1+2+4+8) = 61 pixels: the width of the
    tiles in the authors' picture for Fig 5. `offset` is the first pixel of unit 0; it is negative
    where that is in the padding. Raises ValueError when the lists differ in length.
    """
    field = PIXEL
    for kernel, stride, padding in zip(kernels, strides, paddings, strict=True):
        field = field.through(kernel, stride, padding)
    return field


def shown_shape(layers: list[WeightLayer], index: int) -> Shape:
    """Output of layer `index`, in the shape in which the next layer takes it.

    G's first layer gives units that the next layer takes as maps; labels joined later are left out.
    """
    given = layers[index].given
    if index + 1 == len(layers) or len(given) == len(layers[index + 1].taken):
        return given
    taken = layers[index + 1].taken
    side = math.prod(taken[1:])
    return (math.prod(given) // side, *taken[1:]) if len(taken) == 3 else given


def _picture_side(layers: list[WeightLayer]) -> int:
    """Side of the picture at the network's end or beginning; 0 where that is flat."""
    ends = (layers[0].taken, layers[-1].given)
    return max((shape[-1] for shape in ends if len(shape) == 3), default=0)
