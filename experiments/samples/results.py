"""The numbers of the sample sheets: realism, coverage and diversity of each kind of pictures.

Part of measure.py. Alone: `quality_measurements(balls, features, pictures, role="faces", ...)`.
"""

from collections.abc import Mapping

import numpy as np

from experiments.samples.kinds import KINDS
from repro.claims.constructors import mean_over, share_over, student_over
from repro.claims.measurement import Measurement
from repro.quality.density_coverage import RealBalls
from repro.train.monitor import diversity

SPACE = "features of a D with initial weights, each standardised by real images"


def quality_measurements(
    balls: RealBalls,
    features: Mapping[str, np.ndarray],
    pictures: Mapping[str, np.ndarray],
    reference: np.ndarray,
    *,
    role: str,
    parts: int,
    seed: int,
) -> list[Measurement]:
    """Realism, coverage and diversity of every kind in KINDS; those of samples bear no suffix.

    balls: of the reference images; features (n, F) and pictures (n, H, W, C) uint8 by kind;
    reference (n, H, W, C) uint8: real images to whose diversity that of the kinds is relative.
    """
    made = []
    for kind, words in KINDS.items():
        suffix = _suffix(role, kind)
        made += [
            realism(balls, features[kind], kind=kind, role=role, space=SPACE, seed=seed),
            share_over(
                f"coverage_{suffix}",
                balls.covered(features[kind]),
                over="training images, one model",
                protocol=f"share of {len(balls.real):,} training images nearer to one of "
                f"{len(features[kind]):,} {words} than to neighbour number {balls.k}, {SPACE}; "
                f"about {1 - 2.0**-balls.k:.2f} for images of the same distribution",
            ),
            student_over(
                f"diversity_{suffix}",
                _diversities(pictures[kind], reference, parts=parts),
                over="disjoint parts, one model",
                protocol=f"how much {words} differ from each other, over how much training images "
                "do (repro.train.monitor); it says nothing of how real they are",
            ),
        ]
    return made


def realism(
    balls: RealBalls, features: np.ndarray, *, kind: str, role: str, space: str, seed: int
) -> Measurement:
    """Density of pictures of one kind, features (n, F), among the balls' real images.

    space: the space of the features, in words.
    """
    name = f"realism_{_suffix(role, kind)}"
    return mean_over(
        name,
        balls.densities(features),
        over="pictures of one model",
        seed=seed,
        purpose=f"samples, {name}",
        protocol=f"density of {KINDS[kind]} among {len(balls.real):,} training images, "
        f"k = {balls.k}, {space}; about 1 for images of the same distribution",
    )


def _suffix(role: str, kind: str) -> str:
    return role if kind == "samples" else f"{role}_{kind}"


def _diversities(images: np.ndarray, reference: np.ndarray, *, parts: int) -> np.ndarray:
    """Diversity of each part of the images over that of the same part of the reference (parts,)."""
    pairs = zip(np.array_split(images, parts), np.array_split(reference, parts), strict=True)
    return np.array([diversity(own) / diversity(real) for own, real in pairs])
