"""Choose the SVM's C on held-out images, and draw few labels (paper §5.1, §5.2).

Where in the flow: between features (repro.classification.discriminator_features) and the
experiments that report a classifier's accuracy. As in the authors' SVHN script there is a grid of
C, and the one with the best accuracy on held-out training images is taken; with few labels the best
mean over class-balanced draws, here the same ones for each C (repro.classification.few_labels draws
anew for each, as that script does). It never sees a test image.

    choice = choose_C(lambda Cs: [...accuracy for each C...], grid, extensions=4)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone

from repro.classification.svm import L2SVC
from repro.data.store import ImageStore
from repro.errors import UnusableError
from repro.rng import generator, shuffled
from repro.specs.validation import SpecError


@dataclass(frozen=True)
class Training:
    """Training images in random order; the last `held_out` are for choosing C."""

    images: np.ndarray  # (N, H, W, C) uint8
    labels: np.ndarray  # (N,)
    held_out: int


def with_held_out(
    store: ImageStore, *, most: int, share: float, seed: int, purpose: str
) -> Training:
    """A prepared dataset with the label `class`; `most` images, or `share` if less, are held out.

    Raises SpecError where it is too small to hold any out.
    """
    held_out = min(most, int(share * len(store)))
    if held_out < 1:
        raise SpecError(f"{store.folder}: {len(store)} images are too few to hold any out")
    order = shuffled(len(store), seed=seed, purpose=purpose)
    return Training(store.images[order], store.label("class")[order], held_out)


@dataclass(frozen=True)
class Choice:
    """The chosen C, its held-out accuracy in [0, 1], and all values tried, by ascending C."""

    C: float
    accuracy: float
    tried: dict[float, float]

    @property
    def at_edge(self) -> bool:
        """Whether the best C is still the first or last value tried."""
        return self.C in (min(self.tried), max(self.tried))


def choose_C(  # noqa: N802  (C is the SVM's)
    evaluate: Callable[[Sequence[float]], Sequence[float]],
    grid: Sequence[float],
    *,
    extensions: int,
) -> Choice:
    """The C of the highest held-out accuracy; among equals the smallest, the most regularised.

    evaluate: ascending Cs -> their accuracies. While the best is at an edge of the grid, the grid
    grows there by the ratio of its last two values, at most `extensions` times.
    """
    Cs = sorted(set(grid))
    tried = dict(zip(Cs, evaluate(Cs), strict=True))
    for _ in range(extensions):
        best = _best(tried)
        Cs = sorted(tried)
        if best == Cs[0]:
            more = Cs[0] / (Cs[1] / Cs[0] if len(Cs) > 1 else 10)
        elif best == Cs[-1]:
            more = Cs[-1] * (Cs[-1] / Cs[-2])
        else:
            break
        tried[more] = evaluate([more])[0]
    return chosen(tried)


def chosen(tried: dict[float, float]) -> Choice:
    """The choice among values of C by their held-out accuracies."""
    best = _best(tried)
    return Choice(C=best, accuracy=tried[best], tried=dict(sorted(tried.items())))


def _best(tried: dict[float, float]) -> float:
    return min(tried, key=lambda C: (-tried[C], C))


def choose_on_held_out(
    svm: L2SVC,
    X: np.ndarray,
    y: np.ndarray,
    *,
    held_out: int,
    grid: Sequence[float],
    extensions: int,
    draws: Sequence[np.ndarray] | None = None,
) -> Choice:
    """The C of the highest accuracy on the last `held_out` rows of (X, y), mean over `draws`.

    draws: the row numbers of each fit, not among the held-out ones; None: one fit to all others.
    """
    rest = slice(len(X) - held_out, None)
    fits = [slice(0, rest.start)] if draws is None else draws  # a slice of X is no copy

    def evaluate(Cs: Sequence[float]) -> list[float]:
        found = [
            [accuracy(fitted, X[rest], y[rest]) for fitted in svm.path(X[rows], y[rows], Cs)]
            for rows in fits
        ]
        return np.mean(found, axis=0).tolist()

    return choose_C(evaluate, grid, extensions=extensions)


def chosen_and_refitted(
    svm: L2SVC,
    X: np.ndarray,
    y: np.ndarray,
    *,
    held_out: int,
    grid: Sequence[float],
    extensions: int,
) -> tuple[Choice, L2SVC]:
    """Choose C by `choose_on_held_out`, then fit on all rows with it (paper silent)."""
    choice = choose_on_held_out(svm, X, y, held_out=held_out, grid=grid, extensions=extensions)
    return choice, clone(svm).set_params(C=choice.C).fit(X, y)


def require_known_classes(labels: np.ndarray, training: np.ndarray, *, where: str) -> None:
    """Raise SpecError, naming `where`, for labels that do not occur among the training ones."""
    unknown = sorted(set(labels.tolist()) - set(training.tolist()))
    if unknown:
        raise SpecError(
            f"{where}: classes {unknown} do not occur among the training labels; take both from "
            "the same dataset"
        )


def accuracy(svm: L2SVC, X: np.ndarray, y: np.ndarray) -> float:
    """Share of correctly labelled rows."""
    return float((svm.predict(X) == y).mean())


def balanced_draws(
    labels: np.ndarray, per_class: int, number: int, *, seed: int, purpose: str
) -> list[np.ndarray]:
    """`number` draws of `per_class` random images of every class: their row numbers, ascending.

    A draw depends on its number, seed and purpose, not on how many follow it. Raises ValueError
    naming a class that has fewer images.
    """
    classes = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    for of_class in classes:
        if len(of_class) < per_class:
            raise UnusableError(
                f"per_class is {per_class}, but class {labels[of_class[0]]} has only "
                f"{len(of_class)} images to draw from; lower per_class or prepare more images"
            )
    draws = []
    for index in range(number):
        source = generator(seed, purpose, index)
        rows = [source.choice(of_class, per_class, replace=False) for of_class in classes]
        draws.append(np.sort(np.concatenate(rows)))
    return draws
