"""Fig 1: rules of the paper hold on its network, and a network that breaks them is detected."""

import json
from pathlib import Path

import pandas as pd
import pytest
from untrained_model import write_model

from experiments.architecture.figure import figure
from experiments.architecture.measure import measure
from experiments.architecture.options import Options
from experiments.contract import Inputs
from repro.claims.measurement import Measurement
from repro.figures.style import Style
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec


def measured(tmp_path: Path, **network) -> dict[str, Measurement]:
    folder = tmp_path / "model"
    folder.mkdir()
    spec = ModelSpec(data="test", network=NetworkSpec(**network)).model_dump()
    (folder / "spec.json").write_text(json.dumps({"spec": spec, "seed": 1}))
    inputs = Inputs({"bedrooms.model": folder})
    return {one.name: one for one in measure(inputs, Options(), 1, tmp_path)}


def test_the_paper_s_networks_keep_its_rules(tmp_path: Path) -> None:
    found = {name: one.value for name, one in measured(tmp_path).items()}
    assert found.pop("generator_gflop") == pytest.approx(1.2812288)
    assert found.pop("discriminator_gflop") == pytest.approx(1.277984768)
    assert found == {
        "generator_parameters": 18_885_760,
        "discriminator_parameters": 17_232_768,
        "stages_as_in_fig_1": 6,
        "pooling_layers": 0,
        "hidden_dense_layers": 0,
        "norms_out_of_place": 0,
        "receptive_field": 61,
    }


def test_networks_that_break_them_are_told(tmp_path: Path) -> None:
    found = measured(tmp_path, ngf=64, discriminator_norm=False, kernel=4)
    assert found["norms_out_of_place"].value == 3
    assert found["stages_as_in_fig_1"].value == 2  # 100 z and the picture
    assert found["receptive_field"].value == 46
    dense = {"kind": "fully_connected", "generator_units": [16, 16], "image_size": 28}
    (tmp_path / "dense").mkdir()
    found = measured(
        tmp_path / "dense", **dense, discriminator_units=[16, 16], channels=1, first_norm="none"
    )
    assert found["hidden_dense_layers"].value == 4
    assert found["receptive_field"].value is None


@pytest.mark.slow
def test_figure_and_table(tmp_path: Path) -> None:
    measure(Inputs({"bedrooms.model": write_model(tmp_path / "m")}), Options(), 1, tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        figure(tmp_path, tmp_path / name, Style(banner="TEST"))
    table = pd.read_csv(tmp_path / "a" / "table_layers.csv")
    assert table.gives.tolist() == [
        "8 x 4 x 4", "4 x 8 x 8", "3 x 16 x 16", "4 x 8 x 8", "8 x 4 x 4", "1",
    ]  # fmt: skip
    for file in ("fig01_networks.png", "table_layers.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
