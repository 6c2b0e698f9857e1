"""Choosing C: the grid grows only where it must; draws are balanced and independent."""

import numpy as np
import pytest

from repro.classification.choose_c import (
    balanced_draws,
    choose_C,
    choose_on_held_out,
)
from repro.classification.svm import L2SVC


def peak_at(best: float):
    """Accuracy falling with the distance from `best` in decades; records the requests."""
    asked = []

    def evaluate(Cs):
        asked.append(list(Cs))
        return [1 - abs(np.log10(C / best)) / 10 for C in Cs]

    return evaluate, asked


def test_best_inside_the_grid_asks_nothing_more():
    evaluate, asked = peak_at(1e-2)
    choice = choose_C(evaluate, [1e-1, 1e-3, 1e-2], extensions=4)
    assert (choice.C, choice.accuracy, choice.at_edge) == (1e-2, 1.0, False)
    assert asked == [[1e-3, 1e-2, 1e-1]]


@pytest.mark.parametrize("best", [1e-5, 10.0])
def test_grid_grows_until_the_best_is_inside(best):
    evaluate, _ = peak_at(best)
    choice = choose_C(evaluate, [1e-3, 1e-2, 1e-1], extensions=4)
    assert np.log10(choice.C) == pytest.approx(np.log10(best))
    assert not choice.at_edge
    assert len(choice.tried) == 6


def test_growing_is_bounded_and_says_so():
    evaluate, asked = peak_at(1e9)
    choice = choose_C(evaluate, [1.0, 2.0], extensions=3)
    assert choice.C == 16.0
    assert choice.at_edge
    assert asked == [[1.0, 2.0], [4.0], [8.0], [16.0]]


def test_of_equals_the_most_regularised():
    assert choose_C(lambda Cs: [0.5] * len(Cs), [1.0, 2.0, 4.0], extensions=0).C == 1.0


def blobs(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    source = np.random.default_rng(seed)
    y = np.arange(n) % 3
    X = source.normal(0, 1, (n, 20)).astype(np.float32)
    X[np.arange(n), y] += 3
    return X, y


def test_held_out_rows_take_no_part_in_the_fit():
    """Their labels replaced by another class's: accuracy falls to nothing, the fit stays."""
    X, y = blobs(300)
    wrong = y.copy()
    wrong[200:] = (y[200:] + 1) % 3
    args = {"held_out": 100, "grid": [1e-3, 1e-2], "extensions": 0}
    right = choose_on_held_out(L2SVC(), X, y, **args)
    shifted = choose_on_held_out(L2SVC(), X, wrong, **args)
    fitted = L2SVC(C=right.C).fit(X[:200], y[:200]).predict(X[200:])
    assert right.accuracy == (fitted == y[200:]).mean() > 0.8
    assert shifted.accuracy < 0.2


def test_few_labels_average_the_draws():
    X, y = blobs(300)
    draws = balanced_draws(y[:200], 5, 3, seed=1, purpose="p")
    choice = choose_on_held_out(L2SVC(), X, y, held_out=100, grid=[1e-2], extensions=0, draws=draws)
    alone = [L2SVC(C=1e-2).fit(X[r], y[r]).score(X[200:], y[200:]) for r in draws]
    assert choice.accuracy == pytest.approx(np.mean(alone))


def test_draws_are_balanced_and_repeatable():
    labels = np.random.default_rng(0).integers(0, 4, 400)
    first, second = balanced_draws(labels, 30, 2, seed=1, purpose="p")
    assert np.bincount(labels[first]).tolist() == [30] * 4
    assert len(set(first.tolist())) == 120
    assert (first != second).any()
    (alone,) = balanced_draws(labels, 30, 1, seed=1, purpose="p")
    np.testing.assert_array_equal(first, alone)
    with pytest.raises(ValueError, match=r"per_class is 30, but class 2 has only 1 "):
        balanced_draws(np.array([0] * 40 + [2]), 30, 1, seed=1, purpose="p")
