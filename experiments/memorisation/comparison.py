"""Distances of samples to training images against those of real images: shares, ratios, rank test.

Part of measure.py, which looks the distances up.
"""

import numpy as np

from experiments.contract import share_measurement
from experiments.memorisation.options import Options
from experiments.memorisation.rank_tests import copying_z, nearer_probability
from experiments.memorisation.study import Study
from repro.claims.measurement import Measurement
from repro.rng import generator

BOOTSTRAPS = 1000
ALONE = "training images without a near-identical partner, each against the other training images"
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
    ratios = _median_ratios(samples, real, seed=seed, purpose=f"memorisation, {name}")
    nearer, low, high = nearer_probability(samples, real)
    return [
        Measurement(
            name=f"median_ratio_{name}",
            value=float(np.median(samples) / max(np.median(real), 1e-12)),
            low=float(np.quantile(ratios, 0.025)),
            high=float(np.quantile(ratios, 0.975)),
            n=len(samples),
            spread="95 % bootstrap interval over samples and training images of one model",
            protocol=f"median distance to the nearest training image, samples over real; {words}",
        ),
        share(
            f"suspicious_share_{name}",
            samples < limit,
            f"share of samples nearer to a training image than {100 * options.quantile:g} % of "
            f"{len(real):,} real images are; {words}",
        ),
        Measurement(
            name=f"nearer_probability_{name}",
            value=nearer,
            low=low,
            high=high,
            n=len(samples),
            spread="95 % interval (DeLong) over samples and training images of one model",
            protocol=f"chance that a sample is nearer than a real image; even: 0.5; {words}",
        ),
        Measurement(
            name=f"copying_z_{name}",
            value=copying_z(samples, real),
            n=len(samples),
            protocol=(
                "Mann-Whitney z of the distances (Meehan, Chaudhuri, Dasgupta 2020, one cell); "
                f"below 0: samples are nearer, standard normal for equal distributions; {words}"
            ),
        ),
    ]


def _median_ratios(samples: np.ndarray, real: np.ndarray, *, seed: int, purpose: str) -> np.ndarray:
    """Ratios of medians of resampled distances, (BOOTSTRAPS,)."""
    source = generator(seed, purpose)
    medians = [
        np.median(x[source.integers(0, len(x), (BOOTSTRAPS, len(x)))], axis=1)
        for x in (samples, real)
    ]
    return medians[0] / np.maximum(medians[1], 1e-12)


def share(name: str, chosen: np.ndarray, protocol: str) -> Measurement:
    over = "over the images of one model; the limit taken as given"
    return share_measurement(name, chosen, over=over, protocol=protocol)
