"""The numbers behind Figs 2 and 3: kernel distances to real bedrooms, and early minus late.

Part of measure.py.
"""

import numpy as np

from repro.claims.constructors import student_over
from repro.claims.measurement import Measurement
from repro.quality.feature_spaces import UNTRAINED


def distance_measurements(values: dict[str, np.ndarray], *, images: int) -> list[Measurement]:
    """Mean over blocks of each kind of image, and of the paired difference early - late.

    values: (blocks,) by kind, "early", "late" and "real"; images: number drawn of each kind.
    """
    values = {**values, "early_minus_late": values["early"] - values["late"]}
    return [
        student_over(
            f"kernel_distance_{name}",
            distances,
            over="disjoint blocks; one model, one z stream, one draw of untrained networks",
            protocol=f"unbiased squared MMD, kernel (x.y/F + 1)^3, {UNTRAINED} (not "
            f"Inception, so not KID), standardised; {images:,} images per kind",
        )
        for name, distances in values.items()
    ]
