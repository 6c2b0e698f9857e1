"""The density of samples among real images, with other neighbours and in other spaces.

Part of measure.py: the same pictures are described in each space, and compared with the same
reference images. The control, an untrained generator's pictures, goes through all of it. Pixels are
those of the pictures halved to 32 a side.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from experiments.samples.options import DensityChoices
from experiments.samples.results import realism
from repro.claims.choices import alternatives
from repro.claims.multiverse import Universe, Universes
from repro.data.images import halved_to
from repro.networks.dcgan import Discriminator
from repro.quality.density_coverage import RealBalls
from repro.quality.feature_spaces import UNTRAINED, Describe, described, scaled_features

SPACES = {  # value of the choice -> in words
    "untrained_features": UNTRAINED,
    "features": "features of the model's own D",
    "pixels": "pixels",
}
COMPARED = ("samples", "untrained")  # kinds: the claim's number and its control
PIXELS_SIDE = 32


def density_universes(
    reference: np.ndarray,
    pictures: Mapping[str, np.ndarray],
    *,
    untrained: Sequence[Describe],
    D: Callable[[], Discriminator],
    role: str,
    given: DensityChoices,
    neighbours: int,
    seed: int,
) -> dict[str, Universes]:
    """The claim's number and its control under all other choices, by the claim's id.

    reference (N, H, W, C) and pictures (n, H, W, C) uint8 by kind; untrained: the spaces of
    untrained features; D: the model's own; neighbours: the claim's own choice, as are untrained
    features. As many neighbours as there are reference images, or more, are left out.
    """
    fewer = [k for k in given.neighbours if k < len(reference)]
    own: dict[str, Any] = {"neighbours": neighbours, "space": "untrained_features"}
    wanted = alternatives({"neighbours": fewer, "space": given.space}, default=own)
    describe: dict[str, Callable[[], Sequence[Describe]]] = {
        "untrained_features": lambda: untrained,
        "features": lambda: [scaled_features(D(), reference)],
        "pixels": lambda: [_pixels],
    }
    others = []
    for space in dict.fromkeys(choices["space"] for choices in wanted):
        spaces = describe[space]()
        real = described(reference, spaces)
        features = {kind: described(pictures[kind], spaces) for kind in COMPARED}
        for choices in (choices for choices in wanted if choices["space"] == space):
            balls = RealBalls(real, k=choices["neighbours"])
            measured, control = (
                realism(
                    balls,
                    balls.met(features[kind]),
                    kind=kind,
                    role=role,
                    space=SPACES[space],
                    seed=seed,
                )
                for kind in COMPARED
            )
            others.append(Universe(choices=choices, measurement=measured, control=control))
    return {f"{role}_realistic": Universes(default=own, others=others)}


def _pixels(images: np.ndarray) -> np.ndarray:
    """Images (n, H, W, C) uint8 by their pixels, (n, F) float32."""
    return halved_to(images, PIXELS_SIDE).reshape(len(images), -1).astype(np.float32)
