"""A planted world of faces: the brightness of three bands is "man", "smiling", "glasses"."""

import numpy as np
import torch

from experiments.face_arithmetic.options import Options

NAMES = ("man", "smiling", "glasses")
OPTIONS = Options(
    samples=300, confident=12, trials=40, classifier_images=400, classifier_epochs=6,
    blend_epochs=4, offered=20,
)  # fmt: skip


def bands(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    """A generator of known behaviour: z[0..3] are the brightness of four bands of four columns."""
    grey = np.clip(128 + 90 * z[:, :4].numpy(), 0, 255).repeat(4, axis=1)
    return np.broadcast_to(grey[:, None, :, None], (len(z), 16, 16, 3)).astype(np.uint8)


def scrambled(G: object, z: torch.Tensor, batch: int = 128) -> np.ndarray:
    """A generator without linear directions: bands depend on high bits of z."""
    return bands(G, torch.sin(40 * z), batch)


def labels_of(z: torch.Tensor) -> dict[str, np.ndarray]:
    """The three labels of z (N, at least 3), 0 or 1."""
    return {name: (z[:, i].numpy() > 0).astype(np.uint8) for i, name in enumerate(NAMES)}
