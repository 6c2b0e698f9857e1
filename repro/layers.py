"""A network's layers as it runs them: shapes, kernels, parameters, products, and what a unit sees.

Read off the network itself by one pass without memory for its numbers (device "meta"), so that a
diagram or a table of it (repro.diagram, repro.presets, experiments/architecture: paper Fig 1)
cannot differ from what is trained. Works for every kind of network that repro.build makes.

Alone: `layers_of(generator_without_memory(NetworkSpec()))`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from repro.build import undrawn_discriminator, undrawn_generator
from repro.network_spec import NetworkSpec
from repro.networks import DiscriminatorNetwork, GeneratorNetwork

Kind = Literal["dense", "convolution", "transposed convolution"]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """One layer with weights, and the batch normalisation that follows it, if any.

    taken, given: shapes of one image's values, (maps, rows, columns) or (units,); labels joined to
    a layer's input count in `taken`. parameters: weights and biases, with those of the batch
    normalisation. products: multiplications of one image, those with padding counted.
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


def generator_without_memory(spec: NetworkSpec) -> GeneratorNetwork:
    """G of a spec on device "meta", in eval mode."""
    with torch.device("meta"):
        return undrawn_generator(spec).eval()


def discriminator_without_memory(spec: NetworkSpec) -> DiscriminatorNetwork:
    """D of a spec on device "meta", in eval mode."""
    with torch.device("meta"):
        return undrawn_discriminator(spec).eval()


def layers_of(network: GeneratorNetwork | DiscriminatorNetwork) -> list[Layer]:
    """Layers in the order in which the network runs them. The network is on device "meta"."""
    found: list[Layer] = []
    handles = [
        module.register_forward_hook(lambda m, taken, given: _note(found, m, taken[0], given))
        for module in network.modules()
        if isinstance(module, _WITH_WEIGHTS)
    ]
    try:
        with torch.device("meta"), torch.no_grad():
            labels = torch.zeros(1, dtype=torch.int64) if network.classes else None
            network(_one_input(network), labels)
    finally:
        for handle in handles:
            handle.remove()
    return found


def projective_fields(layers: list[Layer]) -> list[Field]:
    """Of a generator: pixels of the picture that one unit of each layer's result reaches.

    The last layer's units are pixels: 1. A dense layer's result is taken as the maps that the next
    layer takes. Edges of the picture cut the squares. Four 5x5 layers of stride 2: a unit of the
    first maps reaches 61 pixels.
    """
    fields = [Field(1, 1)]
    for layer in reversed(layers[1:]):
        size, step = fields[0].size, fields[0].step
        if layer.kind == "dense":  # every unit reaches all that follows
            fields.insert(0, Field(_picture_side(layers), 1))
        else:
            fields.insert(0, Field((layer.kernel - 1) * step + size, layer.stride * step))
    return fields


def receptive_fields(layers: list[Layer]) -> list[Field]:
    """Of a discriminator: pixels of the picture that one unit of each layer's result sees.

    The edges of the picture cut the squares. Four 5x5 layers of stride 2: 61 pixels (the width of
    the tiles in the authors' picture behind Fig 5).
    """
    fields: list[Field] = []
    size = step = 1
    for layer in layers:
        if layer.kind == "dense":
            size = _picture_side(layers)
        else:
            size, step = size + (layer.kernel - 1) * step, step * layer.stride
        fields.append(Field(size, step))
    return fields


def shown_shape(layers: list[Layer], index: int) -> Shape:
    """What layer `index` gives, in the shape in which the next one takes it.

    G's first layer gives units that are maps to the next one; labels joined later are left out.
    """
    given = layers[index].given
    if index + 1 == len(layers) or len(given) == len(layers[index + 1].taken):
        return given
    taken = layers[index + 1].taken
    side = math.prod(taken[1:])
    return (math.prod(given) // side, *taken[1:]) if len(taken) == 3 else given


def _picture_side(layers: list[Layer]) -> int:
    """Side of the picture at the network's end or beginning; 0 where it is flat there."""
    ends = (layers[0].taken, layers[-1].given)
    return max((shape[-1] for shape in ends if len(shape) == 3), default=0)


_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_WITH_WEIGHTS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, *_NORMS)


def _one_input(network: GeneratorNetwork | DiscriminatorNetwork) -> Tensor:
    if isinstance(network, GeneratorNetwork):
        return torch.zeros(1, network.z_dim)
    return torch.zeros(1, network.channels, network.image_size, network.image_size)


def _note(found: list[Layer], module: nn.Module, taken: Tensor, given: Tensor) -> None:
    """Append a layer with weights, or add a batch normalisation to the last one."""
    parameters = _count(module.parameters())
    if isinstance(module, _NORMS):
        last = found.pop()
        per: dict[str, Any] = {"norm": "unit" if isinstance(module, nn.BatchNorm1d) else "map"}
        per |= {"norm_affine": module.affine, "parameters": last.parameters + parameters}
        found.append(Layer(**{**vars(last), **per}))
        return
    found.append(
        Layer(
            kind=_kind(module),
            kernel=0 if isinstance(module, nn.Linear) else module.kernel_size[0],  # type: ignore
            stride=1 if isinstance(module, nn.Linear) else module.stride[0],  # type: ignore
            taken=tuple(taken.shape[1:]),
            given=tuple(given.shape[1:]),
            parameters=parameters,
            products=_products(module, taken, given),
            biases=module.bias is not None,
            norm="",
            norm_affine=False,
        )
    )


def _kind(module: nn.Module) -> Kind:
    if isinstance(module, nn.Linear):
        return "dense"
    return "convolution" if isinstance(module, nn.Conv2d) else "transposed convolution"


def _products(module: nn.Module, taken: Tensor, given: Tensor) -> int:
    """Multiplications of one image: every weight at every place it is used."""
    if isinstance(module, nn.Linear):
        return module.in_features * module.out_features
    # a convolution's weights are used at every place of its result, a transposed one's of its input
    places = (given if isinstance(module, nn.Conv2d) else taken).shape[2:]
    assert isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    return module.weight.numel() * math.prod(places)


def _count(parameters: Iterable[Tensor]) -> int:
    return sum(one.numel() for one in parameters)
