"""Training a row of Table 1: C chosen on held-out images, SVMs for all and for few labels.

Part of measure.py. The result consists of arrays alone, so that a finished row can be kept on disk
(`FittedMachines.arrays`) and the test set is opened only when all rows are complete. Labels are
counted per class; ALL means all of them. Alone: `fit_row(pixel_row(images), training, ...)`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.base import clone

from experiments.cifar10_svm.options import ALL
from experiments.cifar10_svm.rows import PURPOSE, Table1Row
from repro.artefacts.finished_parts import FinishedParts
from repro.classification.choose_c import (
    Choice,
    Training,
    balanced_draws,
    choose_on_held_out,
    chosen,
    chosen_and_refitted,
    require_known_classes,
)
from repro.classification.shared_features import SharedFeatures, shared_features
from repro.classification.svm import L2SVC
from repro.data.store import ImageStore

Scale = tuple[np.ndarray, np.ndarray] | None  # mean and deviation of the training features
TRIED = "tried_"  # prefix of the number of labels, in the names of arrays
BLOCK = 1024  # test images scored at a time


@dataclass(frozen=True)
class LabelDraws:
    """Balanced draws of `count` labels per class, row numbers each, for all rows of the table.

    to_choose: draws without the held-out images, which choose C; to_test: draws of all training
    images, one SVM each.
    """

    count: int
    to_choose: list[np.ndarray]
    to_test: list[np.ndarray]


def label_draws(
    training: Training, repeats: dict[int, int], *, selection: int, seed: int
) -> list[LabelDraws]:
    """`selection` draws to choose C and repeats[count] draws to test, by ascending count.

    Raises ValueError where a class has fewer images than count.
    """
    y = training.labels
    known = y[: -training.held_out]
    to_choose, to_test = f"{PURPOSE}, labels to choose C", f"{PURPOSE}, labels for the table"
    return [
        LabelDraws(
            count,
            balanced_draws(known, count, selection, seed=seed, purpose=to_choose),
            balanced_draws(y, count, repeats[count], seed=seed, purpose=to_test),
        )
        for count in sorted(repeats)
    ]


@dataclass(frozen=True)
class FittedMachines:
    """A row's linear machines by number of labels per class, and the values of C tried.

    coef (M, K, F) float32, intercept (M, K): M machines of K classes, on unscaled features; counts
    (M,): labels per class of each. tried: by number of labels, the values of C and their held-out
    accuracies, (tries, 2).
    """

    classes: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    counts: np.ndarray
    tried: dict[int, np.ndarray]

    def arrays(self) -> dict[str, np.ndarray]:
        """All fields as named arrays, for `from_arrays`."""
        tried = {f"{TRIED}{count}": pairs for count, pairs in self.tried.items()}
        plain = {name: getattr(self, name) for name in ("classes", "coef", "intercept", "counts")}
        return plain | tried

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "FittedMachines":
        """The machines from their `arrays`."""
        plain = {name: one for name, one in arrays.items() if not name.startswith(TRIED)}
        tried = {
            int(name.removeprefix(TRIED)): one
            for name, one in arrays.items()
            if name.startswith(TRIED)
        }
        return cls(**plain, tried=tried)

    def choice(self, count: int) -> Choice:
        """The choice of C for `count` labels per class."""
        return chosen({float(C): float(accuracy) for C, accuracy in self.tried[count]})

    def correct(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Whether each machine labels each of unscaled features X (T, F) correctly: (M, T) bool."""
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
    row: Table1Row,
    training: Training,
    few: Sequence[LabelDraws],
    *,
    features: SharedFeatures,
    svm: L2SVC,
    grid: Sequence[float],
    extensions: int,
) -> FittedMachines:
    """Choose C on held-out images, then refit on all training images (paper silent on refitting).

    features: of the training images. grid, extensions: the values of C tried
    (repro.classification.choose_c.choose_C).
    """
    y = training.labels
    if row.scaled:
        X, scale = features.scaled(row.extract, first=row.first)
    else:
        X, scale = features.of(row.extract, first=row.first), None
    choice, machine = chosen_and_refitted(
        svm, X, y, held_out=training.held_out, grid=grid, extensions=extensions
    )
    choices, machines = {ALL: choice}, [(ALL, machine)]
    for draws in few:
        choice = choose_on_held_out(
            svm,
            X,
            y,
            held_out=training.held_out,
            grid=grid,
            extensions=extensions,
            draws=draws.to_choose,
        )
        choices[draws.count] = choice
        at_choice = clone(svm).set_params(C=choice.C)
        for rows in draws.to_test:
            machines.append((draws.count, clone(at_choice).fit(X[rows], y[rows])))
    coef, intercept = zip(*(_on_unscaled(machine, scale) for _, machine in machines), strict=True)
    return FittedMachines(
        classes=machines[0][1].classes_,
        coef=np.stack(coef).astype(np.float32),
        intercept=np.stack(intercept),
        counts=np.array([count for count, _ in machines]),
        tried={count: np.array(list(one.tried.items())) for count, one in choices.items()},
    )


def finished_row(
    row: Table1Row, fit: Callable[[Table1Row], FittedMachines], finished: FinishedParts
) -> FittedMachines:
    """The row's machines, fitted now or kept from an earlier start of the same measurement."""
    name = f"row_{row.name}_{row.number}"
    return FittedMachines.from_arrays(finished.part(name, lambda: fit(row).arrays()))


def held_out_hits(
    row: Table1Row,
    training: Training,
    *,
    features: SharedFeatures,
    svm: L2SVC,
    grid: Sequence[float],
) -> np.ndarray:
    """Hits of the machine whose C is best on the held-out images: (held_out,) bool.

    It is trained on all other training images; C is among `grid` alone.
    """
    y, fit = training.labels, slice(0, len(training.labels) - training.held_out)
    rest = slice(fit.stop, None)
    X = features.of(row.extract, first=row.first)
    machines = svm.path(X[fit], y[fit], sorted(grid))
    hits = [machine.predict(X[rest]) == y[rest] for machine in machines]
    return max(hits, key=np.mean)


def hits_on_test(
    rows: Sequence[Table1Row],
    fitted: Sequence[FittedMachines],
    training: Training,
    test: ImageStore,
    *,
    scratch: Path,
) -> list[np.ndarray]:
    """Which test images the machines of each row label correctly: (M, T) bool each.

    Raises SpecError for classes that were not in training.
    """
    y = test.label("class")
    require_known_classes(y, training.labels, where=str(test.folder))
    with shared_features(test.images, scratch) as shared:
        return [
            machines.correct(shared.of(row.extract, first=row.first), y)
            for row, machines in zip(rows, fitted, strict=True)
        ]


def _on_unscaled(machine: L2SVC, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """coef (K, F) and intercept (K,) for unscaled features; K = 2 for two classes."""
    coef, intercept = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:
        coef, intercept = np.concatenate([-coef, coef]), np.concatenate([-intercept, intercept])
    if scale is None:
        return coef, intercept
    mean, deviation = scale
    coef = coef / deviation
    return coef, intercept - coef @ mean
