"""Features of the discriminator of Table 1 into a memory map, next to a plain loop.

Ours is `discriminator_features` (repro.classification) with the network of
config/presets/imagenet32.yaml, random weights and frozen statistics, on 32x32 images of noise. The
reference is the plain loop: images in their memory order (N, C, H, W), batches of 128, features
joined into one array.

Runs alone: python -m repro bench features [--images 512] [--ndf 128] [--device cuda]
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from repro.bench.alternation import alternate
from repro.classification.discriminator_features import POOLED, discriminator_features
from repro.command_line import add_device, at_least_one
from repro.devices import chosen_device, describe_device, wait_for
from repro.networks.build import build_convolutional
from repro.networks.dcgan import Discriminator
from repro.networks.discriminator_inputs import freeze_on
from repro.rng import generator
from repro.specs.network import NetworkSpec

BATCH = 128


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--images", type=at_least_one, default=512, help="images in one run of either side"
    )
    parser.add_argument("--ndf", type=at_least_one, default=128, help="maps of D's first layer")
    add_device(parser)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """The record, in images per second."""
    torch.set_num_threads(given.threads)
    device = chosen_device(given.device)
    images = noise(given.images)
    D = network(ndf=given.ndf).to(device)
    freeze_on(D, images[:BATCH])
    features = discriminator_features(D, images[:BATCH]).shape[1]
    plain(D, images[:BATCH])
    with tempfile.TemporaryDirectory() as folder:

        def ours() -> int:
            discriminator_features(D, images, out=Path(folder) / "features.npy")
            wait_for(device)
            return len(images)

        def reference() -> int:
            return len(plain(D, images))

        found = alternate({"ours": ours, "reference": reference}, repeats=given.repeats)
    rates = {name: one.rate for name, one in found.items()}
    return {
        **rates,
        "ratio": round(rates["ours"] / rates["reference"], 3),
        "reference_is": f"batches of {BATCH}, contiguous (N, C, H, W), features in memory",
        "unit": "images/s",
        "n": given.images,
        "device": describe_device(device),
        "features": features,
        "runs": {name: one.per_second for name, one in found.items()},
    }


def noise(count: int) -> np.ndarray:
    """Images (count, 32, 32, 3) uint8."""
    draw = generator(0, "bench features: images")
    return draw.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def network(*, ndf: int) -> Discriminator:
    """D of the preset imagenet32 at this width, with random weights."""
    spec = NetworkSpec(image_size=32, layers="paired", kernel=3, ndf=ndf)
    return build_convolutional(spec, seed=0)


@torch.no_grad()
def plain(D: Discriminator, images: np.ndarray) -> np.ndarray:
    """The same features (N, F) without any optimisation for speed."""
    device, parts = next(D.parameters()).device, []
    for start in range(0, len(images), BATCH):
        x = torch.from_numpy(images[start : start + BATCH]).permute(0, 3, 1, 2).contiguous()
        maps = D.features(x.to(device).float() / 127.5 - 1)
        pooled = [F.max_pool2d(one, one.shape[-1] // POOLED).flatten(1) for one in maps]
        parts.append(torch.cat(pooled, dim=1).cpu().numpy())
    return np.concatenate(parts)
