"""Distances of samples to training images against those of real images: shares, ratios, rank test.

Part of measure.py, which looks the distances up.
"""

import numpy as np

from experiments.memorisation.options import Options
from experiments.memorisation.rank_tests import copying_z, nearer_probability
from experiments.memorisation.study import Study
from repro.claims.constructors import estimate_over, share_over, single_number
from repro.claims.intervals import SMALLEST, bootstrap_ratio_of_medians
from repro.claims.measurement import Measurement

ALONE = "training images without a near-identical partner, each against the other training images"
OVER_BOTH = "samples and training images of one model"
HELD_OUT = "held-out images"
BLURRED = "blurred to the samples' sharpness"
AGAINST = {  # suffix of a name -> the real images
    "": ALONE,
    "_blur_matched": f"{ALONE}, {BLURRED}",
    "_with_partners": "all training images drawn, each against the other training images",
    "_held_out": HELD_OUT,
    "_held_out_blur_matched": f"{HELD_OUT}, {BLURRED}",
}


def compared(
    found: Study, space: str, options: Options, *, seed: int, model: str
) -> list[Measurement]:
    """Samples against each kind of real image: ratio, share, probability and z.

    model: what is put behind the names of measurements of another model.
    """
    return [
        one
        for suffix, real in found.references(space).items()
        for one in _against(
            f"{space}{suffix}{model}",
            found.nearest[space]["samples"],
            real,
            options=options,
            seed=seed,
            words=f"{space}; real: {AGAINST[suffix]}",
        )
    ]


def _against(
    name: str, samples: np.ndarray, real: np.ndarray, *, options: Options, seed: int, words: str
) -> list[Measurement]:
    """Distances (n,) of samples and (m,) of real images to the nearest training image."""
    limit = np.quantile(real, options.quantile, method="inverted_cdf")
    purpose, n = f"memorisation, {name}", len(samples)
    nearer, ends = nearer_probability(samples, real)
    return [
        estimate_over(
            f"median_ratio_{name}",
            float(np.median(samples) / max(np.median(real), SMALLEST)),
            bootstrap_ratio_of_medians(samples, real, seed=seed, purpose=purpose),
            over=OVER_BOTH,
            by="bootstrap interval",
            n=n,
            protocol=f"median distance to the nearest training image, samples over real; {words}",
        ),
        share(
            f"suspicious_share_{name}",
            samples < limit,
            f"share of samples nearer to a training image than {100 * options.quantile:g} % of "
            f"{len(real):,} real images are; {words}",
        ),
        estimate_over(
            f"nearer_probability_{name}",
            nearer,
            ends,
            over=OVER_BOTH,
            by="interval (DeLong)",
            n=n,
            protocol=f"chance that a sample is nearer than a real image; even: 0.5; {words}",
        ),
        single_number(
            f"copying_z_{name}",
            copying_z(samples, real),
            n=n,
            why="a single number",
            protocol=(
                "Mann-Whitney z of the distances (Meehan, Chaudhuri, Dasgupta 2020, one cell); "
                f"below 0: samples are nearer, standard normal for equal distributions; {words}"
            ),
        ),
    ]


def share(name: str, chosen: np.ndarray, protocol: str) -> Measurement:
    over = "the images of one model; the limit taken as given"
    return share_over(name, chosen, over=over, protocol=protocol)
