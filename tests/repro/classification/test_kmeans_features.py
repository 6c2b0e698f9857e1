"""k-means features against loops in NumPy, whitening by hand, planted textures, their absence."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from repro.classification.discriminator_features import feature_scale, pixel_features, standardise
from repro.classification.kmeans_features import (
    KMeansFeatures,
    fit_kmeans,
    normalised,
    quadrant_windows,
    whitening_of,
)
from repro.classification.svm import L2SVC


def pictures(n: int, size: tuple[int, int] = (9, 8), channels: int = 3, seed: int = 0):
    """Smooth random pictures: noise on a coarse grid, enlarged, with a little noise on top."""
    source = np.random.default_rng(seed)
    coarse = source.uniform(0, 200, (n, size[0] // 3 + 1, size[1] // 3 + 1, channels))
    fine = coarse.repeat(3, axis=1).repeat(3, axis=2)[:, : size[0], : size[1]]
    return (fine + source.uniform(0, 55, fine.shape)).astype(np.uint8)


def fitted(images: np.ndarray, **changed) -> KMeansFeatures:
    given = {"centroids": 7, "patches": 500, "patch": 4, "seed": 1, "purpose": "test", **changed}
    return fit_kmeans(images, **given)


@pytest.fixture(scope="module")
def learned() -> KMeansFeatures:
    return fitted(pictures(20))


def whitened_window(image: np.ndarray, row: int, column: int, learned: KMeansFeatures):
    """A window of one image (H, W, C) after normalisation and whitening, in float64."""
    side = learned.patch
    window = image[row : row + side, column : column + side].astype(np.float64)
    x = window.transpose(2, 0, 1).ravel()
    x = (x - x.mean()) / np.sqrt(x.var(ddof=1) + 10)
    return (x - learned.mean) @ learned.whitening.astype(np.float64)


def encoded_by_hand(image: np.ndarray, learned: KMeansFeatures) -> np.ndarray:
    rows, columns = (side - learned.patch + 1 for side in image.shape[:2])
    sums, windows = np.zeros((4, len(learned.centroids))), np.zeros(4)
    for row in range(rows):
        for column in range(columns):
            x = whitened_window(image, row, column, learned)
            z = np.array([np.linalg.norm(x - c.astype(np.float64)) for c in learned.centroids])
            quadrant = 2 * (row >= (rows + 1) // 2) + (column >= (columns + 1) // 2)
            sums[quadrant] += np.maximum(0, z.mean() - z)
            windows[quadrant] += 1
    return (sums / windows[:, None]).ravel()


@pytest.mark.parametrize("size", [(9, 8), (8, 10), (5, 5)])  # 6x5, 5x7 and 2x2 windows
def test_equals_loops_in_numpy(learned, size):
    images = pictures(3, size, seed=2)
    expected = np.stack([encoded_by_hand(image, learned) for image in images])
    found = learned.features(images)
    assert found.dtype == np.float32
    assert (expected > 0).mean() > 0.3
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_window_that_is_a_centroid_has_distance_nought(learned):
    """The rounding of the product must not make the root of a negative number."""
    image = pictures(1, seed=3)
    windows = [whitened_window(image[0], 0, column, learned) for column in range(5)]
    own = KMeansFeatures(
        learned.mean, learned.whitening, np.stack(windows).astype(np.float32), learned.patch
    )
    np.testing.assert_allclose(
        own.features(image)[0], encoded_by_hand(image[0], own), rtol=1e-3, atol=2e-2
    )


def test_upper_and_left_quadrants_have_the_odd_window():
    """Windows 3x3 of a 5x5 image: 2x2, 2x1, 1x2, 1x1 (the authors' rounding); 32x32: 14 and 13."""
    assert [rows.tolist() for rows in quadrant_windows((5, 5), 3)] == [
        [0, 1, 3, 4],
        [2, 5],
        [6, 7],
        [8],
    ]
    assert [len(rows) for rows in quadrant_windows((32, 32), 6)] == [196, 182, 182, 169]


def test_normalisation_by_hand():
    """Mean 2, variance (n - 1) 4; 10 under the root. A flat patch stays nought."""
    found = normalised(torch.tensor([[0.0, 2.0, 4.0], [7.0, 7.0, 7.0]]))
    expected = torch.tensor([[-2.0, 0.0, 2.0], [0.0, 0.0, 0.0]]) / 14**0.5
    torch.testing.assert_close(found, expected)


def test_whitening_by_hand():
    """Variances 4 and 1 about a mean of (5, -1), uncorrelated; 0.1 under the root, symmetric."""
    x = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]) * 1.5**0.5
    mean, whitening = whitening_of(x + torch.tensor([5.0, -1.0]), floor=0.1)
    torch.testing.assert_close(mean, torch.tensor([5.0, -1.0]))
    torch.testing.assert_close(whitening, torch.diag(torch.tensor([4.1, 1.1]).rsqrt()))


