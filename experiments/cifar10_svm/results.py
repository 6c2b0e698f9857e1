"""From hits and misses on the test images to the numbers of Table 1, with their intervals.

Part of measure.py; pure functions of arrays. A number records where a C behind it stayed at the
edge of its grid, so that it decides no claim. Two spreads are kept apart: over test images (one
network, one training set) and over draws of labels. Accuracies and their differences are in
percent. Alone: `measurements(results, progress, per_class=400, seed=42)`.
"""

from dataclasses import dataclass

import numpy as np

from experiments.cifar10_svm.options import ALL
from experiments.cifar10_svm.progress import Progress
from experiments.svm_numbers import (
    chosen_value,
    mean_accuracy,
    of_the_choice,
    sd_over_networks,
)
from repro.claims.constructors import (
    deviation_around,
    difference_over,
    mean_over,
    share_of_networks_over,
    single_number,
)
from repro.claims.intervals import deviation_within
from repro.claims.measurement import Measurement
from repro.classification.choose_c import Choice, Training

WHAT = {
    "dcgan": "D's pooled features",
    "own": "pooled features of a D trained on the target images",
    "random": "pooled features of D with random weights",
    "released": "pooled features of the layers of D that the authors released",
    "dcgan_cut": "D's pooled features, of as many layers as the authors released",
    "random_cut": "pooled features of as many layers of D with random weights as were released",
    "kmeans": "one-layer K-means features",
    "kmeans_fewer": "one-layer K-means features of fewer centroids",
    "dcgan_scaled": "D's pooled features, scaled to mean 0 and deviation 1",
    "kmeans_unscaled": "one-layer K-means features as they are",
    "pixels": "raw pixels in [-1, 1]",
}

# Differences other than those between "dcgan" and every row of whole networks: the gain from the
# further layers, comparisons of equally many layers, and the authors' features against K-means
COMPARED = (
    ("dcgan", "dcgan_cut"),
    ("dcgan_cut", "released"),
    ("dcgan_cut", "random_cut"),
    ("released", "random_cut"),
    ("released", "kmeans"),
    ("dcgan_scaled", "kmeans"),
    # untrained controls of the differences above
    ("random", "pixels"),
    ("random", "kmeans"),
    ("random_cut", "released"),
)


@dataclass(frozen=True)
class Result:
    """One trained row on the test images (T). Rows of one name differ in their random weights."""

    name: str
    correct: np.ndarray  # (M, T) bool, one row per machine
    counts: np.ndarray  # (M,) labels per class of each machine's training; ALL = all
    choices: dict[int, Choice]  # by labels per class
    features: int  # dimensions given to the SVM
    units: int  # maps of the widest layer
    held_out: int  # images that chose C

    def hits(self, count: int) -> np.ndarray:
        """(draws, T) bool of the machines trained with `count` labels per class."""
        return self.correct[self.counts == count]


def figure_arrays(
    results: list[Result], progress: Progress, training: Training, *, per_class: int
) -> dict[str, np.ndarray]:
    """Arrays that the figures need besides the measurements: sizes, progress and `curves`."""
    return {
        "per_class": np.array(per_class),
        "training_images": np.array(len(training.images)),
        "held_out": np.array(training.held_out),
        "classes": np.array(len(np.unique(training.labels))),
        "progress_epochs": progress.epochs,
        "progress_accuracies": 100 * progress.hits.mean(axis=1),
        **curves(results),
    }


def curves(results: list[Result]) -> dict[str, np.ndarray]:
    """Arrays by row.

    <row>_features, <row>_units; <row>_tried_<labels> (tries, 2) C and held-out accuracy in percent
    (of several networks: the last; kept for the record, no figure shows them); <row>_curve (counts,
    4): labels per class (0 = all), mean accuracy, its standard deviation over draws within a
    network (nan for one draw), draws.
    """
    arrays: dict[str, np.ndarray] = {}
    for one in results:
        arrays |= {
            f"{one.name}_features": np.array(one.features),
            f"{one.name}_units": np.array(one.units),
        }
        for count, choice in one.choices.items():
            pairs = [(C, 100 * accuracy) for C, accuracy in choice.tried.items()]
            arrays[f"{one.name}_tried_{count}"] = np.array(pairs)
    for name in _names(results):
        of_row = [one for one in results if one.name == name]
        rows = []
        for count in sorted(of_row[0].choices):
            mean, sd, draws = _over_draws(of_row, count)
            rows.append((count, mean, np.nan if sd is None else sd, draws))
        arrays[f"{name}_curve"] = np.array(rows)
    return arrays


def measurements(
    results: list[Result], progress: Progress, *, per_class: int, seed: int
) -> list[Measurement]:
    """All numbers of the experiment, by row and then the differences.

    per_class: labels per class in the table's second column.
    """
    found: list[Measurement] = []
    for name in _names(results):
        of_row = [one for one in results if one.name == name]
        found += [
            _with_edges(_accuracy(of_row, seed=seed), of_row, ALL),
            _with_edges(_few_accuracy(of_row, per_class=per_class), of_row, per_class),
            *_chosen(of_row, per_class=per_class),
        ]
        if len(of_row) > 1:
            found.append(_over_networks(of_row))
    for pair in _compared(_names(results)):
        of_pair = [one for one in results if one.name in pair]
        for few in (False, True):
            difference = _difference(results, *pair, few=few, per_class=per_class, seed=seed)
            found.append(_with_edges(difference, of_pair, per_class if few else ALL))
    return found + _gain(progress, seed=seed)


