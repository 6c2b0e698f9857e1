"""The table behind Fig 1: every layer of both networks with shapes, kernel and costs.

Part of figure.py; measures nothing.
"""

import pandas as pd

from repro.networks.layer_shapes import MapStack


def layers_table(pair: dict[str, list[MapStack]]) -> pd.DataFrame:
    """One row per layer; pair: the stages of "generator" and "discriminator", the input first."""
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
