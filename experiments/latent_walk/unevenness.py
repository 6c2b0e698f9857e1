"""How uneven a walk is by its largest step: numbers of the three kinds, one against another.

Part of measure.py, which hands over what smoothness.py found.
"""

import numpy as np

from experiments.latent_walk.smoothness import WalkStudy
from repro.claims.constructors import mean_over, ratio_over
from repro.claims.measurement import Measurement

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
                mean_over(
                    f"step_ratio_{kind}",
                    usable,
                    seed=seed,
                    purpose=f"latent walk, step_ratio_{kind}",
                    over="independent segments of one model",
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
    return [
        ratio_over(
            name,
            own,
            training,
            over="independent segments of one model",
            seed=seed,
            purpose=f"latent walk, {name}",
            protocol=protocol,
        )
    ]
