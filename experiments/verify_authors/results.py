"""From hits and misses on the test images to the numbers of both checks, with their intervals.

Part of measure.py, called by on_cifar10.py and on_svhn.py; functions of arrays. Accuracies, errors
and their differences are in percent. Alone: `cifar10_numbers(right, choices, released, ...)`.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from experiments.svm_numbers import chosen_value, error_over_draws, mean_accuracy, of_the_choice
from experiments.verify_authors.names import OF_RELEASED, number_name
from repro.claims.constructors import difference_over, share_of_networks_over
from repro.claims.measurement import Measurement
from repro.classification.choose_c import Choice
from repro.classification.few_labels import FewLabels
from repro.released.networks import Released

WHAT = {
    "released": "the released discriminator",
    "random": "the same layers with random weights",
    "kmeans": "one-layer K-means features, standardised",
    "released_standardised": "the released discriminator, standardised",
    "random_standardised": "the same layers with random weights, standardised",
    "pixels": "raw pixels in [-1, 1]",
}
COMPARED = (  # on CIFAR-10; K-means against D's features as they are, and standardised like its own
    ("released", "random"),
    ("released", "pixels"),
    ("released", "kmeans"),
    ("released_standardised", "kmeans"),
    # untrained controls of the last two
    ("random", "kmeans"),
    ("random_standardised", "kmeans"),
)
ON_CIFAR10, ON_SVHN = "verify authors, cifar10", "verify authors, svhn"  # purposes of draws


@dataclass(frozen=True)
class Outcome:
    """Measurements of a check, and their description for the figure (goes into parts.json)."""

    measurements: list[Measurement]
    described: dict[str, Any]


def cifar10_numbers(
    right: dict[str, np.ndarray],
    choices: dict[str, list[Choice]],
    released: Released,
    *,
    training_images: int,
    held_out: int,
    seed: int,
) -> list[Measurement]:
    """Accuracies of all rows and their paired differences, in percent of test images.

    right: by row (networks, T) bool; choices: by row the choice of C for each network.
    """
    found: list[Measurement] = []
    for name in WHAT:
        named = partial(number_name, "cifar10", row=name, layers=released.complete_layers)
        found += [
            share_of_networks_over(
                named("accuracy"),
                right[name],
                over="test images",
                networks="networks",
                seed=seed,
                purpose=f"{ON_CIFAR10}, accuracy, {name}",
                protocol=f"L2-SVM on {_features(name, released)}; C chosen on {held_out} held-out "
                f"training images, then refitted on all {training_images}; test images once",
            ).model_copy(update={"at_edge": _at_edge(choices, name)}),
            of_the_choice(
                named("validation_accuracy"),
                mean_accuracy(choices[name]),
                held_out=held_out,
                protocol="on held-out training images",
            ),
            chosen_value(named("chosen_C"), choices[name], by="highest held-out accuracy"),
        ]
    differences = [
        difference_over(
            f"cifar10_{one}_minus_{other}",
            100.0 * right[one],
            100.0 * right[other],
            seed=seed,
            purpose=f"{ON_CIFAR10}, {one} minus {other}",
            over="test images (both rows on the same images)"
            + (" and random networks" if max(len(right[one]), len(right[other])) > 1 else ""),
            unit="percentage points",
            protocol=f"accuracy on {WHAT[one]} ({_layers(released)}) minus accuracy on "
            f"{WHAT[other]}",
        ).model_copy(update={"at_edge": _at_edge(choices, one, other)})
        for one, other in COMPARED
    ]
    return found + differences


def _at_edge(choices: dict[str, list[Choice]], *rows: str) -> str:
    """The rows whose C is still at the edge of the values tried, in words."""
    cut_short = [name for name in rows if any(choice.at_edge for choice in choices[name])]
    return ", ".join(f"C of {WHAT[name]}" for name in cut_short)


def svhn_numbers(
    right: dict[str, np.ndarray],
    fitted: dict[str, FewLabels],
    released: Released,
    *,
    held_out: int,
    seed: int,
) -> list[Measurement]:
    """Test errors of both rows over the draws, and their difference, in percent.

    right: by row (draws, T) bool; fitted: by row the SVMs and the choice of their C.
    """
    rows = [
        number
        for name, few in fitted.items()
        for number in _svhn_row(name, right[name], few, released, held_out=held_out)
    ]
    draws = min(map(len, right.values()))  # paired by draw of labels and by test image
    difference = difference_over(
        "svhn_random_minus_released",
        100.0 * right["released"][:draws],
        100.0 * right["random"][:draws],
        seed=seed,
        purpose=f"{ON_SVHN}, random minus released",
        over=f"{draws} draws of labels and test images (both rows on the same ones)",
        unit="percentage points",
        protocol=f"error on {WHAT['random']} minus error on {WHAT['released']} "
        f"({_layers(released)})",
    )
    choices = {name: [few.choice] for name, few in fitted.items()}
    of_both = difference.model_copy(update={"at_edge": _at_edge(choices, *choices)})
    return [*rows, of_both]


def _svhn_row(
    name: str, right: np.ndarray, few: FewLabels, released: Released, *, held_out: int
) -> list[Measurement]:
    """Mean test error over draws, its spread as the authors give it, and how C was chosen."""
    named = partial(number_name, "svhn", row=name, layers=released.complete_layers)
    protocol = (
        f"L2-SVM on {_features(name, released)}, {few.labels} labels, class-balanced draws; C by "
        f"other draws on {held_out} validation images"
    )
    error, *spread = error_over_draws(right[None], named, protocol=protocol)
    return [
        error.model_copy(update={"at_edge": _at_edge({name: [few.choice]}, name)}),
        *spread,
        of_the_choice(
            named("validation_error"),
            100 - mean_accuracy([few.choice]),
            held_out=held_out,
            protocol="mean over the draws that chose C, on validation images",
        ),
        chosen_value(named("chosen_C"), [few.choice], by="lowest mean validation error"),
    ]


def _features(row: str, released: Released) -> str:
    """The features of a row in words, with the number of layers where they are the released D's."""
    return WHAT[row] + (f", {_layers(released)}" if row in OF_RELEASED else "")


def _layers(released: Released) -> str:
    """E.g. "the first 4 of 6 layers"."""
    used, layers = released.complete_layers, released.layers
    return f"all {layers} layers" if used == layers else f"the first {used} of {layers} layers"
