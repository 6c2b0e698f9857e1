"""Distances of samples to training images against those of real images: shares, ratios, rank test.

Part of measure.py, which looks the distances up. `nearer_probability` and `copying_z` take any two
sets of distances.
"""

import numpy as np
from scipy import stats

from experiments.contract import Measurement, share_measurement
from experiments.memorisation.options import Options
from experiments.memorisation.study import Study
from repro.random import generator

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


def ranks(samples: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Share of real distances (m,) below each sample's (n,), ties half: (n,) in [0, 1].

    Samples that are as real images are have evenly spread ranks; copies have 0.
    """
    ordered = np.sort(real)
    sides = [np.searchsorted(ordered, samples, side=side) for side in ("left", "right")]
    return (sides[0] + sides[1]) / (2 * len(real))


def nearer_probability(samples: np.ndarray, real: np.ndarray) -> tuple[float, float, float]:
    """P(sample < real), ties half, of distances (n,) and (m,), with its 95 % interval.

    Variance by DeLong, DeLong and Clarke-Pearson (1988); needs two of each.
    """
    of_samples, of_real = 1 - ranks(samples, real), ranks(real, samples)
    value = float(of_samples.mean())
    variance = of_samples.var(ddof=1) / len(samples) + of_real.var(ddof=1) / len(real)
    half = float(stats.norm.ppf(0.975) * np.sqrt(variance))
    return value, max(0.0, value - half), min(1.0, value + half)


def copying_z(samples: np.ndarray, real: np.ndarray) -> float:
    """Mann-Whitney z of distances (n,) against (m,), ties corrected; negative: samples nearer."""
    n, m = len(samples), len(real)
    joined = np.concatenate([samples, real])
    surplus = stats.rankdata(joined)[:n].sum() - n * (n + m + 1) / 2
    _, ties = np.unique(joined, return_counts=True)
    ties = ties.astype(np.float64)
    tied = (ties**3 - ties).sum() / ((n + m) * (n + m - 1))
    variance = n * m / 12 * (n + m + 1 - tied)
    return float(surplus / np.sqrt(variance)) if variance > 0 else 0.0


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
