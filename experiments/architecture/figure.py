"""Fig 1 from the stages of both networks, and a table of their layers.

Reads stages.json of measure.py. Alone: python -m experiments.architecture.figure (see --help)
"""

from pathlib import Path

from pydantic import TypeAdapter

from experiments.architecture.tables import layers_table
from experiments.contract import figure_command
from repro.figures.drawing import save_figure, save_table
from repro.figures.style import Style
from repro.networks.diagram import pair_diagram
from repro.networks.layer_shapes import MapStack

PAIR = TypeAdapter(dict[str, list[MapStack]])  # by "generator" and "discriminator"


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig01_networks.png and table_layers.csv."""
    pair = PAIR.validate_json((measured / "stages.json").read_bytes())
    save_figure(out / "fig01_networks.png", pair_diagram(pair), style=style)
    save_table(out / "table_layers.csv", layers_table(pair))


if __name__ == "__main__":
    figure_command(figure)
