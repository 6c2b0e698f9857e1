"""Fig 1 (paper §3, §4.1): the networks as they are, counted layer by layer.

Reads the description of the bedroom model, neither images nor weights. Counts parameters, products
and the pixels that a unit sees, and checks the paper's rules for stable networks (§3) on the
networks themselves. Writes stages.json, from which figure.py draws them. Alone:
python -m experiments.architecture.measure --input bedrooms.model=DIR --out DIR
"""

from dataclasses import asdict
from pathlib import Path

from experiments.architecture.options import Options
from experiments.architecture.results import (
    cost_measurements,
    field_measurement,
    rule_measurements,
    shape_measurement,
)
from experiments.contract import Inputs, measure_command
from repro.artefacts.whole_file import write_json
from repro.claims.measurement import Measurement
from repro.networks.layers import (
    discriminator_without_memory,
    generator_without_memory,
    stages_of_pair,
)


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Count both networks; write their stages for the drawing."""
    spec = inputs.model("bedrooms.model").spec.network
    pair = stages_of_pair(spec)
    write_json(out / "stages.json", {name: [asdict(one) for one in pair[name]] for name in pair})
    G, D = generator_without_memory(spec), discriminator_without_memory(spec)
    return [
        *cost_measurements("generator", G),
        *cost_measurements("discriminator", D),
        *rule_measurements(G, D),  # §3
        shape_measurement(pair["generator"]),  # Fig 1
        field_measurement(D),  # the size of the tiles of Fig 5
    ]


if __name__ == "__main__":
    measure_command(measure, Options)
