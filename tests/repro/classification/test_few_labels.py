"""Few labels: every fit against LinearSVC, draws balanced, fresh and alike for all features."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from repro.classification.few_labels import (
    FewLabelsProtocol,
    LabelledImages,
    choose_and_test,
    choose_on_images,
    hits_on_images,
)
from repro.classification.svm import L2SVC

GRID = (1e-3, 1e-2, 1e-1)
PROTOCOL = FewLabelsProtocol(
    per_class=6, selection_draws=2, grid=GRID, extensions=0, seed=3, purpose="test"
)
ONE_C = replace(PROTOCOL, grid=(1e-2,))


class Recorded(L2SVC):
    """An L2SVC that keeps what every copy of it was fitted on."""

    fits: ClassVar[list[tuple[float, np.ndarray, np.ndarray]]] = []

    def fit(self, X, y):
        self.fits.append((self.C, X, y))
        return super().fit(X, y)


def blobs(n: int, seed: int, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Three classes; feature 0 is the row's number, so small that it tells nothing."""
    source = np.random.default_rng(seed)
    y = source.permutation(np.arange(n) % 3)
    X = source.normal(0, noise, (n, 12))
    X[np.arange(n), 1 + y] += 2
    X[:, 0] = np.arange(n) * 1e-9
    return X, y


@pytest.fixture
def fits() -> list[tuple[float, np.ndarray, np.ndarray]]:
    Recorded.fits.clear()
    return Recorded.fits


def test_equals_linear_svc_on_the_same_draws(fits):
    (X, y), (X_validation, y_validation) = blobs(300, 0), blobs(200, 1)
    found = choose_and_test(Recorded(tol=1e-8), X, y, X_validation, y_validation, PROTOCOL, draws=4)
    reference = [LinearSVC(C=C, tol=1e-8, max_iter=100_000).fit(Z, t) for C, Z, t in fits]
    accuracy = {
        C: np.mean([s.score(X_validation, y_validation) for s in reference[:6] if s.C == C])
        for C in GRID
    }
    assert found.choice.tried == pytest.approx(accuracy, abs=1e-12)
    assert found.choice.accuracy == max(accuracy.values())
    best = [C for C in GRID if accuracy[C] == max(accuracy.values())]
    assert best[0] == found.choice.C
    X_test, y_test = blobs(400, 2)
    expected = [s.predict(X_test) == y_test for s in reference[6:]]
    assert {s.C for s in reference[6:]} == {found.choice.C}
    right = found.hits(X_test, y_test)
    assert right.shape == (4, 400)
    np.testing.assert_array_equal(right, expected)


def test_every_draw_is_balanced_and_fresh(fits):
    (X, y), validation = blobs(300, 0), blobs(60, 1)
    found = choose_and_test(Recorded(), X, y, *validation, PROTOCOL, draws=4)
    assert [C for C, _, _ in fits] == [1e-3] * 2 + [1e-2] * 2 + [1e-1] * 2 + [found.choice.C] * 4
    rows = [np.round(Z[:, 0] * 1e9).astype(int) for _, Z, _ in fits]
    for drawn, (_, _, labels) in zip(rows, fits, strict=True):
        assert len(set(drawn.tolist())) == found.labels == 18
        assert np.bincount(labels).tolist() == [6, 6, 6]
        np.testing.assert_array_equal(y[drawn], labels)
    assert len({tuple(drawn) for drawn in rows}) == 10  # none twice, not even between values of C


def test_other_features_meet_the_same_draws(fits):
    (X, y), (X_validation, y_validation) = blobs(300, 0), blobs(60, 1)
    choose_and_test(Recorded(), X, y, X_validation, y_validation, ONE_C, draws=4)
    choose_and_test(Recorded(), X * 2, y, X_validation, y_validation, ONE_C, draws=4)
    for (_, one, labels), (_, other, same) in zip(fits[:6], fits[6:], strict=True):
        np.testing.assert_array_equal(2 * one, other)
        np.testing.assert_array_equal(labels, same)


def test_validation_chooses_and_never_trains(fits):
    """With validation labels shifted by a class the SVMs are the same, their accuracy is not."""
    (X, y), (X_validation, y_validation) = blobs(300, 0, noise=0.2), blobs(60, 1, noise=0.2)
    protocol = replace(PROTOCOL, grid=(1e-1,))
    right, wrong = (
        choose_and_test(L2SVC(), X, y, X_validation, labels, protocol, draws=4)
        for labels in (y_validation, (y_validation + 1) % 3)
    )
    assert right.choice.accuracy > 0.99
    assert wrong.choice.accuracy < 0.01
    for one, other in zip(right.svms, wrong.svms, strict=True):
        np.testing.assert_array_equal(one.coef_, other.coef_)


def test_the_grid_grows_only_when_asked(fits):
    (X, y), validation = blobs(300, 0), blobs(60, 1)
    for extensions in (0, 3):
        protocol = replace(PROTOCOL, grid=(1e-9, 1e-8), extensions=extensions)
        found = choose_and_test(L2SVC(), X, y, *validation, protocol, draws=4).choice
        assert len(found.tried) == 2 + extensions or (extensions and not found.at_edge)


def test_too_few_images_and_unknown_classes_are_named():
    (X, y), (X_validation, y_validation) = blobs(15, 0), blobs(60, 1)
    with pytest.raises(ValueError, match="per_class is 6, but class 0 has only 5 images"):
        choose_and_test(L2SVC(), X, y, X_validation, y_validation, PROTOCOL, draws=4)
    with pytest.raises(ValueError, match=r"validation images: classes \[3\] do not occur"):
        choose_and_test(L2SVC(), X, y, X_validation, y_validation + 1, PROTOCOL, draws=4)


def test_from_images_it_is_the_same_and_leaves_no_file(tmp_path):
    """Features by a function that writes them to the file it is given, as discriminators do."""
    source = np.random.default_rng(0)

    def part(count: int) -> LabelledImages:
        labels = np.arange(count) % 3
        images = source.integers(0, 60, (count, 4, 4, 1)) + 60 * labels[:, None, None, None]
        return LabelledImages(images.astype(np.uint8), labels)

    def extract(images: np.ndarray, path: Path) -> np.ndarray:
        np.save(path, images.reshape(len(images), -1).astype(np.float32) / 255)
        return np.load(path, mmap_mode="r")

    training, validation, test = part(90), part(30), part(45)
    few = choose_on_images(
        L2SVC(), extract, training, validation, PROTOCOL, draws=4, scratch=tmp_path
    )
    flat = [one.images.reshape(-1, 16).astype(np.float32) / 255 for one in (training, validation)]
    same = choose_and_test(
        L2SVC(), flat[0], training.labels, flat[1], validation.labels, PROTOCOL, draws=4
    )
    assert few.choice == same.choice
    right = hits_on_images(few, extract, test, scratch=tmp_path)
    X = test.images.reshape(-1, 16).astype(np.float32) / 255
    np.testing.assert_array_equal(right, same.hits(X, test.labels))
    assert list(tmp_path.iterdir()) == []
