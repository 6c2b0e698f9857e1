"""L2SVC against LinearSVC, closed forms and its own certificate (the duality gap)."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from repro.classification.svm import L2SVC, sample_size
from repro.classification.svm_design import WIDE, Design
from repro.classification.svm_preconditioner import Preconditioner, sample_of, sampled_rows


@parametrize_with_checks([L2SVC()])
def test_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def objective(coef, intercept, X, y, classes, *, C):
    """The primal objective of every class, from its definition, in float64."""
    targets = np.where(y[:, None] == classes, 1.0, -1.0)
    violation = np.maximum(0, 1 - targets * (X.astype(np.float64) @ coef.T + intercept))
    return 0.5 * (coef**2).sum(1) + 0.5 * intercept**2 + C * (violation**2).sum(0)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X / 8 - 1).astype(np.float32), y


@pytest.mark.slow
@pytest.mark.parametrize("C", [1e-4, 1e-3, 1e-2, 1e-1, 1.0])
def test_equals_linear_svc_over_five_decades(digits, C):
    X, y = digits
    train, test = slice(0, 900), slice(900, None)
    ours = L2SVC(C=C, tol=1e-7).fit(X[train], y[train])
    reference = LinearSVC(C=C, dual=True, tol=1e-7, max_iter=200_000).fit(X[train], y[train])
    mine = objective(ours.coef_, ours.intercept_, X[train], y[train], ours.classes_, C=C)
    theirs = objective(
        reference.coef_, reference.intercept_, X[train], y[train], ours.classes_, C=C
    )
    np.testing.assert_allclose(mine, theirs, rtol=1e-4)
    np.testing.assert_allclose(ours.objective_, mine, rtol=1e-5)
    assert (ours.predict(X[test]) == reference.predict(X[test])).mean() >= 0.999


@pytest.mark.slow
@pytest.mark.parametrize("sample", [0, 20, 1000])
def test_wide_data_with_a_common_offset(sample):
    """Features as a leaky ReLU gives them: more of them than samples, with a large mean."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 4, 60)
    X = rng.random((60, 400)).astype(np.float32) + 3
    X[:, :4] += np.eye(4, dtype=np.float32)[y]
    for C in (1e-5, 1e-3, 1e-1):
        ours = L2SVC(C=C, sample=sample).fit(X, y)
        reference = LinearSVC(C=C, dual=True, tol=1e-6, max_iter=200_000).fit(X, y)
        mine = objective(ours.coef_, ours.intercept_, X, y, ours.classes_, C=C)
        theirs = objective(reference.coef_, reference.intercept_, X, y, ours.classes_, C=C)
        np.testing.assert_allclose(mine, theirs, rtol=1e-4)
        assert (ours.predict(X) == reference.predict(X)).mean() >= 0.999


def test_intercept_is_linear_svcs(digits):
    X, y = digits[0][:400].astype(np.float64), digits[1][:400] == 3
    ours = L2SVC(C=0.1, tol=1e-10).fit(X, y)
    reference = LinearSVC(C=0.1, tol=1e-10, max_iter=10**6).fit(X, y)
    np.testing.assert_allclose(ours.intercept_, reference.intercept_, rtol=1e-4)
    np.testing.assert_allclose(ours.coef_, reference.coef_, atol=1e-5)


