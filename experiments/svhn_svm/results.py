"""From hits and misses on the test images to the numbers of Table 2, with their spreads.

Part of measure.py; pure functions of arrays. Errors and their differences are in percent. The
spread over draws of labels (the authors' ± is 1.96 standard deviations) and the one over test
images are kept apart; both are within one trained network, and the spread over networks with random
weights is a number of its own. A number records where a C behind it
stayed at the edge of its grid, so that it decides no claim. Alone:
`measurements(tested, seed=42)`.
"""

from dataclasses import dataclass

import numpy as np

from experiments.svhn_svm.baselines import Neighbours, SelfTraining
from experiments.svhn_svm.feature_rows import TestedFeatureRow
from experiments.svhn_svm.supervised_row import Search
from experiments.svm_numbers import chosen_value, error_over_draws, mean_accuracy, of_the_choice
from repro.claims.constructors import (
    counted_share_over,
    difference_over,
    share_over,
    single_number,
)
from repro.claims.measurement import Measurement
from repro.claims.withheld import no_value

WHAT = {
    "dcgan": "L2-SVM on D's pooled features",
    "random": "L2-SVM on pooled features of D with random weights",
    "pixels": "L2-SVM on raw pixels in [-1, 1]",
    "knn": "nearest neighbours on pixels",
    "self_training": "self-training of a logistic regression on principal components",
    "cnn": "supervised network of D's architecture",
    "labels_alone": "the same machine on the labels alone",
}
OF_THE_SEARCH = (  # numbers that only a trial that did not diverge gives
    *("error_cnn", "validation_error_cnn", "dcgan_minus_cnn", "random_minus_cnn"),
    *("dcgan_minus_cnn_validation", "random_minus_cnn_validation"),
)


@dataclass(frozen=True)
class TestedRows:
    """All rows, tested. Hits are (draws, T) bool; (T,) for the supervised network."""

    rows: list[TestedFeatureRow]
    neighbours: Neighbours
    neighbour_hits: np.ndarray
    self_training: SelfTraining | None
    search: Search | None
    search_hits: np.ndarray | None
    validation_images: int

    def of_row(self, name: str) -> list[TestedFeatureRow]:
        """The networks of a row of features."""
        return [one for one in self.rows if one.name == name]

    def hits(self) -> dict[str, np.ndarray]:
        """(networks, draws, T) by row; all networks of a row have the same draws, the CNN one."""
        found = {
            name: np.stack([one.right for one in self.of_row(name)])
            for name in dict.fromkeys(one.name for one in self.rows)
        }
        found["knn"] = self.neighbour_hits[None]
        if self.self_training is not None:
            found["self_training"] = self.self_training.hits[None]
        if self.search_hits is not None:
            found["cnn"] = self.search_hits[None, None]
        return found


def figure_arrays(outcome: TestedRows) -> dict[str, np.ndarray]:
    """Arrays that the figures need: errors (%) of every draw by row, and the search's trials.

    tried_<row>: C, or the number of neighbours, and error (%) of all values tried; no figure shows
    them, they are kept for the record.
    """
    found = {
        f"errors_{name}": 100 * (1 - right.mean(axis=2)).ravel()
        for name, right in outcome.hits().items()
    }
    found["labels"] = np.array(outcome.rows[0].few.labels)
    for one in outcome.rows:
        found[f"features_{one.name}"] = np.array(one.features)
        pairs = [(C, 100 * (1 - right)) for C, right in one.few.choice.tried.items()]
        found[f"tried_{one.name}"] = np.array(pairs)
    tried = outcome.neighbours.tried
    found["tried_knn"] = np.array([(k, 100 * error) for k, error in tried.items()])
    if outcome.search is not None:
        settings = ("learning_rate", "l2", "dropout", "batch", "init_sd")
        for name in settings:
            found[f"trial_{name}"] = np.array([getattr(one, name) for one in outcome.search.trials])
        found["trial_init"] = np.array([one.init for one in outcome.search.trials])
        found["trial_errors"] = 100 * outcome.search.errors
        found["trial_passes"] = outcome.search.best_pass
    return found


def measurements(outcome: TestedRows, *, seed: int) -> list[Measurement]:
    """All numbers of the experiment: the rows, how they were chosen, the differences."""
    hits = outcome.hits()
    found: list[Measurement] = []
    for name, right in hits.items():
        found += (
            [_test_error_of_network(right[0, 0])] if name == "cnn" else _over_draws(name, right)
        )
    for name in ("dcgan", "random", "pixels"):
        found += _chosen(outcome.of_row(name), outcome.validation_images)
    found += _neighbours_chosen(outcome)
    if outcome.search is not None and outcome.search.failed:
        diverged = f"the loss of all {len(outcome.search.errors)} trials of the network diverged"
        found += [no_value(name, because=diverged) for name in OF_THE_SEARCH]
    elif outcome.search is not None:
        found += _search(outcome.search, outcome.validation_images)
        found += [_difference_on_validation(outcome, name) for name in ("dcgan", "random")]
    found += [_difference("dcgan", name, hits, seed=seed) for name in hits if name != "dcgan"]
    controls = [name for name in ("knn", "cnn") if name in hits]
    found += [_difference("random", name, hits, seed=seed) for name in controls]
    if outcome.self_training is not None:
        both = {
            "self_training": outcome.self_training.hits[None],
            "labels_alone": outcome.self_training.hits_without[None],
        }
        found.append(_difference("self_training", "labels_alone", both, seed=seed))
    return [_with_edges(one, outcome) for one in found]


