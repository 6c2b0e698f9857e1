"""The numbers of Fig 5: how selective, alike, concentrated and class-specific responses are.

Part of measure.py, which passes one value per channel for each side: random and trained weights,
and for the classes also the trained ones with labels in random order. Alone:
`class_measurements({"class_share": {"trained": ...}, ...}, pool="...", seed=42)`.
"""

import numpy as np

from repro.claims.constructors import difference_over, mean_over
from repro.claims.measurement import Measurement

PERMUTED = "permuted"  # the trained network's responses with the labels in random order
TRAINED, RANDOM = "channels of one trained D", "channels of the random networks"
SIDES = {"trained": TRAINED, "random": RANDOM, PERMUTED: TRAINED}
BOTH = "the channels of one trained D and of the random ones"
TOP = "{top} strongest images per channel"
BEDROOMS = {  # quantity -> description, unit
    "selectivity": (
        f"(mean of the strongest peaks - mean of all peaks) / sd of all, before activation; {TOP}",
        "sd",
    ),
    "gradient_likeness": (
        f"mean cosine between the guided gradients of a channel's strongest units; {TOP}",
        "",
    ),
    "gradient_likeness_excess": (
        "mean cosine between the guided gradients of a channel's strongest units, minus that of "
        f"equally many random images among those to which it responds; {TOP}",
        "",
    ),
    "shape_likeness_excess": (
        "mean cosine between the edge directions (8 directions, 4x4 cells) of the image patches of "
        f"a channel's strongest units, minus that of equally many random images; {TOP}",
        "",
    ),
    "concentration": (
        f"share of a map's variance that is its strongest position's, before activation; {TOP}",
        "",
    ),
}
CLASSES = {  # quantity -> description
    "class_share": "share of the variance of a channel's ranked peaks that lies between classes",
    "class_auc": "area under the curve of the class that a channel's peak tells best from the rest",
}
Values = dict[str, dict[str, np.ndarray]]  # quantity -> side -> a value per channel


def bedroom_measurements(values: Values, *, top: int, pool: str, seed: int) -> list[Measurement]:
    """Quantities of BEDROOMS; top: strongest images per channel, pool: the images in words."""
    made = []
    for name, given in values.items():
        what, unit = BEDROOMS[name]
        protocol = f"{what.format(top=top)}; mean over channels; {pool}"
        made += _compared(name, given, unit=unit, seed=seed, protocol=protocol)
    return made


def selectivity_difference(
    values: dict[str, np.ndarray], *, top: int, pool: str, seed: int
) -> list[Measurement]:
    """Selectivity (channels,) of trained minus random weights alone; as bedroom_measurements."""
    made = bedroom_measurements({"selectivity": values}, top=top, pool=pool, seed=seed)
    return [one for one in made if one.name == "selectivity_trained_minus_random"]


def class_measurements(values: Values, *, pool: str, seed: int) -> list[Measurement]:
    """The quantities of CLASSES; pool: the labelled images in words."""
    made = []
    for name, what in CLASSES.items():
        protocol = f"{what}; mean over channels of the model of objects; {pool}"
        made += _compared(name, values[name], unit="", seed=seed, protocol=protocol)
    return made


def _compared(
    name: str, values: dict[str, np.ndarray], *, unit: str, seed: int, protocol: str
) -> list[Measurement]:
    """Mean over channels of each side, and trained minus random, with bootstrap intervals.

    values: (channels,) by side. Channels without a value are left out; a side without any value is
    not measured.
    """
    usable = {side: v[~np.isnan(v)] for side, v in values.items()}
    usable = {side: v for side, v in usable.items() if len(v)}
    labels = {PERMUTED: "; labels in random order"}
    made = [
        mean_over(
            f"{name}_{side}",
            v,
            over=SIDES[side],
            seed=seed,
            purpose=f"filters, {name} {side}",
            protocol=protocol + labels.get(side, ""),
            unit=unit,
        )
        for side, v in usable.items()
    ]
    if {"random", "trained"} <= usable.keys():
        difference = difference_over(
            f"{name}_trained_minus_random",
            usable["trained"],
            usable["random"],
            over=BOTH,
            seed=seed,
            purpose=f"filters, {name}",
            protocol=protocol,
            unit=unit,
        )
        made.append(difference)
    return made
