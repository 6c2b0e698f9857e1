"""How uneven a walk is by its largest step: numbers of the three kinds, one against another.

Part of measure.py, which hands over what smoothness.py found.
"""

import numpy as np

from experiments.contract import mean_measurement
from experiments.latent_walk.smoothness import WalkStudy
from repro.claims.measurement import Measurement
from repro.rng import generator

BOOTSTRAPS = 2000
OF = {
    "latent": "the latent walk",
    "pixels": "a pixel blend of the same ends",
    "training": "the latent walk, every frame replaced by the training image nearest in pixels",
}


def step_measurements(study: WalkStudy, *, seed: int) -> list[Measurement]:
    """Largest step over mean step of each kind; unevenness against that along training images.

    Segments on which nothing moves are left out and lower n; what is left with none, or has an even
    walk along training images, is not measured.
    """
    ratios = study.ratios
    made = []
    for kind, words in OF.items():
        usable = ratios[kind][~np.isnan(ratios[kind])]
        if len(usable):
            made.append(
                mean_measurement(
                    f"step_ratio_{kind}",
                    usable,
                    seed=seed,
                    purpose=f"latent walk, step_ratio_{kind}",
                    spread="95 % bootstrap interval over independent segments of one model",
                    protocol=f"largest of {study.steps} steps over the mean step, {study.space}; "
                    f"1: even, {study.steps}: all in one step; {words}",
                )
            )
    for kind, suffix in {"latent": "", "pixels": "_pixels"}.items():
        made += _against_training(
            f"unevenness_share{suffix}",
            ratios[kind] - 1,
            ratios["training"] - 1,
            seed=seed,
            protocol=f"(largest step over mean step - 1) of {OF[kind]}, over that of "
            f"{OF['training']}; means over segments, {study.space}; 0: even, 1: as uneven",
        )
    return made


def _against_training(
    name: str, own: np.ndarray, training: np.ndarray, *, seed: int, protocol: str
) -> list[Measurement]:
    """Mean of `own` (K,) over that of `training` (K,), the segments resampled in pairs."""
    usable = ~(np.isnan(own) | np.isnan(training))
    own, training = own[usable], training[usable]
    if len(own) < 2 or training.mean() <= 0:
        return []
    source = generator(seed, f"latent walk, {name}")
    drawn = source.integers(0, len(own), (BOOTSTRAPS, len(own)))
    below = training[drawn].mean(axis=1)
    shares = own[drawn].mean(axis=1) / np.where(below > 0, below, np.nan)
    low, high = np.nanquantile(shares, [0.025, 0.975])
    return [
        Measurement(
            name=name,
            value=float(own.mean() / training.mean()),
            low=float(low),
            high=float(high),
            n=len(own),
            spread="95 % bootstrap interval over independent segments of one model",
            protocol=protocol,
        )
    ]