def _with_edges(measurement: Measurement, outcome: TestedRows) -> Measurement:
    """The same, with the rows in its name whose C is still at the edge of their grid."""
    of_rows = measurement.name.removeprefix("validation_").removeprefix("error_")
    named = of_rows.removesuffix("_validation").split("_minus_")
    at_edge = dict.fromkeys(
        one.name for one in outcome.rows if one.name in named and one.few.choice.at_edge
    )
    words = ", ".join(f"C of the {WHAT[name]}" for name in at_edge)
    return measurement.model_copy(update={"at_edge": words})


def _test_error_of_network(right: np.ndarray) -> Measurement:
    return share_over(
        "error_cnn",
        ~right,
        over="test images, one draw of labels",
        unit="%",
        protocol=f"{WHAT['cnn']}, the trial with the lowest validation error, tested once",
    )


def _over_draws(name: str, right: np.ndarray) -> list[Measurement]:
    """The row's test error over draws of labels; right: (networks, draws, T)."""
    protocol = f"{WHAT[name]}, class-balanced draws of labels"
    return error_over_draws(right, lambda quantity: f"{quantity}_{name}", protocol=protocol)


def _chosen(of_row: list[TestedFeatureRow], held_out: int) -> list[Measurement]:
    """Validation error at the chosen C (of several networks: mean, and the most frequent C)."""
    name, choices = of_row[0].name, [one.few.choice for one in of_row]
    return [
        of_the_choice(
            f"validation_error_{name}",
            100 - mean_accuracy(choices),
            held_out=held_out,
            protocol=f"{WHAT[name]}, mean over the draws that chose C",
        ),
        chosen_value(f"chosen_C_{name}", choices, by="lowest mean validation error"),
    ]


def _neighbours_chosen(outcome: TestedRows) -> list[Measurement]:
    neighbours = outcome.neighbours
    return [
        single_number(
            "validation_error_knn",
            100 * neighbours.tried[neighbours.chosen],
            n=outcome.validation_images,
            why="it chose the number of neighbours, so it is optimistic",
            unit="%",
            protocol=f"{WHAT['knn']}, mean over the draws that chose it",
        ),
        single_number(
            "chosen_neighbours",
            neighbours.chosen,
            n=len(neighbours.tried),
            why="a choice among n values",
            protocol="lowest mean validation error",
        ),
    ]


def _search(search: Search, held_out: int) -> list[Measurement]:
    error = float(search.errors[search.chosen])
    return [
        counted_share_over(
            "validation_error_cnn",
            round(error * held_out),
            held_out,
            over=f"validation images; the lowest of {len(search.errors)} trials and their passes, "
            "so it is optimistic",
            unit="%",
            protocol=f"{WHAT['cnn']}, random search on one draw of labels",
        ),
        single_number(
            "median_validation_error_cnn",
            100 * float(np.median(search.errors)),
            n=len(search.errors),
            why="a median over trials",
            unit="%",
            protocol="lowest validation error of each trial; 100 % where its loss diverged",
        ),
    ]


def _difference_on_validation(outcome: TestedRows, name: str) -> Measurement:
    assert outcome.search is not None
    error = float(np.mean([1 - one.few.choice.accuracy for one in outcome.of_row(name)]))
    return single_number(
        f"{name}_minus_cnn_validation",
        100 * (error - float(outcome.search.errors.min())),
        n=outcome.validation_images,
        why="both numbers made a choice",
        unit="percentage points",
        protocol=f"validation error of {WHAT[name]} at the C chosen minus that of the best trial",
    )


def _difference(one: str, other: str, hits: dict[str, np.ndarray], *, seed: int) -> Measurement:
    """Error of one row minus the other's, paired by test image, means over networks and draws."""
    errors = {row: 100.0 * (1 - hits[row].mean(axis=0)) for row in (one, other)}  # (draws, T)
    name, draws = f"{one}_minus_{other}", f"{len(errors[one])} and {len(errors[other])}"
    fixed = "".join(_not_resampled(row, *hits[row].shape[:2]) for row in (one, other))
    return difference_over(
        name,
        errors[one],
        errors[other],
        seed=seed,
        purpose=f"svhn svm, {name}",
        over=f"draws of labels and test images (both rows on the same images){fixed}",
        unit="percentage points",
        protocol=f"test error of {WHAT[one]} minus that of {WHAT[other]}, means over {draws} draws "
        "of labels",
    )


def _not_resampled(row: str, networks: int, draws: int) -> str:
    """What the interval of a difference leaves out, in words; of networks sd_over_networks_..."""
    if draws == 1:
        return f", one training of the {WHAT[row]}"
    return f", {networks} given networks of random weights (their mean)" if networks > 1 else ""
