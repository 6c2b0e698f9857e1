"""The numbers of Fig 4: how even steps are, ghosting and realism half-way, and a walk along images.

Part of measure.py, which passes frames of segments and the results of smoothness.py. Alone:
`smoothness_measurements(frames, jump=0.3, seed=42)`.
"""

import numpy as np

from experiments.latent_walk.realism import HalfWayScores
from experiments.latent_walk.smoothness import WalkStudy
from repro.claims.constructors import estimate_over, mean_over, ratio_over, share_over
from repro.claims.intervals import delong
from repro.claims.measurement import Measurement
from repro.internals.latent import largest_step_share, step_lengths
from repro.quality.kernel_distance import sharpness

OVER = "independent segments of one model"
UNTRAINED = "_untrained"  # suffix of the untrained generator's numbers
WALKS = {  # kind -> its name in a protocol
    "latent": "the latent walk",
    "pixels": "a pixel blend of the same ends",
    "training": "the latent walk, every frame replaced by the training image nearest in pixels",
}


def smoothness_measurements(
    frames: np.ndarray, *, jump: float, seed: int, suffix: str = ""
) -> list[Measurement]:
    """How even the steps of the segments (K, T, H, W, C) uint8 are in pixels.

    A segment has a jump if one of its steps exceeds `jump`, a share of its path. Segments on which
    nothing moves are left out and lower n. suffix: of the names.
    """
    count = frames.shape[1] - 1
    lengths = step_lengths(frames)
    direct = step_lengths(frames[:, [0, -1]])[:, 0]
    shares = largest_step_share(lengths)
    shares = shares[~np.isnan(shares)]
    steps = (
        f"largest of {count} steps as a share of the path, pixel L2; even steps give "
        f"{1 / count:g}, half the path in one step 0.5{_whose(suffix)}"
    )
    ratio = "pixel length of the latent path over that of the straight line between its ends"
    ratio += _whose(suffix)
    return [
        *_mean(f"largest_step_share{suffix}", shares, seed=seed, protocol=steps),
        *_jumps(shares, jump=jump, suffix=suffix),
        *_mean(
            f"path_length_ratio{suffix}",
            lengths.sum(axis=1)[direct > 0] / direct[direct > 0],
            seed=seed,
            protocol=ratio,
        ),
    ]


def _jumps(shares: np.ndarray, *, jump: float, suffix: str) -> list[Measurement]:
    if len(shares) == 0:
        return []
    return [
        share_over(
            f"segments_with_a_jump{suffix}",
            shares > jump,
            over=OVER,
            protocol=f"share of segments in which one step is over {jump:g} of the path"
            f"{_whose(suffix)}",
        )
    ]


def ghosting_measurements(frames: np.ndarray, *, seed: int, suffix: str = "") -> list[Measurement]:
    """Sharpness half-way along segments (K, T, H, W, C) uint8, and in a blend of their ends."""
    first, middle, last = frames[:, 0], frames[:, frames.shape[1] // 2], frames[:, -1]
    blend = ((first.astype(np.uint16) + last + 1) // 2).astype(np.uint8)
    ends = (sharpness(first) + sharpness(last)) / 2
    latent, pixel = (sharpness(x)[ends > 0] / ends[ends > 0] for x in (middle, blend))
    what = "mean gradient magnitude half-way over that of the two ends"
    made = []
    for name, values, words in (
        ("sharpness_half_way_latent", latent, "latent walk"),
        ("sharpness_half_way_pixels", pixel, "pixel blend"),
        ("sharpness_kept", latent - pixel, "latent walk less pixel blend"),
    ):
        words = f"{what}, {words}{_whose(suffix)}"
        made += _mean(f"{name}{suffix}", values, seed=seed, protocol=words)
    return made


def _whose(suffix: str) -> str:
    return ", untrained generator" if suffix else ""


def realism_measurements(scores: HalfWayScores | None) -> list[Measurement]:
    """Chance that D finds a frame half-way more real than a plain sample of the trained model.

    Ties count half. Returns [] where there are no scores.
    """
    if scores is None:
        return []
    made = []
    for suffix, walked in scores.half_way.items():
        more = (walked > scores.plain[:, None]) + (walked == scores.plain[:, None]) / 2
        made.append(
            estimate_over(
                f"half_way_more_real{suffix}",
                float(more.mean()),
                delong(more.mean(axis=1), more.mean(axis=0)),
                over="plain samples and independent segments of one model",
                by="interval (DeLong)",
                n=len(walked),
                protocol="chance that the model's own D gives the picture half-way along a segment "
                "a higher score than a plain sample; 0.5: as realistic as samples"
                f"{_whose(suffix)}",
            )
        )
    return made


def step_measurements(study: WalkStudy, *, seed: int) -> list[Measurement]:
    """Largest step over mean step of each walk, and unevenness against that along training images.

    Segments on which nothing moves are left out and lower n. Where none remains, or the walk along
    training images is even, nothing is measured.
    """
    ratios = study.ratios
    made: list[Measurement] = []
    for kind, words in WALKS.items():
        made += _mean(
            f"step_ratio_{kind}",
            ratios[kind][~np.isnan(ratios[kind])],
            seed=seed,
            protocol=f"largest of {study.steps} steps over the mean step, {study.space}; "
            f"1: even, {study.steps}: all in one step; {words}",
        )
    for kind, suffix in {"latent": "", "pixels": "_pixels"}.items():
        made += _against_training(
            f"unevenness_share{suffix}",
            ratios[kind] - 1,
            ratios["training"] - 1,
            seed=seed,
            protocol=f"(largest step over mean step - 1) of {WALKS[kind]}, over that of "
            f"{WALKS['training']}; means over segments, {study.space}; 0: even, 1: as uneven",
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
            over=OVER,
            seed=seed,
            purpose=f"latent walk, {name}",
            protocol=protocol,
        )
    ]


def _mean(name: str, values: np.ndarray, *, seed: int, protocol: str) -> list[Measurement]:
    """Mean over segments with its bootstrap interval; [] where no segment was usable."""
    if len(values) == 0:
        return []
    return [
        mean_over(
            name,
            values,
            seed=seed,
            purpose=f"latent walk, {name}",
            over=OVER,
            protocol=protocol,
        )
    ]
