"""The numbers of the sample sheets: realism, coverage and diversity of each kind of pictures.

Part of measure.py. Alone: `quality_measurements(balls, features, pictures, role="faces", ...)`.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from experiments.samples.kinds import KINDS
from experiments.samples.names import measurement_name
from repro.claims.constructors import estimate_over, student_over
from repro.claims.intervals import Ends, bootstrap_mean, combined, jackknife, wilson
from repro.claims.measurement import Measurement
from repro.quality.density_coverage import Met, RealBalls
from repro.quality.feature_spaces import UNTRAINED, Describe, described
from repro.train.monitor import diversity

SPACE = f"{UNTRAINED}, each standardised by real images"


def quality_measurements(
    balls: RealBalls,
    spaces: Sequence[Describe],
    pictures: Mapping[str, np.ndarray],
    reference: np.ndarray,
    *,
    role: str,
    parts: int,
    seed: int,
) -> list[Measurement]:
    """Realism, coverage and diversity of every kind in KINDS; those of samples bear no suffix.

    balls: of the reference images, in these spaces; pictures (n, H, W, C) uint8 by kind; reference
    (n, H, W, C) uint8: real images to whose diversity that of the kinds is relative.
    """
    made = []
    for kind, words in KINDS.items():
        met = balls.met(described(pictures[kind], spaces))  # one kind at a time: they are large
        made += [
            realism(balls, met, kind=kind, role=role, space=SPACE, seed=seed),
            _coverage(balls, met, kind=kind, role=role),
            student_over(
                measurement_name("diversity", role, kind),
                _diversities(pictures[kind], reference, parts=parts),
                over="disjoint parts, one model",
                protocol=f"how much {words} differ from each other, over how much training images "
                "do (repro.train.monitor); it says nothing of how real they are",
            ),
        ]
    return made


def realism(
    balls: RealBalls, met: Met, *, kind: str, role: str, space: str, seed: int
) -> Measurement:
    """Density of pictures of one kind, met by the balls.

    space: the spaces of the features, in words. Of several spaces the interval is also over them.
    """
    name = measurement_name("realism", role, kind)
    value = float(met.densities.mean())
    ends = bootstrap_mean(met.densities, seed=seed, purpose=f"samples, {name}")
    without = [float(one.densities.mean()) for one in met.without]
    return estimate_over(
        name,
        value,
        _over_spaces(value, ends, without, most=np.inf),
        over=_units("pictures", without),
        by="interval (bootstrap and jackknife)" if without else "bootstrap interval",
        n=len(met.densities),
        protocol=f"density of {KINDS[kind]} among {balls.count:,} training images, k = {balls.k}, "
        f"{space}; about 1 for images of the same distribution",
    )


def _coverage(balls: RealBalls, met: Met, *, kind: str, role: str) -> Measurement:
    """Share of the balls that hold a picture of one kind."""
    value = float(met.covered.mean())
    ends = wilson(successes=int(met.covered.sum()), n=balls.count)
    without = [float(one.covered.mean()) for one in met.without]
    return estimate_over(
        measurement_name("coverage", role, kind),
        value,
        _over_spaces(value, ends, without, most=1),
        over=_units("training images", without),
        by="interval (Wilson and jackknife)",
        n=balls.count,
        protocol=f"share of {balls.count:,} training images nearer to one of "
        f"{len(met.densities):,} {KINDS[kind]} than to neighbour number {balls.k}, {SPACE}; about "
        f"{1 - 2.0**-balls.k:.2f} for images of the same distribution",
    )


def _over_spaces(value: float, ends: Ends, without: list[float], *, most: float) -> Ends:
    """Ends over the units and over the spaces; without: the value without each space, or []."""
    if not without:
        return ends
    low, high = combined(value, ends, jackknife(value, np.array(without)))
    return max(0.0, low), min(most, high)


def _units(units: str, without: list[float]) -> str:
    networks = f" and {len(without)} untrained networks" if without else ""
    return f"{units} of one model{networks}"


def _diversities(images: np.ndarray, reference: np.ndarray, *, parts: int) -> np.ndarray:
    """Diversity of each part of the images over that of the same part of the reference (parts,)."""
    pairs = zip(np.array_split(images, parts), np.array_split(reference, parts), strict=True)
    return np.array([diversity(own) / diversity(real) for own, real in pairs])