def test_whitened_patches_are_uncorrelated():
    """Covariance the identity, but in the direction of brightness, which is taken out before."""
    source = np.random.default_rng(4)
    mixed = source.normal(size=(5000, 12)) @ source.normal(size=(12, 12)) * 50
    x = normalised(torch.from_numpy(mixed.astype(np.float32)))
    assert np.abs(np.corrcoef(x.T) - np.eye(12)).max() > 0.3
    mean, whitening = whitening_of(x, floor=1e-6)
    covariance = np.cov(((x - mean) @ whitening).numpy(), rowvar=False)
    np.testing.assert_allclose(covariance, np.eye(12) - 1 / 12, atol=2e-2)


def test_centroids_cover_the_patches_as_full_k_means_does():
    ramp = np.arange(10, dtype=np.uint8)[:, None, None] * 10  # a mean patch that is not nought
    images = pictures(30, (10, 10), seed=5) // 2 + ramp
    learned = fitted(images, centroids=12, patches=4000)
    windows = np.stack(
        [
            whitened_window(image, row, column, learned)
            for image in images
            for row in range(7)
            for column in range(7)
        ]
    )

    def spread(centroids: np.ndarray) -> float:
        squared = ((windows[:, None] - centroids) ** 2).sum(-1)
        return float(squared.min(1).mean())

    full = KMeans(12, n_init=2, random_state=0).fit(windows)
    assert spread(learned.centroids) < 1.05 * spread(full.cluster_centers_)
    assert spread(learned.centroids) < 0.9 * spread(windows[:12])


def test_same_seed_same_bytes_and_another_seed_others():
    images = pictures(20)
    first, again = fitted(images), fitted(images)
    for name in ("mean", "whitening", "centroids"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()
        assert getattr(first, name).dtype == np.float32
    for changed in ({"seed": 2}, {"purpose": "another"}):
        assert (fitted(images, **changed).centroids != first.centroids).any()


@given(batch=st.integers(1, 8), seed=st.integers(0, 3))
@settings(max_examples=8, deadline=None)
def test_a_row_depends_on_its_own_image_only(learned, batch, seed):
    images = pictures(7, seed=seed)
    order = np.random.default_rng(seed).permutation(7)
    alone = np.concatenate([learned.features(images[i : i + 1]) for i in order])
    together = learned.features(images[order], batch=batch)
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-4)


def test_memory_map_holds_the_same(learned, tmp_path):
    images = pictures(5)
    mapped = learned.features(images, out=tmp_path / "features.npy")
    assert isinstance(mapped, np.memmap)
    mapped.flush()
    np.testing.assert_array_equal(np.load(tmp_path / "features.npy"), learned.features(images))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_finds_the_same(learned):
    images = pictures(70)
    np.testing.assert_allclose(
        learned.features(images, device="cuda"), learned.features(images), rtol=1e-3, atol=1e-3
    )


def stripes(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Grey 16x16 pictures of stripes in four directions, of random phase, under noise."""
    source = np.random.default_rng(seed)
    y = np.arange(n) % 4
    angle = y * np.pi / 4
    row, column = np.mgrid[:16, :16]
    along = row * np.sin(angle)[:, None, None] + column * np.cos(angle)[:, None, None]
    phase = source.uniform(0, 2 * np.pi, (n, 1, 1))
    values = 128 + 50 * np.sin(2 * np.pi * along / 5 + phase) + source.normal(0, 20, (n, 16, 16))
    return values.clip(0, 255).astype(np.uint8)[..., None], y


def test_stripes_are_told_apart_by_direction_and_noise_is_not():
    (images, y), (test, y_test) = stripes(120, seed=6), stripes(200, seed=7)
    learned = fitted(images, centroids=24, patches=4000, patch=6)

    def accuracy(X: np.ndarray, Y: np.ndarray, labels: np.ndarray) -> float:
        scale = feature_scale(X)
        standardise(X, scale)
        standardise(Y, scale)
        return L2SVC(C=1e-3).fit(X, labels).score(Y, y_test)

    def ours(labels: np.ndarray) -> float:
        return accuracy(learned.features(images), learned.features(test), labels)

    assert ours(y) > 0.95
    assert accuracy(pixel_features(images), pixel_features(test), y) < 0.55
    assert ours(np.random.default_rng(8).permutation(y)) < 0.45  # chance: 0.25


def test_refusals_say_what_to_do(learned):
    with pytest.raises(ValueError, match=r"found float64 \(2, 9, 8, 3\)"):
        learned.features(pictures(2) / 255)
    with pytest.raises(ValueError, match=r"found uint8 \(0, 9, 8, 3\)"):
        learned.features(pictures(2)[:0])
    with pytest.raises(ValueError, match="1 channels, but the patches had 3"):
        learned.features(pictures(2, channels=1))
    with pytest.raises(ValueError, match="4x8: patches of 4 pixels need at least 5x5"):
        learned.features(pictures(2, (4, 8)))
    with pytest.raises(ValueError, match="need at least 12x12; choose smaller patches"):
        fitted(pictures(2), patch=12)
    with pytest.raises(ValueError, match="8 centroids of 5 patches"):
        fitted(pictures(2), centroids=8, patches=5)
