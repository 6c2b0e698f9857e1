"""Fig 1 (paper §3, §4.1): the networks as they are, counted layer by layer.

Reads the bedroom model's description; no image and no weight has a part in it. Counts parameters,
products and the pixels that a unit sees, and checks the paper's rules for stable networks (§3) on
the networks themselves. Alone:
python -m experiments.architecture.measure --input bedrooms.model=DIR --out DIR
"""

from dataclasses import asdict
from pathlib import Path

from torch import nn

from experiments.architecture.options import Options
from experiments.contract import Inputs, measure_command
from repro.artefacts.provenance import write_json
from repro.claims.constructors import single_number
from repro.claims.measurement import Measurement
from repro.networks.layer_shapes import MapStack, WeightLayer, receptive_fields
from repro.networks.layers import (
    discriminator_without_memory,
    generator_without_memory,
    layers_of,
    stages_of_pair,
)

# Fig 1: "100 z", then what each layer gives
FIG_1 = [(100,), (1024, 4, 4), (512, 8, 8), (256, 16, 16), (128, 32, 32), (3, 64, 64)]
POOLING = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Count both networks; write their stages for the drawing."""
    spec = inputs.model("bedrooms.model").spec.network
    pair = stages_of_pair(spec)
    write_json(out / "stages.json", {name: [asdict(one) for one in pair[name]] for name in pair})
    G, D = generator_without_memory(spec), discriminator_without_memory(spec)
    of_g, of_d = layers_of(G), layers_of(D)
    pooling = sum(isinstance(module, POOLING) for one in (G, D) for module in one.modules())
    return [
        *_costs("generator", of_g),
        *_costs("discriminator", of_d),
        _count(
            "stages_as_in_fig_1",
            _as_in_fig_1(pair["generator"]),
            "stacks of maps with Fig 1's shape, of 6",
        ),
        _count("pooling_layers", pooling, "pooling layers in both networks"),
        _count(
            "hidden_dense_layers",
            _hidden_dense(of_g, of_d),
            "dense layers besides G's projection of z and D's last unit",
        ),
        _count(
            "norms_out_of_place",
            _norms_out_of_place(of_g, of_d),
            "layers whose batch normalisation is not as §3 has it: on all but G's last, D's first "
            "and D's last unit",
        ),
        _field(of_d),
    ]


def _costs(name: str, layers: list[WeightLayer]) -> list[Measurement]:
    return [
        _count(
            f"{name}_parameters",
            sum(layer.parameters for layer in layers),
            "all that is trained, gains and biases of batch normalisation included",
        ),
        single_number(
            f"{name}_gflop",
            2e-9 * sum(layer.products for layer in layers),
            n=1,
            why="a single number",
            unit="GFLOP",
            protocol="one image forward: two operations a product of convolutions and dense "
            "layers, those with padding counted; batch normalisation and activations are not",
        ),
    ]


def _count(name: str, value: int, protocol: str) -> Measurement:
    return single_number(name, value, n=1, why="a count", protocol=f"counted: {protocol}")


def _as_in_fig_1(stages: list[MapStack]) -> int:
    found = [stage.shape for stage in stages]
    return sum(a == b for a, b in zip(found, FIG_1, strict=False)) if len(found) == 6 else 0


def _hidden_dense(of_g: list[WeightLayer], of_d: list[WeightLayer]) -> int:
    return sum(layer.kind == "dense" for layer in [*of_g[1:], *of_d[:-1]])


def _norms_out_of_place(of_g: list[WeightLayer], of_d: list[WeightLayer]) -> int:
    wanted_g = [True] * (len(of_g) - 1) + [False]
    wanted_d = [False] + [True] * (len(of_d) - 2) + [False]
    pairs = zip([*of_g, *of_d], wanted_g + wanted_d, strict=True)
    return sum(bool(layer.norm) != wanted for layer, wanted in pairs)


def _field(of_d: list[WeightLayer]) -> Measurement:
    """Of the last convolution; nothing is seen by a network without one."""
    pairs = zip(of_d, receptive_fields(of_d), strict=True)
    sizes = [field.size for layer, field in pairs if layer.kind == "convolution"]
    return single_number(
        "receptive_field",
        sizes[-1] if sizes else None,
        n=1,
        why="a count",
        unit="pixels",
        protocol="side of the square that a unit of D's last convolution sees, edges apart",
    )


if __name__ == "__main__":
    measure_command(measure, Options)
