"""What a check on one data set leaves behind, and the numbers both checks state alike.

Part of measure.py, used by on_cifar10.py and on_svhn.py.
"""

from dataclasses import dataclass
from typing import Any

from experiments.verify_authors.names import number_name
from repro.claims.constructors import single_number
from repro.claims.measurement import Measurement
from repro.classification.choose_c import Choice
from repro.released.networks import Released

ROWS = {
    "released": "the released discriminator",
    "random": "the same layers with random weights",
    "pixels": "raw pixels in [-1, 1]",
}


@dataclass(frozen=True)
class Outcome:
    """Measurements of a check, and what the figure says beside them (goes into parts.json)."""

    measurements: list[Measurement]
    described: dict[str, Any]


def layers_words(released: Released) -> str:
    """E.g. "the first 4 of 6 layers"."""
    used, layers = released.complete_layers, released.layers
    return f"all {layers} layers" if used == layers else f"the first {used} of {layers} layers"


def chosen_c(data: str, row: str, choices: list[Choice], released: Released) -> Measurement:
    """The C chosen; of several networks the first one's."""
    edge = "; at the edge of what was tried" if any(one.at_edge for one in choices) else ""
    return single_number(
        number_name(data, "chosen_C", row, released.complete_layers),
        choices[0].C,
        n=len(choices[0].tried),
        why="a choice among n values",
        protocol=f"best on held-out images{edge}",
    )
