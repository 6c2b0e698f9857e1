"""From the sharpness of each picture to the numbers behind the claims. Part of measure.py."""

import numpy as np

from repro.claims.constructors import difference_over
from repro.claims.measurement import Measurement

PROTOCOL = (
    "mean gradient magnitude of a picture, mean of {kind} less mean of training images, over the "
    "standard deviation of the latter"
)
COMPARED = {  # name of the measurement -> kind of picture, in the arrays and in words
    "sharpness_difference": ("samples", "samples"),
    "sharpness_difference_untrained": ("untrained", "an untrained network's samples"),
}


def sharpness_measurements(sharp: dict[str, np.ndarray], *, seed: int) -> list[Measurement]:
    """By how many standard deviations pictures are sharper than training images.

    sharp: values (N,) of "training", "samples" and "untrained". Returns [] where all training
    images are equally sharp, since their standard deviation is then 0 and cannot serve as a unit.
    """
    training, deviation = sharp["training"], sharp["training"].std()
    if deviation == 0:
        return []
    return [
        difference_over(
            name,
            sharp[kind] / deviation,
            training / deviation,
            over="pictures of one model",
            seed=seed,
            purpose=f"_template, {name}",
            protocol=PROTOCOL.format(kind=words),
            unit="sd",
        )
        for name, (kind, words) in COMPARED.items()
    ]
