"""The bench of layers names every direction of every convolution, and the route taken."""

import json

import pytest
import torch

from repro.bench import __main__ as bench
from repro.networks import patch_products


@pytest.mark.slow
@pytest.mark.parametrize("intel", [True, False])
def test_every_direction_of_every_layer(
    intel: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(patch_products, "is_intel", lambda: intel)
    monkeypatch.setattr(patch_products, "has_avx512", lambda: True)
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: True)
    monkeypatch.setattr("repro.bench.layers.GFLOP", 0)
    threads = torch.get_num_threads()
    bench.main(["layers", "--threads=1", "--repeats=1", "--batch=2"])
    torch.set_num_threads(threads)
    cases = json.loads(capsys.readouterr().out.splitlines()[-1])["cases"]
    ways = {case["case"]: case["way"] for case in cases}
    directions = ("gather", "spread", "weights")
    layers = [f"{network}{number}" for network in "GD" for number in range(1, 5)]
    assert list(ways) == [f"{layer}, {direction}" for layer in layers for direction in directions]
    # 8 MB of weights in G1 and D4; images are spread in G4 and D1; weights from 64 maps on
    heavy = {f"{layer}, {direction}" for layer in ("G1", "D4") for direction in directions}
    others = {f"{layer}, weights" for layer in ("G2", "G3", "D2", "D3")}
    expected = heavy | others | {"G4, spread", "D1, spread"} if intel else set()
    assert {case for case, way in ways.items() if way == "patches"} == expected
    assert all(case["ours"] > 0 and case["reference"] > 0 for case in cases)
