"""The plain loop that training is timed against is the same network and step as the library's."""

import json
import multiprocessing
from typing import cast

import numpy as np
import pytest
import torch

from repro.bench import __main__ as bench
from repro.bench import train as bench_train
from repro.bench.plain_loop import plain_discriminator, plain_generator
from repro.bench.train import RECORDED, large_product
from repro.networks.build import build_discriminator, build_generator
from repro.networks.dcgan import parameter_count
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.validation import SpecError
from repro.train.minibatches import Images


@pytest.mark.parametrize(
    "spec",
    [
        NetworkSpec(ngf=8, ndf=8, kernel=4, first_norm="per_channel", norm_eps=1e-5),
        NetworkSpec(ngf=8, ndf=8, kernel=5, first_norm="per_channel", norm_eps=1e-5),
        NetworkSpec(
            image_size=16, ngf=8, ndf=8, kernel=3, layers="paired", first_norm="per_channel",
            norm_eps=1e-5,
        ),
    ],
)  # fmt: skip
def test_the_plain_networks_compute_the_same(spec: NetworkSpec) -> None:
    G, D = build_generator(spec, seed=1), build_discriminator(spec, seed=1)
    plain_g, plain_d = plain_generator(spec), plain_discriminator(spec)
    assert parameter_count(plain_g) == parameter_count(G)
    assert parameter_count(plain_d) == parameter_count(D)
    with torch.no_grad():
        first = G.get_parameter("project.weight")  # (maps * 4 * 4, z) -> (z, maps, 4, 4)
        weights = [first.T.unflatten(1, (-1, 4, 4)), *list(G.parameters())[1:]]
        # here the gain and bias of the first normalisation also follow the first weight
        for ours, theirs in zip(weights, plain_g.parameters(), strict=True):
            theirs.copy_(ours)
        head = D.get_parameter("head.weight").unflatten(1, (-1, 4, 4))
        for ours, theirs in zip(
            [*list(D.parameters())[:-1], head], plain_d.parameters(), strict=True
        ):
            theirs.copy_(ours)
    z = torch.randn(6, spec.z_dim, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(plain_g(z), G(z), rtol=1e-4, atol=1e-5)
    images = G(z).detach()
    torch.testing.assert_close(plain_d(images).flatten(), D(images).sigmoid(), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_record(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    ready = multiprocessing.get_context("forkserver")  # which imports nothing again
    monkeypatch.setattr(bench_train.multiprocessing, "get_context", lambda _: ready)
    monkeypatch.setattr(bench_train, "resolve_precision", lambda *_: "float32")  # no emulation
    threads = torch.get_num_threads()
    argv = [
        "train",
        "--presets",
        "pytorch_tutorial",
        "--threads=1",
        "--repeats=1",
        "--steps=1",
        "--images=8",
        "--batch=4",
    ]
    bench.main(argv)
    torch.set_num_threads(threads)
    record = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert record["bench"] == "train"
    # G forward 1, D forward 3, D backward 4 (no gradient of its images: less), through D 1, G 2:
    # 11 passes of 0.208 GFLOP
    assert [case["case"] for case in record["cases"]] == ["pytorch_tutorial, float32"]
    for case in record["cases"]:
        assert case["gflop_per_image"] == pytest.approx(11 * 0.2084, rel=0.02)
        assert case["n"] == 4
        assert np.isclose(case["ratio"], case["ours"] / case["reference"], atol=2e-3)
        speed = case["ours"] * case["gflop_per_image"] / 1e3
        assert case["tflop_per_s"] == pytest.approx(speed, rel=0.01)
        assert case["share_of_product"] == pytest.approx(
            case["tflop_per_s"] / case["product_tflop_per_s"], rel=0.02
        )


@pytest.mark.parametrize("preset", ["mnist_conditional", "vanilla_gan"])
def test_networks_that_the_plain_loop_has_not(preset: str) -> None:
    with pytest.raises(SpecError, match=f"--presets {preset}: its networks take labels"):
        bench.main(["train", "--presets", "paper_64", preset])


def test_ways_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """No GPU is needed to see what a step of each name is asked to be."""
    asked: dict[str, tuple[str, bool]] = {}
    for name in ("float32", "bfloat16", RECORDED):

        def trainer(*, spec: ModelSpec, cuda_graphs: bool, name: str = name, **_: object) -> None:
            asked[name] = (spec.training.precision, cuda_graphs)

        monkeypatch.setattr(bench_train, "Trainer", trainer)
        device = torch.device("cuda", 1)
        images = cast(Images, None)
        bench_train._trainer(NetworkSpec(), images, name=name, batch=4, device=device)
    assert asked == {
        "float32": ("float32", False),
        "bfloat16": ("bfloat16", False),
        RECORDED: ("bfloat16", True),
    }


def test_every_device_but_the_processor_multiplies_large_matrices() -> None:
    product = large_product("bfloat16", device=torch.device("meta"))  # which computes nothing
    assert product() == round(4 * 2 * 8192**3 / 1e9)
