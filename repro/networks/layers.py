"""The layers of a network as it runs them: shapes, kernels, parameters, multiplications.

They are read from the network itself in one pass without memory for its numbers (device "meta"), so
that a diagram or table of it (repro.networks.diagram, repro.networks.presets_page,
experiments/architecture: paper Fig 1) cannot differ from the trained network. This works for every
kind of network that repro.networks.build creates. repro.networks.layer_shapes derives further
facts, such as the pixels that a unit sees.

Alone: `layers_of(generator_without_memory(NetworkSpec()))`.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from repro.networks.build import undrawn_discriminator, undrawn_generator
from repro.networks.dcgan import DiscriminatorNetwork, GeneratorNetwork
from repro.networks.layer_shapes import (
    Kind,
    MapStack,
    Shape,
    WeightLayer,
    projective_fields,
    receptive_fields,
    shown_shape,
)
from repro.specs.network import NetworkSpec


def generator_without_memory(spec: NetworkSpec) -> GeneratorNetwork:
    """G of a spec on device "meta", in eval mode."""
    with torch.device("meta"):
        return undrawn_generator(spec).eval()


def discriminator_without_memory(spec: NetworkSpec) -> DiscriminatorNetwork:
    """D of a spec on device "meta", in eval mode."""
    with torch.device("meta"):
        return undrawn_discriminator(spec).eval()


def layers_of(network: GeneratorNetwork | DiscriminatorNetwork) -> list[WeightLayer]:
    """Layers in the order in which the network, on device "meta", runs them."""
    found: list[WeightLayer] = []
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


def stages(spec: NetworkSpec, which: str) -> list[MapStack]:
    """Values between the layers of a network of a spec; which: "generator" or "discriminator"."""
    if which == "generator":
        layers = layers_of(generator_without_memory(spec))
        fields = projective_fields(layers)
        first: Shape = (spec.z_dim,)
    else:
        layers = layers_of(discriminator_without_memory(spec))
        fields = receptive_fields(layers)
        first = (spec.channels, spec.image_size, spec.image_size)
    if layers[-1].given == (spec.pixels,):  # a dense generator's last layer is the picture
        ends = {len(layers) - 1: (spec.channels, spec.image_size, spec.image_size)}
    else:
        ends = {}
    after = [
        MapStack(ends.get(place, shown_shape(layers, place)), layer, field)
        for place, (layer, field) in enumerate(zip(layers, fields, strict=True))
    ]
    return [MapStack(first, None, None), *after]


def stages_of_pair(spec: NetworkSpec) -> dict[str, list[MapStack]]:
    """Stages of both networks, keyed "generator" and "discriminator"."""
    return {which: stages(spec, which) for which in ("generator", "discriminator")}


_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_WITH_WEIGHTS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, *_NORMS)


def _one_input(network: GeneratorNetwork | DiscriminatorNetwork) -> Tensor:
    if isinstance(network, GeneratorNetwork):
        return torch.zeros(1, network.z_dim)
    return torch.zeros(1, network.channels, network.image_size, network.image_size)


def _note(found: list[WeightLayer], module: nn.Module, taken: Tensor, given: Tensor) -> None:
    """Append a layer with weights, or add a batch normalisation to the last one."""
    parameters = _count(module.parameters())
    if isinstance(module, _NORMS):
        last = found.pop()
        per: dict[str, Any] = {"norm": "unit" if isinstance(module, nn.BatchNorm1d) else "map"}
        per |= {"norm_affine": module.affine, "parameters": last.parameters + parameters}
        found.append(WeightLayer(**{**vars(last), **per}))
        return
    found.append(
        WeightLayer(
            kind=_kind(module),
            kernel=0 if isinstance(module, nn.Linear) else module.kernel_size[0],  # type: ignore
            stride=1 if isinstance(module, nn.Linear) else module.stride[0],  # type: ignore
            taken=_taken(module, taken),
            given=tuple(given.shape[1:]),
            parameters=parameters,
            products=_products(module, taken, given),
            biases=module.bias is not None,
            norm="",
            norm_affine=False,
        )
    )


def _taken(module: nn.Module, taken: Tensor) -> tuple[int, ...]:
    """Shape of a layer's input, with the label maps that a convolution adds itself."""
    if isinstance(module, nn.Linear):
        return tuple(taken.shape[1:])
    assert isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    return (module.in_channels, *taken.shape[2:])


def _kind(module: nn.Module) -> Kind:
    if isinstance(module, nn.Linear):
        return "dense"
    return "convolution" if isinstance(module, nn.Conv2d) else "transposed convolution"


def _products(module: nn.Module, taken: Tensor, given: Tensor) -> int:
    """Multiplications per image: every weight at every place where it is used."""
    if isinstance(module, nn.Linear):
        return module.in_features * module.out_features
    # a convolution's weights are used at every place of its output, a transposed one's of its input
    places = (given if isinstance(module, nn.Conv2d) else taken).shape[2:]
    assert isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    return module.weight.numel() * math.prod(places)


def _count(parameters: Iterable[Tensor]) -> int:
    return sum(one.numel() for one in parameters)
