"""The untrained hash: the autoencoder's initial weights, treated exactly like the trained one.

Part of measure.py. Random projections of a picture are already a hash that finds copies which
hardly differ; training accounts only for what the trained hash finds beyond it. The untrained hash
has the scaling, threshold, code and grouping of the trained one, and in a run its very initial
weights, since both are drawn from the run's seed. Alone: `untrained_hash(Autoencoder.load(FILE),
seed=42)`.
"""

import json
from pathlib import Path

import numpy as np

from experiments.dedup.removal import Removed
from repro.dedup.autoencoder import Autoencoder, HashInputs, encode
from repro.dedup.options import Options as HashOptions
from repro.dedup.removal import find_removal
from repro.specs.validation import validated


def untrained_hash(trained: Autoencoder, *, seed: int) -> Autoencoder:
    """The network with initial weights from `seed` and the input scaling of `trained`."""
    network = Autoencoder(scaling=trained.scaling, seed=seed)
    network.mean.copy_(trained.mean)
    network.deviation.copy_(trained.deviation)
    return network.eval()


def removed_by(network: Autoencoder, images: np.ndarray, *, settings: HashOptions) -> Removed:
    """What the pipeline would remove from images (N, H, W, C) uint8 with `network` as its hash."""
    codes, contrast = encode(network, HashInputs(images))
    found = find_removal(
        codes,
        flat=contrast < settings.minimum_contrast,
        max_group=settings.max_group,
        radius=settings.radius,
    )
    return Removed(codes=codes, first=found.first, keep=found.keep, summary={})


def settings_of(folder: Path) -> HashOptions:
    """The options of the de-duplication in `folder`, from its provenance.json."""
    path = folder / "provenance.json"
    spec = json.loads(path.read_text(encoding="utf-8")).get("spec") or {}
    return validated(HashOptions, spec, where=str(path), key="spec")
