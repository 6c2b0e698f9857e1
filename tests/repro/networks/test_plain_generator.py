"""The exported generator draws what the model draws, whatever batch normalisation it has."""

import json

import numpy as np
import pytest
import torch

from repro import rng
from repro.networks.build import build_generator
from repro.networks.dcgan import Generator, freeze_statistics
from repro.networks.export import export_generator, exported_pictures
from repro.networks.plain_generator import ExportedGenerator
from repro.specs.network import NetworkSpec

SMALL = {"image_size": 16, "ngf": 6, "z_dim": 8, "init_sd": 0.2}
SPECS = {
    "5x5": {},
    "4x4": {"kernel": 4},
    "paired": {"layers": "paired", "kernel": 3},
    "per channel": {"first_norm": "per_channel"},
    "leaky, no gains": {"generator_slope": 0.2, "norm_affine": False},
    "grey": {"channels": 1, "norm_eps": 1e-5},
    "normed everywhere": {"norm": "all"},
    "normed nowhere": {"norm": "none"},
}


def frozen(**changed) -> Generator:
    G = build_generator(NetworkSpec(**{**SMALL, **changed}), seed=3)
    freeze_statistics(G, [rng.latents(64, 8, seed=1, purpose="test")])
    return G.requires_grad_(False)


@pytest.mark.parametrize("changed", SPECS.values(), ids=SPECS.keys())
def test_pictures_are_those_of_the_model(changed: dict) -> None:
    G, z = frozen(**changed), rng.latents(20, 8, seed=2, purpose="test")
    made = exported_pictures(export_generator(G), z)
    assert made.shape == G(z).shape
    # 16-bit weights: eleven bits, so a picture in [-1, 1] differs by some thousandths at most
    assert float((made - G(z)).abs().max()) < 0.01
    assert float(G(z).std()) > 0.1  # there is something to differ


def test_units_that_hardly_vary_keep_their_precision() -> None:
    """Weights of 1e-5 have three bits as bare float16, and batch normalisation makes them large."""
    G = frozen(norm_eps=1e-14)
    G.project.weight[:10] *= 1e-5
    freeze_statistics(G, [rng.latents(64, 8, seed=1, purpose="test")])
    assert float(G.project_norm.running_var[:10].max()) < 1e-9
    z = rng.latents(20, 8, seed=2, purpose="test")
    made = exported_pictures(export_generator(G), z)
    assert float((made - G(z)).abs().max()) < 0.01


def test_arrays_and_json_hold_all_of_it(tmp_path) -> None:
    exported = export_generator(frozen(generator_slope=0.1))
    np.savez(tmp_path / "g.npz", other=np.zeros(3), **exported.arrays())
    with np.load(tmp_path / "g.npz") as saved:
        again = ExportedGenerator.from_arrays(dict(saved))
    assert json.dumps(again.as_json()) == json.dumps(exported.as_json())
    z = rng.latents(3, 8, seed=2, purpose="test")
    assert torch.equal(exported_pictures(again, z), exported_pictures(exported, z))
    assert [layer["slope"] for layer in again.as_json()["layers"]] == [0.1, 0.1, None]


def test_what_cannot_be_exported_is_refused() -> None:
    with pytest.raises(ValueError, match="in training mode"):
        export_generator(frozen().train())
    dense = NetworkSpec(
        kind="fully_connected", generator_units=(8,), discriminator_units=(8,), image_size=16
    )
    with pytest.raises(ValueError, match="not a DenseGenerator"):
        export_generator(build_generator(dense, seed=1).eval())
