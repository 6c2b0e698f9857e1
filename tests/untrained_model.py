"""A model folder without training: tests of experiments write one in a fraction of a second."""

import json
from pathlib import Path

import torch

from repro import rng
from repro.artefacts.step_folder import step_folder
from repro.networks.build import build_discriminator, build_generator
from repro.networks.dcgan import freeze_statistics
from repro.networks.model_folder import (
    DISCRIMINATOR_FILE,
    GENERATOR_FILES,
    save_network,
    snapshot_file,
)
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec


def write_model(
    folder: Path,
    *,
    image_size: int = 16,
    seed: int = 1,
    kept: tuple[int, ...] = (),
    ndf: int = 4,
    images: int = 20,
) -> Path:
    """Early and final generator with different initial weights, a discriminator, frozen all.

    kept: minibatches, of 20, after which a discriminator with other weights was kept. ndf: maps of
    D's first layer. images: how many it says it was trained on.
    """
    network = NetworkSpec(image_size=image_size, z_dim=8, ngf=4, ndf=ndf, init_sd=0.2)
    with step_folder(folder, inputs={}) as building:
        _write(building, network, seed=seed, kept=kept, images=images)
    return folder


def _write(
    folder: Path, network: NetworkSpec, *, seed: int, kept: tuple[int, ...], images: int
) -> None:
    (folder / "snapshots").mkdir()
    for number, file in enumerate(GENERATOR_FILES.values()):
        G = build_generator(network, seed=seed + 100 * number)
        freeze_statistics(G, [rng.latents(64, 8, seed=seed, purpose="test z", index=number)])
        save_network(G, folder / file)
    size = network.image_size
    noise = torch.rand(64, 3, size, size, generator=torch.Generator().manual_seed(seed))
    files = {snapshot_file(step, "discriminator"): seed + step for step in kept}
    for file, own_seed in {**files, DISCRIMINATOR_FILE: seed}.items():
        D = build_discriminator(network, seed=own_seed)
        freeze_statistics(D, [noise * 2 - 1])
        save_network(D, folder / file)
    spec = ModelSpec(data="test", network=network).model_dump()
    counts = {"minibatches": 20, "minibatches_per_epoch": 5, "early_minibatch": 5}
    counts["images"] = images
    (folder / "spec.json").write_text(json.dumps({"spec": spec, "seed": seed, **counts}))
