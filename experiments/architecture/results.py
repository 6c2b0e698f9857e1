"""The numbers of Fig 1: costs of the networks, rules of §3 kept or broken, shapes, fields.

Part of measure.py. Everything is counted on the networks themselves, so no number has an interval.
Alone: `rule_measurements(generator_without_memory(spec), discriminator_without_memory(spec))`.
"""

from torch import nn

from repro.claims.constructors import single_number
from repro.claims.measurement import Measurement
from repro.networks.dcgan import DiscriminatorNetwork, GeneratorNetwork
from repro.networks.layer_shapes import MapStack, WeightLayer, receptive_fields
from repro.networks.layers import layers_of

# Fig 1: "100 z", then the output of each layer
FIG_1 = [(100,), (1024, 4, 4), (512, 8, 8), (256, 16, 16), (128, 32, 32), (3, 64, 64)]
POOLING = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)


def cost_measurements(
    name: str, network: GeneratorNetwork | DiscriminatorNetwork
) -> list[Measurement]:
    """Parameters, and GFLOP per image; name: "generator" or "discriminator"."""
    layers = layers_of(network)
    return [
        _count(
            f"{name}_parameters",
            sum(layer.parameters for layer in layers),
            "all trained numbers, including gains and biases of batch normalisation",
        ),
        single_number(
            f"{name}_gflop",
            2e-9 * sum(layer.products for layer in layers),
            n=1,
            why="a count of operations",
            unit="GFLOP",
            protocol="one image forward: two operations a product of convolutions and dense "
            "layers, those with padding counted; batch normalisation and activations are not",
        ),
    ]


def rule_measurements(G: GeneratorNetwork, D: DiscriminatorNetwork) -> list[Measurement]:
    """How often the networks break the rules of §3: pooling, dense layers, batch normalisation."""
    of_g, of_d = layers_of(G), layers_of(D)
    return [
        _count(
            "pooling_layers",
            sum(isinstance(module, POOLING) for one in (G, D) for module in one.modules()),
            "pooling layers in both networks",
        ),
        _count(
            "hidden_dense_layers",
            sum(layer.kind == "dense" for layer in [*of_g[1:], *of_d[:-1]]),
            "dense layers other than G's projection of z and D's last unit",
        ),
        _count(
            "norms_out_of_place",
            _norms_out_of_place(of_g, of_d),
            "layers whose batch normalisation is not as in §3: on all but G's last, D's first "
            "and D's last unit",
        ),
    ]


def _norms_out_of_place(of_g: list[WeightLayer], of_d: list[WeightLayer]) -> int:
    wanted_g = [True] * (len(of_g) - 1) + [False]
    wanted_d = [False] + [True] * (len(of_d) - 2) + [False]
    pairs = zip([*of_g, *of_d], wanted_g + wanted_d, strict=True)
    return sum(bool(layer.norm) != wanted for layer, wanted in pairs)


def shape_measurement(stages: list[MapStack]) -> Measurement:
    """How many of G's stages have the shape given in Fig 1; 0 if their number differs."""
    found = [stage.shape for stage in stages]
    alike = sum(a == b for a, b in zip(found, FIG_1, strict=False)) if len(found) == 6 else 0
    return _count("stages_as_in_fig_1", alike, "stacks of maps with Fig 1's shape, of 6")


def field_measurement(D: DiscriminatorNetwork) -> Measurement:
    """Side of the square that D's last convolution sees; no value without a convolution."""
    layers = layers_of(D)
    pairs = zip(layers, receptive_fields(layers), strict=True)
    sizes = [field.size for layer, field in pairs if layer.kind == "convolution"]
    return single_number(
        "receptive_field",
        sizes[-1] if sizes else None,
        n=1,
        why="a count",
        unit="pixels",
        protocol="side of the square that a unit of D's last convolution sees, borders ignored",
    )


def _count(name: str, value: int, protocol: str) -> Measurement:
    return single_number(name, value, n=1, why="a count", protocol=f"counted: {protocol}")
