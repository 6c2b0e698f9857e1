"""Distances and sharpness against closed forms, brute force and planted differences."""

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import polynomial_kernel

from repro.networks.dcgan import Discriminator, initialise
from repro.networks.discriminator_inputs import freeze_on
from repro.quality.kernel_distance import (
    block_distances,
    convolution_features,
    joined_mmd,
    polynomial_mmd,
    sharpness,
)


def normal(n: int, *, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(n, 6)) + shift).astype(np.float32)


def test_mmd_agrees_with_scikit_learns_kernel_and_plain_loops() -> None:
    x, y = normal(7), normal(5, seed=1)
    k = {
        name: polynomial_kernel(a, b, degree=3)
        for name, (a, b) in {"xx": (x, x), "yy": (y, y), "xy": (x, y)}.items()
    }  # gamma = 1/F, coef0 = 1
    within = [
        np.mean([k[n][i, j] for i in range(len(k[n])) for j in range(len(k[n])) if i != j])
        for n in ("xx", "yy")
    ]
    assert polynomial_mmd(x, y) == pytest.approx(sum(within) - 2 * k["xy"].mean(), rel=1e-5)


def test_joined_spaces_are_one_wide_space_with_or_without_one_of_them() -> None:
    x, y = ([normal(n, seed=seed + n) for seed in range(3)] for n in (12, 9))

    def of(places: list[int]) -> float:
        return polynomial_mmd(*(np.concatenate([s[p] for p in places], axis=1) for s in (x, y)))

    together, without = joined_mmd(x, y)
    assert together == pytest.approx(of([0, 1, 2]), rel=1e-5)
    assert without == pytest.approx([of([1, 2]), of([0, 2]), of([0, 1])], rel=1e-5)


def test_mmd_is_unbiased_and_sees_a_shift() -> None:
    same = block_distances(normal(4000), normal(4000, seed=1), blocks=100)
    assert abs(same.mean()) < 3 * same.std() / 10  # expectation 0: some values are negative
    assert (same < 0).any()
    shifted = block_distances(normal(400), normal(400, shift=0.5, seed=1), blocks=10)
    assert shifted.mean() > 10 * abs(same.mean())


def test_blocks_are_disjoint_and_in_order() -> None:
    x, y = normal(11), normal(9, seed=1)
    found = block_distances(x, y, blocks=3)
    expected = [polynomial_mmd(x[s : s + 3], y[s : s + 3]) for s in (0, 3, 6)]
    assert found.tolist() == expected


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="too few for 3 blocks"):
        block_distances(normal(5), normal(9), blocks=3)
    with pytest.raises(ValueError, match="at least 2 rows"):
        polynomial_mmd(normal(1), normal(9))


def test_sharpness_by_hand_and_lowered_by_ghosting() -> None:
    ramp = np.broadcast_to(np.arange(0, 80, 5, dtype=np.uint8)[None, :, None], (16, 16, 3))
    stairs = ramp.transpose(1, 0, 2)
    both = (ramp // 5 * 3 + stairs // 5 * 4).astype(np.uint8)  # 3 to the right, 4 down
    assert sharpness(np.stack([ramp, stairs, both])).tolist() == pytest.approx([5, 5, 5])
    noise = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    ghost = (noise.sum(axis=0, keepdims=True) // 2).astype(np.uint8)
    assert sharpness(ghost)[0] < 0.85 * sharpness(noise).mean()


def test_features_are_pooled_maps_of_every_layer_whatever_the_batch() -> None:
    D = Discriminator(image_size=32, widths=(4, 6, 8), strides=(2, 2, 2))
    initialise(D, sd=0.1, seed=1, purpose="test")
    images = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), dtype=np.uint8)
    freeze_on(D, images)
    assert not D.training
    features = convolution_features(D, images, batch=4)
    assert features.shape == (9, (4 + 6 + 8) * 16)
    np.testing.assert_allclose(features, convolution_features(D, images), atol=1e-5)
    with torch.no_grad():
        first = D.features(torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1)[0]
    corner = first[0, 0, :4, :4].mean().item()  # a 16x16 map in 4x4 windows
    assert features[0, 0] == pytest.approx(corner, abs=1e-5)


@pytest.mark.parametrize("batch", [128, 40])
def test_freezing_standardises_hidden_layers_whatever_the_order(batch: int) -> None:
    """With 160 images sorted from dark to bright, in batches of 80 and 40 too."""
    D = Discriminator(image_size=16, widths=(4, 6), strides=(2, 2))
    initialise(D, sd=0.1, seed=1, purpose="test")
    images = np.random.default_rng(0).integers(0, 97, (160, 16, 16, 3), dtype=np.uint8)
    images += np.arange(160, dtype=np.uint8)[:, None, None, None]
    freeze_on(D, images, batch=batch)
    before = D.layers[1].conv(
        D.features(torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1)[0]
    )
    norm = D.layers[1].norm
    torch.testing.assert_close(norm.running_mean, before.mean(dim=(0, 2, 3)), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(norm.running_var, before.var(dim=(0, 2, 3)), atol=1e-4, rtol=1e-2)
