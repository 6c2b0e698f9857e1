"""From rights and wrongs on the test images to the numbers of Table 1, with their intervals.

Used by measure.py of this experiment. Two spreads are kept apart: over test images (one network,
one training set) and over draws of labels. Accuracies and their differences are in percent.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from experiments.contract import Measurement, mean_measurement
from repro.intervals import bootstrap_mean, wilson
from repro.selection import Choice

ROWS = ("dcgan", "random", "pixels")
WHAT = {
    "dcgan": "D's pooled features",
    "random": "pooled features of D with random weights",
    "pixels": "raw pixels in [-1, 1]",
}


@dataclass(frozen=True)
class Result:
    """One trained row on the test images (T). Rows of one name differ in the random weights."""

    name: str
    correct: np.ndarray  # (T,) bool, trained with all labels
    few_correct: np.ndarray  # (draws, T) bool, trained with few
    choice: Choice
    few_choice: Choice
    features: int  # dimensions given to the SVM
    units: int  # maps of the widest layer
    held_out: int  # images that chose C

    def arrays(self) -> dict[str, np.ndarray]:
        """What the figure needs beside the measurements (of several networks: the last)."""
        return {
            f"{self.name}_features": np.array(self.features),
            f"{self.name}_units": np.array(self.units),
            f"{self.name}_tried": np.array(list(self.choice.tried.items())),  # (tries, 2)
            f"{self.name}_few_tried": np.array(list(self.few_choice.tried.items())),
        }


def measurements(results: list[Result], *, per_class: int, seed: int) -> list[Measurement]:
    """All numbers of the experiment, by row and then the differences."""
    found: list[Measurement] = []
    for name in ROWS:
        of_row = [one for one in results if one.name == name]
        found += [
            _accuracy(of_row, seed=seed),
            _few_accuracy(of_row, per_class=per_class),
            *_chosen(of_row, per_class=per_class),
        ]
        if len(of_row) > 1:
            found.append(_over_networks(of_row))
    for other in ("pixels", "random"):
        found += [
            _difference(results, other, few=few, per_class=per_class, seed=seed)
            for few in (False, True)
        ]
    return found


def _accuracy(of_row: list[Result], *, seed: int) -> Measurement:
    correct = np.mean([one.correct for one in of_row], axis=0)  # (T,), mean over networks
    if len(of_row) == 1:
        low, high = wilson(successes=int(correct.sum()), n=len(correct))
        spread = "95 % Wilson interval over test images"
    else:
        name = of_row[0].name
        low, high = bootstrap_mean(correct, seed=seed, purpose=f"cifar10 svm, {name}")
        spread = f"95 % bootstrap over test images, mean of {len(of_row)} networks"
    return Measurement(
        name=f"accuracy_{of_row[0].name}",
        value=100 * float(correct.mean()),
        low=100 * low,
        high=100 * high,
        n=len(correct),
        spread=spread,
        unit="%",
        protocol=f"L2-SVM on {WHAT[of_row[0].name]}, all labels; C chosen on "
        f"{of_row[0].held_out} held-out training images, then refitted on all; test images once",
    )


def _few_accuracy(of_row: list[Result], *, per_class: int) -> Measurement:
    accuracies = 100 * np.stack([one.few_correct.mean(axis=1) for one in of_row])  # (K, draws)
    draws = accuracies.shape[1]
    mean = float(accuracies.mean())
    # within a network: the spread over networks is a measurement of its own
    sd = float(np.sqrt(accuracies.var(axis=1, ddof=1).mean())) if draws > 1 else None
    return Measurement(
        name=f"accuracy_{of_row[0].name}_per_class",
        value=mean,
        low=None if sd is None else mean - sd,
        high=None if sd is None else mean + sd,
        n=draws,
        spread="none: one draw" if sd is None else f"mean ± 1 sd over {draws} draws of labels",
        unit="%",
        protocol=f"L2-SVM on {WHAT[of_row[0].name]}, {per_class} labels a class, class-balanced "
        f"draws; C chosen by other draws on {of_row[0].held_out} held-out training images",
    )


def _chosen(of_row: list[Result], *, per_class: int) -> list[Measurement]:
    """Held-out accuracy and the C it chose (of several networks: mean, and the most frequent)."""
    name, found = of_row[0].name, []
    for suffix, choices in (
        ("", [one.choice for one in of_row]),
        ("_per_class", [one.few_choice for one in of_row]),
    ):
        labels = f"{per_class} labels a class" if suffix else "all labels but the held-out"
        edge = "; still at the edge of the grid" if any(one.at_edge for one in choices) else ""
        found += [
            Measurement(
                name=f"validation_accuracy_{name}{suffix}",
                value=100 * float(np.mean([one.accuracy for one in choices])),
                n=of_row[0].held_out,
                spread="none: it chose C, so it flatters",
                unit="%",
                protocol=f"on held-out training images, {labels}",
            ),
            Measurement(
                name=f"chosen_C_{name}{suffix}",
                value=Counter(one.C for one in choices).most_common(1)[0][0],
                n=len(choices),
                spread="none: a choice",
                protocol=f"highest held-out accuracy of {len(choices[0].tried)} values{edge}",
            ),
        ]
    return found


def _over_networks(of_row: list[Result]) -> Measurement:
    accuracies = [100 * float(one.correct.mean()) for one in of_row]
    return Measurement(
        name=f"sd_over_networks_{of_row[0].name}",
        value=float(np.std(accuracies, ddof=1)),
        n=len(accuracies),
        spread="none: it is a spread",
        unit="%",
        protocol="standard deviation, over networks with different random weights, of the accuracy "
        "with all labels",
    )


def _difference(
    results: list[Result], other: str, *, few: bool, per_class: int, seed: int
) -> Measurement:
    """Paired by test image: the rights of D's features minus those of the other row."""

    def rights(name: str) -> np.ndarray:  # (T,), mean over networks and draws
        of_row = [one for one in results if one.name == name]
        if few:
            return np.mean([one.few_correct.mean(axis=0) for one in of_row], axis=0)
        return np.mean([one.correct for one in of_row], axis=0)

    differences = 100 * (rights("dcgan") - rights(other))
    name = f"dcgan_minus_{other}{'_per_class' if few else ''}"
    labels = f"{per_class} labels a class, mean over the draws" if few else "all labels"
    return mean_measurement(
        name,
        differences,
        seed=seed,
        purpose=f"cifar10 svm, {name}",
        spread="95 % paired bootstrap over test images (both rows on the same images)",
        unit="percentage points",
        protocol=f"accuracy on D's features minus accuracy on {WHAT[other]}, {labels}",
    )
