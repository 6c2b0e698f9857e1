"""Fig 1 from the network's spec, and a table of its layers.

Alone: python -m experiments.architecture.figure (see --help)
"""

import json
from pathlib import Path

import pandas as pd

from experiments.contract import figure_command
from repro.diagram import spec_diagram, stages
from repro.figures import Style, save_figure, save_table
from repro.network_spec import NetworkSpec
from repro.specs import validated


def figure(measured: Path, out: Path, style: Style) -> None:
    """Write fig01_networks.png and table_layers.csv."""
    path = measured / "network.json"
    spec = validated(NetworkSpec, json.loads(path.read_text()), where=str(path))
    save_figure(out / "fig01_networks.png", spec_diagram(spec), style=style)
    save_table(out / "table_layers.csv", _table(spec))


def _table(spec: NetworkSpec) -> pd.DataFrame:
    rows = []
    for name in ("generator", "discriminator"):
        for stage in stages(spec, name)[1:]:
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
