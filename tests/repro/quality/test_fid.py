"""FID and KID of planted features against closed forms, scipy and scikit-learn."""

import numpy as np
import pytest
import scipy.linalg
from sklearn.metrics.pairwise import polynomial_kernel

from repro.quality.fid import count_suffix, reference, scores
from repro.rng import stream_key
from repro.specs.validation import SpecError

pytest.importorskip("torch_fidelity", reason="torch-fidelity is optional")
SEED = 5


def planted(rows: int, *, seed: int, width: int = 12, shift: float = 0.0) -> np.ndarray:
    """Correlated Gaussian features (rows, width) float32."""
    source = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(0, 0.5, (width, width))
    return (source.normal(0, 1, (rows, width)) @ mixing + shift).astype(np.float32)


def mmd(x: np.ndarray, y: np.ndarray) -> float:
    """Unbiased squared MMD by scikit-learn's kernel: cubic, gamma 1/F, offset 1."""
    within = [polynomial_kernel(one, degree=3, coef0=1) for one in (x, y)]
    unequal = [k.sum() - np.trace(k) for k in within]
    pairs = len(x) * (len(x) - 1)
    return (sum(unequal)) / pairs - 2 * polynomial_kernel(x, y, degree=3, coef0=1).mean()


def test_fid_is_the_frechet_distance_of_two_gaussians() -> None:
    x, y = planted(300, seed=1), planted(200, seed=2, shift=0.3)
    covariances = [np.cov(one.astype(np.float64), rowvar=False) for one in (x, y)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    gap = x.mean(axis=0, dtype=np.float64) - y.mean(axis=0, dtype=np.float64)
    expected = gap @ gap + np.trace(covariances[0] + covariances[1] - 2 * root)
    found = scores(x, y, seed=SEED, purpose="test")
    assert found.fid == pytest.approx(expected, rel=1e-6)
    assert (found.first, found.second, found.width, found.warning) == (300, 200, 12, "")


def test_a_planted_shift_is_the_fid_and_equal_sets_have_none() -> None:
    x = planted(400, seed=3)
    equal = scores(x, x, seed=SEED, purpose="test", subsets=5)
    shifted = scores(x, x + np.float32(0.5), seed=SEED, purpose="test", subsets=5)
    assert equal.fid == pytest.approx(0, abs=1e-6)
    assert shifted.fid == pytest.approx(12 * 0.5**2, rel=1e-4)
    assert equal.kid < 0 < shifted.kid  # an unbiased estimate; its sets are not independent here


def test_kid_is_the_mean_over_the_seeded_subsets() -> None:
    x, y = planted(90, seed=4).astype(np.float64), planted(70, seed=5, shift=0.2)
    found = scores(x, y, seed=SEED, purpose="test", subsets=7, subset_size=20)
    source = np.random.RandomState(stream_key(SEED, "test, subsets") % 2**32)
    values = []
    for _ in range(7):
        rows = [source.choice(len(one), 20, replace=False) for one in (x, y)]
        values.append(mmd(x[rows[0]], y[rows[1]].astype(np.float64)))
    assert found.kid == pytest.approx(np.mean(values), rel=1e-9)
    assert found.kid_sd == pytest.approx(np.std(values), rel=1e-9)
    other = scores(x, y, seed=SEED + 1, purpose="test", subsets=7, subset_size=20)
    assert other.kid != found.kid
    assert other.fid == found.fid


def test_of_one_distribution_kid_is_nothing_on_average_and_fid_is_not() -> None:
    """FID's bias at few images, and its fall with their number."""

    def found(rows: int) -> np.ndarray:
        """(30, 2): FID and KID of independent pairs of sets."""
        pairs = [(planted(rows, seed=2 * n), planted(rows, seed=2 * n + 1)) for n in range(30)]
        both = [scores(*pair, seed=SEED, purpose="test", subsets=3) for pair in pairs]
        return np.array([(one.fid, one.kid) for one in both])

    few, many = found(40), found(160)
    assert few[:, 0].mean() > 2 * many[:, 0].mean() > 0.1
    for kid in (few[:, 1], many[:, 1]):
        assert abs(kid.mean()) < 3 * kid.std(ddof=1) / np.sqrt(30)


def test_few_images_are_said() -> None:
    found = scores(planted(10, seed=1), planted(31, seed=2), seed=SEED, purpose="test")
    assert found.subset_size == 5
    assert "10 images are too few" in found.warning
    assert "below 13" in found.warning
    enough = scores(planted(13, seed=1), planted(31, seed=2), seed=SEED, purpose="test")
    assert enough.warning == ""
    with pytest.raises(SpecError, match="3 and 31 images; 4 are needed"):
        scores(planted(3, seed=1), planted(31, seed=2), seed=SEED, purpose="test")


def test_real_images_are_all_or_a_seeded_draw() -> None:
    rows = np.arange(0, 100, 2)
    assert np.array_equal(reference(rows, limit=50, seed=1, purpose="p"), rows)
    drawn = reference(rows, limit=20, seed=1, purpose="p")
    assert len(np.unique(drawn)) == 20
    assert np.array_equal(drawn, np.sort(drawn))
    assert set(drawn) <= set(rows)
    assert not np.array_equal(drawn, reference(rows, limit=20, seed=2, purpose="p"))


def test_names_of_counts() -> None:
    assert [count_suffix(n) for n in (10_000, 50_000, 2_500, 64)] == ["10k", "50k", "2500", "64"]