def _with_edges(measurement: Measurement, rows: list[Result], count: int) -> Measurement:
    """The same, with the rows behind it whose C is still at the edge of its grid."""
    at_edge = dict.fromkeys(one.name for one in rows if one.choices[count].at_edge)
    words = ", ".join(f"C of {WHAT[name]}" for name in at_edge)
    return measurement.model_copy(update={"at_edge": words})


def _names(results: list[Result]) -> list[str]:
    return list(dict.fromkeys(one.name for one in results))


def _compared(names: list[str]) -> list[tuple[str, str]]:
    """Pairs of rows whose difference is measured."""
    fewer_layers = {"released", "dcgan_cut", "random_cut"} if "dcgan_cut" in names else set()
    whole = [("dcgan", name) for name in names[1:] if name not in fewer_layers]
    return whole + [pair for pair in COMPARED if set(pair) <= set(names)]


def _accuracy(of_row: list[Result], *, seed: int) -> Measurement:
    name = of_row[0].name
    return share_of_networks_over(
        f"accuracy_{name}",
        np.stack([one.hits(ALL)[0] for one in of_row]),
        over="test images",
        networks="networks",
        seed=seed,
        purpose=f"cifar10 svm, {name}",
        protocol=f"L2-SVM on {WHAT[name]}, all labels; C chosen on {of_row[0].held_out} held-out "
        "training images, then refitted on all; test images once",
    )


def _over_draws(of_row: list[Result], count: int) -> tuple[float, float | None, int]:
    """Mean accuracy in percent, its sd over draws within a network, number of draws.

    The spread over networks is a separate measurement.
    """
    accuracies = 100 * np.stack([one.hits(count).mean(axis=1) for one in of_row])  # (K, draws)
    draws = accuracies.shape[1]
    sd = deviation_within(accuracies) if draws > 1 else None
    return float(accuracies.mean()), sd, draws


def _few_accuracy(of_row: list[Result], *, per_class: int) -> Measurement:
    mean, sd, draws = _over_draws(of_row, per_class)
    name = f"accuracy_{of_row[0].name}_per_class"
    protocol = (
        f"L2-SVM on {WHAT[of_row[0].name]}, {per_class} labels per class, class-balanced draws; C "
        f"chosen by other draws on {of_row[0].held_out} held-out training images"
    )
    if sd is None:
        return single_number(name, mean, n=draws, why="one draw", protocol=protocol, unit="%")
    return deviation_around(
        name, mean, sd, over=f"{draws} draws of labels", n=draws, protocol=protocol, unit="%"
    )


def _chosen(of_row: list[Result], *, per_class: int) -> list[Measurement]:
    """Held-out accuracy and the C it chose (of several networks: mean, and the most frequent)."""
    name, found = of_row[0].name, []
    for suffix, count in (("", ALL), ("_per_class", per_class)):
        choices = [one.choices[count] for one in of_row]
        labels = f"{per_class} labels per class" if suffix else "all labels but the held-out"
        found += [
            of_the_choice(
                f"validation_accuracy_{name}{suffix}",
                mean_accuracy(choices),
                held_out=of_row[0].held_out,
                protocol=f"on held-out training images, {labels}",
            ),
            chosen_value(f"chosen_C_{name}{suffix}", choices, by="highest held-out accuracy"),
        ]
    return found


def _over_networks(of_row: list[Result]) -> Measurement:
    return sd_over_networks(
        f"sd_over_networks_{of_row[0].name}",
        np.array([100 * float(one.hits(ALL).mean()) for one in of_row]),
        protocol="over networks with different random weights, of the accuracy with all labels",
    )


def _difference(
    results: list[Result], one: str, other: str, *, few: bool, per_class: int, seed: int
) -> Measurement:
    """Accuracy on one row's features minus that on the other's, paired by test image and draw.

    With all labels also over the networks of a row that has several; with few, of their means.
    """

    def percent(name: str) -> np.ndarray:  # few: (draws, T), else (networks, T)
        hits = [row.hits(per_class if few else ALL) for row in results if row.name == name]
        return 100.0 * (np.mean(hits, axis=0) if few else np.concatenate(hits))

    name = f"{one}_minus_{other}{'_per_class' if few else ''}"
    sets = max(len(percent(one)), len(percent(other)))
    labels = f"{per_class} labels per class, {sets} draws" if few else "all labels"
    if few and "random" in one + other:
        labels += ", the mean of the networks with random weights"
    over = "test images (both rows on the same ones)"
    if one.startswith("dcgan"):
        over += ", one training of D"
    repeated = "draws of labels" if few else "networks with random weights"
    return difference_over(
        name,
        percent(one),
        percent(other),
        over=f"{repeated} and {over}" if sets > 1 else over,
        seed=seed,
        purpose=f"cifar10 svm, {name}",
        unit="percentage points",
        protocol=f"accuracy on {WHAT[one]}, minus accuracy on {WHAT[other]}; {labels}",
    )


def _gain(progress: Progress, *, seed: int) -> list[Measurement]:
    """The gain of the last half of the GAN's training; [] where D was kept only at the end."""
    if not len(progress.steps):
        return []
    half = int(np.abs(progress.steps - progress.steps[-1] / 2).argmin())
    gained = 100.0 * (progress.hits[-1].astype(float) - progress.hits[half])
    epochs = f"{progress.epochs[half]:.3g} and {progress.epochs[-1]:.3g}"
    return [
        mean_over(
            "gain_of_last_half",
            gained,
            seed=seed,
            purpose="cifar10 svm, gain of the last half",
            over="held-out images",
            by="paired bootstrap",
            unit="percentage points",
            protocol=f"held-out accuracy on D's features between {epochs} passes of the GAN's "
            "training; the best C of the grid for each",
        )
    ]
