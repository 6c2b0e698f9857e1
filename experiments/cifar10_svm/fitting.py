"""A row of Table 1 after training: C chosen on held-out images, machines for all and few labels.

Part of measure.py. What comes out is arrays alone, so that a finished row can be kept on disk
(`FittedMachines.arrays`) and the test set is opened when all rows are there. Labels are counted a
class; ALL stands for all of them.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import clone

from experiments.cifar10_svm.options import ALL, Options
from experiments.cifar10_svm.rows import PURPOSE, Table1Row
from repro.classification.choose_c import (
    Choice,
    Training,
    balanced_draw,
    choose_with_few_labels,
    chosen,
    chosen_and_refitted,
)
from repro.classification.discriminator_features import feature_scale, standardise
from repro.classification.svm import L2SVC
from repro.devices import chosen_device

Scale = tuple[np.ndarray, np.ndarray] | None  # mean and deviation of the training features
TRIED = "tried_"  # before the number of labels, in the names of arrays
BLOCK = 1024  # test images scored at a time


@dataclass(frozen=True)
class FittedMachines:
    """Linear machines of a row by number of labels a class, and what chose their C.

    coef (M, K, F) float32, intercept (M, K): M machines of K classes, on unscaled features; counts
    (M,): labels a class of each. tried: by number of labels, the values of C and their held-out
    accuracies, (tries, 2).
    """

    classes: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    counts: np.ndarray
    tried: dict[int, np.ndarray]

    def arrays(self) -> dict[str, np.ndarray]:
        """For `from_arrays`."""
        tried = {f"{TRIED}{count}": pairs for count, pairs in self.tried.items()}
        plain = {name: getattr(self, name) for name in ("classes", "coef", "intercept", "counts")}
        return plain | tried

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "FittedMachines":
        """What `arrays` gave."""
        plain = {name: one for name, one in arrays.items() if not name.startswith(TRIED)}
        tried = {
            int(name.removeprefix(TRIED)): one
            for name, one in arrays.items()
            if name.startswith(TRIED)
        }
        return cls(**plain, tried=tried)

    def choice(self, count: int) -> Choice:
        """What chose C for `count` labels a class."""
        return chosen({float(C): float(accuracy) for C, accuracy in self.tried[count]})

    def correct(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Whether each machine labels each of unscaled features X (T, F) rightly: (M, T) bool."""
        machines, classes, features = self.coef.shape
        stacked = torch.from_numpy(self.coef.reshape(machines * classes, features).T)
        right = np.empty((machines, len(X)), bool)
        for start in range(0, len(X), BLOCK):
            block = torch.from_numpy(np.array(X[start : start + BLOCK]))
            scores = (block @ stacked).numpy().reshape(len(block), machines, classes)
            labels = self.classes[(scores + self.intercept).argmax(axis=2)]  # (B, M)
            right[:, start : start + BLOCK] = y[start : start + BLOCK] == labels.T
        return right


def fit_row(
    row: Table1Row, training: Training, options: Options, seed: int, scratch: Path
) -> FittedMachines:
    """Choose C on held-out images, refit on all training images (refit: paper silent)."""
    y, held_out = training.labels, training.held_out
    svm = L2SVC(tol=options.tol, device=chosen_device(options.device).type)
    search: dict[str, Any] = {"held_out": held_out, "grid": options.grid}
    search["extensions"] = options.extensions
    with features_of(row, training.images, scratch) as (X, scale):
        choice, machine = chosen_and_refitted(svm, X, y, **search)
        choices, machines = {ALL: choice}, [(ALL, machine)]
        for count in label_counts(options):
            selecting = draws(y[:-held_out], count, options.selection_draws, seed, "to choose C")
            choices[count] = choose_with_few_labels(svm, X, y, draws=selecting, **search)
            few = clone(svm).set_params(C=choices[count].C)
            repeats = options.draws if count == options.per_class else options.curve_draws
            for rows in draws(y, count, repeats, seed, "for the table"):
                machines.append((count, clone(few).fit(X[rows], y[rows])))
    coef, intercept = zip(*(_on_unscaled(machine, scale) for _, machine in machines), strict=True)
    return FittedMachines(
        classes=machines[0][1].classes_,
        coef=np.stack(coef).astype(np.float32),
        intercept=np.stack(intercept),
        counts=np.array([count for count, _ in machines]),
        tried={count: np.array(list(one.tried.items())) for count, one in choices.items()},
    )


def held_out_rights(
    row: Table1Row, training: Training, options: Options, scratch: Path
) -> np.ndarray:
    """Whether each held-out image is labelled rightly by the machine whose C does best on them.

    Trained on all other training images; C among options.grid alone. (held_out,) bool.
    """
    y, fit = training.labels, slice(0, len(training.labels) - training.held_out)
    rest = slice(fit.stop, None)
    svm = L2SVC(tol=options.tol, device=chosen_device(options.device).type)
    with features_of(row, training.images, scratch) as (X, _):
        machines = svm.path(X[fit], y[fit], sorted(options.grid))
        rights = [machine.predict(X[rest]) == y[rest] for machine in machines]
    return max(rights, key=np.mean)


@contextmanager
def features_of(
    row: Table1Row, images: np.ndarray, scratch: Path, *, scaled: bool = True
) -> Iterator[tuple[np.ndarray, Scale]]:
    """The row's features (N, F) of images, on disk while they are used.

    Scaled by their own mean and deviation where the row says so and `scaled` does not forbid it.
    """
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".features-") as folder:
        X = row.extract(images, Path(folder) / "features.npy")
        scale = feature_scale(X) if row.scaled and scaled else None
        if scale is not None:
            standardise(X, scale)
        yield X, scale


def label_counts(options: Options) -> list[int]:
    """Numbers of labels a class, ascending; all labels are left out."""
    return sorted({*options.label_counts, options.per_class})


def draws(labels: np.ndarray, count: int, repeats: int, seed: int, use: str) -> list[np.ndarray]:
    """Row numbers of each draw of `count` labels a class; the same for every row of the table."""
    return [
        balanced_draw(labels, count, seed=seed, purpose=f"{PURPOSE}, labels {use}", index=index)
        for index in range(repeats)
    ]


def _on_unscaled(machine: L2SVC, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """coef (K, F) and intercept (K,) for features that are not scaled; K = 2 of two classes."""
    coef, intercept = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:
        coef, intercept = np.concatenate([-coef, coef]), np.concatenate([-intercept, intercept])
    if scale is None:
        return coef, intercept
    mean, deviation = scale
    coef = coef / deviation
    return coef, intercept - coef @ mean
