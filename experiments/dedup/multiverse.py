"""The copies that the hash finds under other choices of Hamming radius and bit threshold.

Part of measure.py. The trained network and its untrained control stay the same; their units are cut
into bits at another threshold, and images removed within another radius, by the pipeline's own rule
(flat pictures and large groups are kept). Needs the truth file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from experiments.dedup.options import HashChoices
from experiments.dedup.results import equal_codes, truth_measurements
from experiments.dedup.settings_study import activations
from repro.claims.choices import alternatives
from repro.claims.measurement import Measurement
from repro.claims.multiverse import Universe, Universes
from repro.claims.withheld import no_value
from repro.dedup.autoencoder import Autoencoder, HashInputs, contrast_of
from repro.dedup.binary_codes import pack
from repro.dedup.hamming_search import TooManyPairsError
from repro.dedup.options import Options as HashOptions
from repro.dedup.removal import find_removal
from repro.dedup.truth import Truth

TOO_MANY = "too many images count as equal"
NUMBERS = {  # claim -> its measurement and its control, if any
    "semantic": ("recall_gain_over_pixels", "recall_gain_over_pixels_untrained"),
    "recall": ("recall_autoencoder", "recall_untrained"),
    "recall_by_training": ("recall_gain_over_untrained", ""),
}


@dataclass(frozen=True)
class Units:
    """What a network makes of n images, before thresholding: (n, 128) and their deviation."""

    values: np.ndarray
    deviation: float

    @classmethod
    def of(cls, network: Autoencoder, images: np.ndarray) -> "Units":
        values = activations(network, images)
        return cls(values, float(values.std(dtype=np.float64)))

    def codes(self, threshold: float) -> np.ndarray:
        """Codes (n, 16) uint8; threshold in standard deviations of all units."""
        return pack(self.values > threshold * self.deviation)


def hash_universes(
    images: np.ndarray,
    truth: Truth,
    *,
    hashes: Mapping[str, Autoencoder],
    pixels: np.ndarray,
    given: Mapping[str, HashChoices],
    settings: HashOptions,
    seed: int,
) -> dict[str, Universes]:
    """The claims' numbers under all other choices, by claim.

    images (n, H, W, C) uint8, of the truth; hashes: the trained and the untrained network by
    method; pixels (n,): the first image equal to each; given: the values by claim; settings: the
    run's own de-duplication. Choices under which too many images count as equal have no value.
    """
    units = {method: Units.of(network, images) for method, network in hashes.items()}
    flat = contrast_of(HashInputs(images).rows(0, len(images))) < settings.minimum_contrast
    removed = partial(find_removal, flat=flat, max_group=settings.max_group)
    own = {"radius": settings.radius, "threshold": 0.0}
    made: dict[tuple[int, float], dict[str, Measurement]] = {}

    def numbers(radius: int, threshold: float) -> dict[str, Measurement]:
        found = {"pixels": pixels}
        for method, values in units.items():
            gone = removed(values.codes(threshold), radius=radius)
            found[method] = np.where(gone.keep, np.arange(len(images)), gone.first)
        equal = equal_codes(radius=radius, threshold=threshold)
        stated = truth_measurements(found, truth, seed=seed, equal=equal)
        return {one.name: one for one in stated}

    universes = {}
    for claim, values in given.items():
        others = []
        for choices in alternatives(values.model_dump(), default=own):
            key = (choices["radius"], choices["threshold"])
            if key not in made:
                try:
                    made[key] = numbers(*key)
                except TooManyPairsError:
                    made[key] = {}
            name, control = NUMBERS[claim]
            others.append(
                Universe(
                    choices=choices,
                    measurement=made[key].get(name) or no_value(name, because=TOO_MANY),
                    control=made[key].get(control),
                )
            )
        universes[claim] = Universes(default=own, others=others)
    return universes
