"""Does a picture half-way along a walk look as real as a sample, to the model's own discriminator?

Part of measure.py; results.py computes the number. The discriminator was trained against this very
generator: it does not say how good the pictures are, only whether those half-way are worse than
samples. Alone: `half_way_scores(model, plain, {"": frames})`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from repro.internals.realism import discriminator_scores
from repro.networks.model_folder import ModelFolder


@dataclass(frozen=True)
class HalfWayScores:
    """Logits of D, positive for real: plain samples (N,), frames half-way (K,) by kind."""

    plain: np.ndarray
    half_way: dict[str, np.ndarray]


def half_way_scores(
    model: ModelFolder, plain: np.ndarray, frames: Mapping[str, np.ndarray]
) -> HalfWayScores | None:
    """D's scores of plain samples (N, H, W, C) uint8 and of the middles of (K, T, H, W, C).

    None for a model whose discriminator has no convolutions.
    """
    if model.spec.network.kind != "convolutional":
        return None
    D = model.discriminator()
    return HalfWayScores(
        discriminator_scores(D, plain),
        {
            kind: discriminator_scores(D, walked[:, walked.shape[1] // 2])
            for kind, walked in frames.items()
        },
    )
