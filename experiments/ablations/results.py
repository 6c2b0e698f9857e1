"""From distances and diversities of every training to the experiment's numbers and arrays.

Part of measure.py. Effects are paired: a change's trainings minus the recipe's, seed by seed.
Alone: `measurements(compared, real, samples=2000, held_out=2000)`.
"""

from dataclasses import dataclass

import numpy as np

from experiments.ablations.changes import Change
from repro.claims.constructors import single_number, student_over
from repro.claims.measurement import Measurement

DIVERSE = 256  # images in a diversity, as in the training's monitor


@dataclass(frozen=True)
class ComparedChange:
    """A change with the results of its R trainings, in the order of the seeds.

    distances (R,): to held-out real images; diversities (R,): relative to that of real images;
    shown (n, H, W, C) uint8: samples of the first training.
    """

    change: Change
    distances: np.ndarray
    diversities: np.ndarray
    shown: np.ndarray


def figure_arrays(
    compared: list[ComparedChange], real: float, real_images: np.ndarray
) -> dict[str, np.ndarray]:
    """Arrays that the figures need; real: the distance of the training images themselves.

    compared: the recipe first; real_images (n, H, W, C) uint8: held-out images to show.
    """
    changes = [one.change for one in compared]
    return {
        "distance": np.stack([one.distances for one in compared]),  # (changes, trainings)
        "diversity": np.stack([one.diversities for one in compared]),
        "real_distance": np.array(real),
        "samples": np.stack([one.shown for one in compared]),
        "real_images": real_images,
        "names": np.array([change.name for change in changes]),
        "words": np.array([change.words for change in changes]),
        "steps_d": np.array([change.models[0].description["steps_d"] for change in changes]),
        "troubled": np.array([change.troubled for change in changes]),
    }


def measurements(
    compared: list[ComparedChange], real: float, *, samples: int, held_out: int
) -> list[Measurement]:
    """All numbers of the experiment; compared and real as in `figure_arrays`.

    samples, held_out: numbers of images between which a distance is computed.
    """
    protocol = (
        "unbiased squared MMD, kernel (x.y/F + 1)^3, on features of one discriminator with initial "
        f"weights (not Inception, so not KID), standardised; {samples:,} samples against "
        f"{held_out:,} held-out real images"
    )
    of_diversity = (
        f"of {DIVERSE} samples over that of equally many held-out images (repro.train.monitor)"
    )
    changes = [one.change for one in compared]
    distances = [one.distances for one in compared]
    diversities = [one.diversities for one in compared]
    return [
        single_number(
            "distance_real",
            real,
            n=1,
            why="a single number",
            protocol=f"training images; {protocol}",
        ),
        *_means_and_effects(changes, distances, "distance", protocol),
        *_means_and_effects(changes, diversities, "diversity", of_diversity),
    ]


def _means_and_effects(
    changes: list[Change], values: list[np.ndarray], quantity: str, protocol: str
) -> list[Measurement]:
    """Mean over trainings of every change, and its difference from the recipe, paired by seed."""
    means = [
        student_over(f"{quantity}_{change.name}", own, over="trainings", protocol=protocol)
        for change, own in zip(changes, values, strict=True)
    ]
    differences = [
        student_over(
            f"change_in_{quantity}_{change.name}",
            own - values[0],
            over="pairs of trainings from the same seed",
            protocol=f"with {change.words}, minus that of the recipe; {protocol}",
        ).model_copy(update=change.setting)
        for change, own in zip(changes[1:], values[1:], strict=True)
    ]
    return [*means, *differences]
