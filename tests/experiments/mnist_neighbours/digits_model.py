"""A conditional model of 8x8 digits without training: tests write one in a fraction of a second."""

import json
from pathlib import Path

import torch

from repro import rng
from repro.artefacts.step_folder import step_folder
from repro.networks.build import build_generator
from repro.networks.dcgan import freeze_statistics
from repro.networks.model_folder import GENERATOR_FILES, save_network, snapshot_file
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec

NETWORK = NetworkSpec(
    kind="conditional", image_size=8, base_size=2, channels=1, classes=10, pixel_low=0,
    ngf=4, ndf=4, hidden_units=16, z_dim=8, norm_affine=False, init_sd=0.4,
)  # fmt: skip


def write_digits_model(folder: Path, *, seed: int = 1, steps: tuple[int, ...] = (10, 20)) -> Path:
    """A model that stored untrained generators after `steps`, the last of them at its end."""
    with step_folder(folder, inputs={}) as building:
        _write(building, seed=seed, steps=steps)
    return folder


def _write(folder: Path, *, seed: int, steps: tuple[int, ...]) -> None:
    (folder / "snapshots").mkdir()
    for step in steps:
        G = build_generator(NETWORK, seed=seed + step)
        z = rng.latents(60, 8, seed=seed, purpose="test z", index=step)
        freeze_statistics(G, [(z, torch.arange(60) % 10)])
        last = step == steps[-1]
        save_network(G, folder / (GENERATOR_FILES["final"] if last else snapshot_file(step)))
    spec = ModelSpec(data="test", network=NETWORK).model_dump()
    counts = {"minibatches": steps[-1], "minibatches_per_epoch": 5}
    (folder / "spec.json").write_text(json.dumps({"spec": spec, "seed": seed, **counts}))
