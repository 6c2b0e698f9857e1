"""A model folder without training: tests of experiments write one in a fraction of a second."""

import json
from pathlib import Path

import torch

from repro import random
from repro.build import build_discriminator, build_generator
from repro.checkpoint import DISCRIMINATOR_FILE, GENERATOR_FILES, save_network
from repro.networks import freeze_statistics
from repro.specs import ModelSpec, NetworkSpec


def write_model(folder: Path, *, image_size: int = 16, seed: int = 1) -> Path:
    """Early and final generator with different initial weights, a discriminator, frozen all."""
    network = NetworkSpec(image_size=image_size, z_dim=8, ngf=4, ndf=4, init_sd=0.2)
    folder.mkdir(parents=True)
    for number, file in enumerate(GENERATOR_FILES.values()):
        G = build_generator(network, seed=seed + 100 * number)
        freeze_statistics(G, [random.latents(64, 8, seed=seed, purpose="test z", index=number)])
        save_network(G, folder / file)
    D = build_discriminator(network, seed=seed)
    noise = torch.rand(64, 3, image_size, image_size, generator=torch.Generator().manual_seed(seed))
    freeze_statistics(D, [noise * 2 - 1])
    save_network(D, folder / DISCRIMINATOR_FILE)
    spec = ModelSpec(data="test", network=network).model_dump()
    (folder / "spec.json").write_text(json.dumps({"spec": spec, "seed": seed}))
    return folder