def test_one_sample_a_class_by_hand():
    """x = +-1: by symmetry b = 0; minimise 0.5 w^2 + 2 C (1 - w)^2, so w = 4 C / (1 + 4 C)."""
    for C in (0.01, 0.25, 10.0):
        svm = L2SVC(C=C, tol=1e-12).fit(np.array([[1.0], [-1.0]]), [1, 0])
        assert svm.coef_[0, 0] == pytest.approx(4 * C / (1 + 4 * C), rel=1e-6)
        assert svm.intercept_[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("sample", [0, 200, 1000])
def test_gap_bounds_the_distance_to_the_minimum(digits, sample):
    X, y = digits[0].astype(np.float64), digits[1]
    best = L2SVC(C=0.01, tol=1e-12).fit(X, y).objective_
    for iterations in (1, 2, 3, 5):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            early = L2SVC(C=0.01, tol=1e-12, max_iter=iterations, sample=sample).fit(X, y)
        above = early.objective_ - best
        rounding = 1e-12 * best
        assert (above >= -rounding).all()
        assert (above <= early.gap_ + rounding).all()
        if iterations == 1:
            assert (above > 1e-6 * best).any()


def test_not_converged_warns_with_the_gap(digits):
    with pytest.warns(ConvergenceWarning, match=r"3 iterations .* duality gap of [0-9.e+-]+"):
        L2SVC(C=1.0, max_iter=3).fit(*digits)


@pytest.mark.slow
def test_path_gives_what_separate_fits_give(digits):
    X, y = digits[0][:600].astype(np.float64), digits[1][:600]
    Cs = [1e-3, 1e-2, 1e-1]
    for sample in (0, 100, 1000):
        for C, fitted in zip(Cs, L2SVC(tol=1e-8, sample=sample).path(X, y, Cs), strict=True):
            alone = L2SVC(C=C, tol=1e-8, sample=0).fit(X, y)
            assert fitted.C == C
            assert (fitted.predict(X) == alone.predict(X)).mean() >= 0.999
            np.testing.assert_allclose(fitted.objective_, alone.objective_, rtol=1e-7)


def test_preconditioner_of_all_rows_is_the_inverse_hessian(digits):
    X = torch.from_numpy(digits[0][:50].astype(np.float64))
    slack = torch.from_numpy(np.random.default_rng(0).normal(size=(50, 3)))
    slack[:, 2] = -1  # no sample within the margin: H is the identity
    exact = Preconditioner(sample_of(Design(X), size=50))
    exact.refresh(slack, C=0.3)
    g = torch.from_numpy(np.random.default_rng(1).normal(size=(3, 65)))
    joined = torch.cat([X, torch.ones(50, 1, dtype=torch.float64)], dim=1)
    for of_class, gradient, found in zip(slack.T, g, exact.apply(g), strict=True):
        active = joined[of_class > 0]
        hessian = torch.eye(65, dtype=torch.float64) + 0.6 * active.T @ active
        torch.testing.assert_close(hessian @ found, gradient, rtol=1e-6, atol=1e-6)


def test_the_preconditioner_fits_the_size_of_the_data():
    assert sample_size(200, 3584) == 200  # all: Newton's method
    assert sample_size(2000, 28672) == 2000
    assert sample_size(1000, 1792) == 278  # 278^3 is about 12 * 1000 * 1792
    assert sample_size(50_000, 28672) == 1000


def test_sampled_rows_are_distinct_and_always_the_same():
    rows = sampled_rows(1000, 100)
    assert len(set(rows.tolist())) == 100
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, sampled_rows(1000, 100))
    np.testing.assert_array_equal(sampled_rows(7, 100), np.arange(7))


@pytest.mark.slow
def test_preconditioner_saves_iterations_where_the_spectrum_is_steep():
    """A large mean and a spectrum that falls as 1/i, as features of a network have them."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 3000)
    X = rng.normal(size=(3000, 300)) * 30 / np.arange(1, 301) + 5
    X[np.arange(3000), 200 + y] += 0.3
    X = (X @ np.linalg.qr(rng.normal(size=(300, 300)))[0]).astype(np.float32)
    plain = L2SVC(C=0.1, tol=1e-3, sample=0).fit(X, y)
    helped = L2SVC(C=0.1, tol=1e-3, sample=400).fit(X, y)
    assert helped.n_iter_ < plain.n_iter_ / 3
    np.testing.assert_allclose(helped.objective_, plain.objective_, rtol=2e-3)


def test_reads_a_read_only_memory_map_without_a_word(tmp_path, digits):
    X, y = digits
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svm = L2SVC(C=0.01).fit(mapped, y)
        assert (svm.predict(mapped) == L2SVC(C=0.01).fit(X, y).predict(X)).all()


def test_refuses_what_it_cannot_fit():
    X = np.eye(3)
    with pytest.raises(ValueError, match="1 class"):
        L2SVC().fit(X, [1, 1, 1])
    with pytest.raises(ValueError, match="C must be positive"):
        L2SVC(C=0).fit(X, [0, 1, 1])


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 600])
@pytest.mark.parametrize("features", [WIDE - 1, WIDE])
@pytest.mark.parametrize("classes", [1, 3])
def test_products_in_blocks_are_those_of_the_whole_matrix(
    rows: int, features: int, classes: int
) -> None:
    source = np.random.default_rng(0)
    X = source.normal(size=(rows, features + 5)).astype(np.float32)[:, 5:]  # rows not contiguous
    W, A = source.normal(size=(classes, features + 1)), source.normal(size=(rows, classes))
    design = Design(torch.from_numpy(X))
    scores, combined = design.scores(torch.from_numpy(W)), design.combine(torch.from_numpy(A))
    joined = np.column_stack([X.astype(np.float64), np.ones(rows)])
    np.testing.assert_allclose(scores, joined @ W.T, atol=2e-4)
    np.testing.assert_allclose(combined, A.T @ joined, atol=2e-4)
