"""Fig 5 (paper §6.2): what the last convolution of D responds to, trained and untrained.

Reads the bedroom model and its images, de-duplicated where the run does that; writes guided
gradients and image patches of the strongest responses, and measures how selective the channels are
and how concentrated their responses. With a model of objects and labelled images: how much the
class decides. Alone: python -m experiments.filters.measure --spec S.json --input bedrooms.model=DIR
    --input bedrooms.data=DIR [--input bedrooms.dedup=DIR] [--input objects.model=DIR
    --input cifar10.data=DIR] --seed 42 --out DIR
"""

from pathlib import Path

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.filters.classes import class_auc, class_share
from experiments.filters.options import Options
from experiments.filters.pools import bedroom_pool, labelled_pool
from experiments.filters.responses import Responses
from repro.artefacts.arrays import save_arrays
from repro.claims.constructors import difference_over, mean_over
from repro.claims.measurement import Measurement
from repro.internals.guided_backprop import peaks
from repro.networks.model_folder import ModelFolder
from repro.quality.kernel_distance import frozen_on
from repro.rng import shuffled

OVER = "the channels of one trained and one random D"
SIDES = ("random", "trained")
PERMUTED = "permuted"  # the trained network's responses with the labels in random order
TOP = "{top} strongest images a channel"
BEDROOMS = {  # name -> what it is, unit
    "selectivity": (
        f"(mean of the strongest peaks - mean of all peaks) / sd of all, before activation; {TOP}",
        "sd",
    ),
    "gradient_likeness": (
        f"mean cosine between the guided gradients of a channel's strongest units; {TOP}",
        "",
    ),
    "gradient_likeness_excess": (
        "mean cosine between the guided gradients of a channel's strongest units, less that of as "
        f"many images at random among those it answers; {TOP}",
        "",
    ),
    "shape_likeness_excess": (
        "mean cosine between the edge directions (8 directions, 4x4 cells) of the image patches of "
        f"a channel's strongest units, less that of as many images at random; {TOP}",
        "",
    ),
    "concentration": (
        f"share of a map's variance that is its strongest position's, before activation; {TOP}",
        "",
    ),
}
CLASSES = {
    "class_share": "share of the variance of a channel's ranked peaks that lies between classes",
    "class_auc": "area under the curve of the class that a channel's peak tells best from the rest",
}
Values = dict[str, dict[str, np.ndarray]]  # quantity -> side -> a value a channel


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Strongest responses of both networks on one pool of real images."""
    model, pool = inputs.model("bedrooms.model"), bedroom_pool(inputs, most=options.pool, seed=seed)
    untrained = frozen_on(model.random_discriminator(options.untrained_seed), pool.images)
    sides = {
        "random": Responses(untrained, pool.images, options),
        "trained": Responses(model.discriminator(), pool.images, options),
    }
    arrays = {}
    for name, side in sides.items():
        channels = range(min(options.channels, len(side.top)))
        gradients, patches = zip(*(side.tiles(channel) for channel in channels), strict=True)
        arrays[f"gradients_{name}"] = np.stack(gradients)  # (channels, shown, size, size, C)
        arrays[f"patches_{name}"] = np.stack(patches)
    values = _of_bedrooms(sides, seed=seed)
    words = {
        name: (f"{what.format(top=options.top)}; mean over channels; {pool.words}", unit)
        for name, (what, unit) in BEDROOMS.items()
    }
    if inputs.has("objects.model") and inputs.has("cifar10.data"):
        labelled = labelled_pool(inputs, most=options.labelled, seed=seed)
        values |= _of_classes(
            inputs.model("objects.model"), labelled.images, labelled.labels, options, seed
        )
        words |= {
            name: (f"{what}; mean over channels of the model of objects; {labelled.words}", "")
            for name, what in CLASSES.items()
        }
    arrays |= {f"{name}_{side}": v for name, both in values.items() for side, v in both.items()}
    save_arrays(out / "arrays.npz", **arrays)
    return [
        one
        for name, (protocol, unit) in words.items()
        for one in _compared(name, values[name], unit=unit, seed=seed, protocol=protocol)
    ]


def _of_bedrooms(sides: dict[str, Responses], *, seed: int) -> Values:
    values: Values = {name: {} for name in BEDROOMS}
    for name, side in sides.items():
        alike = side.likenesses()
        values["selectivity"][name] = side.selectivity
        values["gradient_likeness"][name] = alike
        values["gradient_likeness_excess"][name] = alike - side.any_likenesses(seed=seed)
        values["shape_likeness_excess"][name] = side.shape_excesses(seed=seed)
        values["concentration"][name] = side.concentration
    return values


def _of_classes(
    model: ModelFolder, images: np.ndarray, labels: np.ndarray, options: Options, seed: int
) -> Values:
    """How class-specific peaks are: trained, random, and trained with the labels permuted."""
    untrained = frozen_on(model.random_discriminator(options.untrained_seed), images)
    peak = {
        "random": peaks(untrained, images).value,
        "trained": peaks(model.discriminator(), images).value,
    }
    order = shuffled(len(labels), seed=seed, purpose="filters, permuted labels")
    given = {"random": labels, "trained": labels, PERMUTED: labels[order]}
    peak[PERMUTED] = peak["trained"]
    return {
        name: {side: found(peak[side], given[side]) for side in given}
        for name, found in {"class_share": class_share, "class_auc": class_auc}.items()
    }


def _compared(
    name: str, values: dict[str, np.ndarray], *, unit: str, seed: int, protocol: str
) -> list[Measurement]:
    """Mean over channels of each side, and trained less random, each with its bootstrap interval.

    Channels without a value are left out; a side without any is not measured.
    """
    usable = {side: v[~np.isnan(v)] for side, v in values.items()}
    usable = {side: v for side, v in usable.items() if len(v)}
    labels = {PERMUTED: "; labels in random order"}
    made = [
        mean_over(
            f"{name}_{side}",
            v,
            over=OVER,
            seed=seed,
            purpose=f"filters, {name} {side}",
            protocol=protocol + labels.get(side, ""),
            unit=unit,
        )
        for side, v in usable.items()
    ]
    if {*SIDES} <= usable.keys():
        difference = difference_over(
            f"{name}_trained_minus_random",
            usable["trained"],
            usable["random"],
            over=OVER,
            seed=seed,
            purpose=f"filters, {name}",
            protocol=protocol,
            unit=unit,
        )
        made.append(difference)
    return made


if __name__ == "__main__":
    measure_command(measure, Options)
