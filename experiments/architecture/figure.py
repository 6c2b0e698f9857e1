"""Fig 1 from the stages of both networks, and a table of their layers.

Alone: python -m experiments.architecture.figure (see --help)
"""

from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter

from experiments.contract import figure_command
from repro.figures.drawing import Style, save_figure, save_table
from repro.networks.diagram import pair_diagram
from repro.networks.layer_shapes import MapStack

PAIR = TypeAdapter(dict[str, list[MapStack]])  # by "generator" and "discriminator"


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig01_networks.png and table_layers.csv."""
    pair = PAIR.validate_json((measured / "stages.json").read_bytes())
    save_figure(out / "fig01_networks.png", pair_diagram(pair), style=style)
    save_table(out / "table_layers.csv", _table(pair))


def _table(pair: dict[str, list[MapStack]]) -> pd.DataFrame:
    rows = []
    for name in ("generator", "discriminator"):
        for stage in pair[name][1:]:
            assert stage.layer is not None  # only the first stage has none
            assert stage.field is not None
            layer = stage.layer
            rows.append(
                {
                    "network": name,
                    "layer": layer.kind,
                    "kernel": f"{layer.kernel}x{layer.kernel}" if layer.kernel else "",
                    "stride": layer.stride if layer.kernel else "",
                    "takes": " x ".join(map(str, layer.taken)),
                    "gives": " x ".join(map(str, stage.shape)),
                    "batch normalisation": f"per {layer.norm}" if layer.norm else "none",
                    "parameters": layer.parameters,
                    "products an image": layer.products,
                    "pixels a unit reaches or sees": stage.field.size or "all",
                }
            )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    figure_command(figure)
