"""Blends distinguished from single pictures: by hand, planted, and where there is no difference."""

import numpy as np
import pytest
import torch

from repro.internals.realism import (
    WEIGHTS,
    RealismLimits,
    blend_scores,
    blended,
    discriminator_scores,
    planted_blends,
    roughened,
    train_blend_judge,
)
from repro.quality.kernel_distance import sharpness


def rings(n: int, *, seed: int, side: int = 16) -> np.ndarray:
    """One bright square outline a picture, anywhere: where two are blended both are pale."""
    source = np.random.default_rng(seed)
    images = np.full((n, side, side, 3), 60, np.uint8)
    for image in images:
        top, left = source.integers(0, side - 7, 2)
        image[top : top + 7, left : left + 7] = 220
        image[top + 2 : top + 5, left + 2 : left + 5] = 60
    return images


@pytest.mark.parametrize("kind", list(WEIGHTS))
def test_blends_by_hand(kind: str) -> None:
    """Each picture has one constant value, all different: a blend shows who its members were."""
    values = np.array([0, 3, 9, 30, 60, 90, 120, 150, 200, 255], np.uint8)
    images = np.broadcast_to(values[:, None, None, None], (10, 4, 4, 1)).copy()
    made = blended(images, kind, count=60, seed=1, purpose="test")
    weights = WEIGHTS[kind]
    assert made.shape == (60, 4, 4, 1)
    assert (made == made[:, :1, :1]).all()
    sums = {round(sum(w * float(v) for w, v in zip(weights, m, strict=True)))
            for m in _choices(values, len(weights))} if len(weights) < 9 else None  # fmt: skip
    found = set(made[:, 0, 0, 0].tolist())
    assert len(found) > 5
    if sums is not None:
        near = {min(max(s + d, 0), 255) for s in sums for d in (-1, 0, 1)}
        assert found <= near
    assert np.array_equal(made, blended(images, kind, count=60, seed=1, purpose="test"))
    assert not np.array_equal(made, blended(images, kind, count=60, seed=2, purpose="test"))


def _choices(values: np.ndarray, count: int) -> list[tuple[int, ...]]:
    import itertools

    return list(itertools.permutations(values.tolist(), count))


def test_members_of_a_blend_are_distinct() -> None:
    images = np.array([0, 100, 200], np.uint8).reshape(3, 1, 1, 1)
    means = blended(images, "mean of two", count=50, seed=1, purpose="t").ravel()
    assert set(means.tolist()) == {50, 100, 150}
    assert set(blended(images, "mean of three", count=9, seed=1, purpose="t").ravel()) == {100}
    with pytest.raises(ValueError, match="needs 9 images, found 3"):
        blended(images, "sum of means of three", count=1, seed=1, purpose="t")


def test_sums_are_clipped() -> None:
    images = np.array([0, 255, 250], np.uint8).reshape(3, 1, 1, 1)
    sums = blended(images, "a - b + c", count=40, seed=1, purpose="t").ravel()
    assert set(sums.tolist()) == {255, 5, 0}  # 255 - 0 + 250; 0 - 250 + 255; 250 - 255 + 0


def test_every_other_picture_is_blurred_and_contrasts_vary() -> None:
    images = rings(200, seed=0, side=64)
    rough = roughened(images, seed=1, purpose="test")
    assert rough.shape == images.shape
    ratio = sharpness(rough) / sharpness(images)
    # contrast alone moves sharpness by its own factor, 0.7 to 1.3
    assert 0.65 < ratio[::2].min() < 0.85 < 1.15 < ratio[::2].max() < 1.35
    assert ratio[1::2].mean() < 0.85 * ratio[::2].mean()
    means = rough.mean(axis=(1, 2, 3)) - images.mean(axis=(1, 2, 3))
    assert np.abs(means).max() < 10
    assert roughened(images[..., :1], seed=1, purpose="test").shape == (200, 64, 64, 1)


@pytest.mark.slow
def test_blends_are_told_from_single_pictures_even_blurred_ones() -> None:
    judge = train_blend_judge(rings(500, seed=0), seed=1, purpose="test", epochs=12)
    others = rings(200, seed=1)
    single = roughened(others, seed=2, purpose="rough")
    mixed = roughened(planted_blends(others, seed=2, purpose="mixed"), seed=3, purpose="rough")
    assert (blend_scores(judge, single) < 0).mean() > 0.85
    assert (blend_scores(judge, single[1::2]) < 0).mean() > 0.8  # the blurred ones
    assert (blend_scores(judge, mixed) > 0).mean() > 0.85


def test_nothing_is_told_where_a_blend_is_like_a_picture() -> None:
    """Constant pictures: the mean of two is a constant picture as well."""
    values = np.random.default_rng(0).integers(60, 190, 300).astype(np.uint8)
    flat = np.broadcast_to(values[:, None, None, None], (300, 16, 16, 3)).copy()
    judge = train_blend_judge(flat[:200], seed=1, purpose="test", epochs=3)
    kinds = [blended(flat[200:], k, count=100, seed=5, purpose="t") for k in ("mean of two",)]
    caught = (blend_scores(judge, kinds[0]) > 0).mean() + (
        blend_scores(judge, flat[200:]) <= 0
    ).mean()
    assert 0.6 < caught < 1.45  # 1 for any blind answer, 2 for a perfect one


def test_limits_by_hand() -> None:
    scores, sharp = np.arange(101.0), np.arange(101.0)
    limits = RealismLimits.around(scores, sharp)
    assert (limits.highest_blend_score, limits.lowest_sharpness) == (95, pytest.approx(2.5))
    assert limits.highest_sharpness == pytest.approx(97.5)
    given = [(95, 50), (96, 50), (0, 2), (0, 2.6), (-9, 97.4), (0, 98)]
    admitted = limits.admit(*np.array(given, float).T)
    assert admitted.tolist() == [True, False, False, True, True, False]


def test_discriminator_scores_are_its_logits_in_any_batch() -> None:
    class Brightness(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = torch.nn.Parameter(torch.ones(()))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.gain * x.mean(dim=(1, 2, 3))

    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), np.uint8)
    expected = images.mean(axis=(1, 2, 3)) / 127.5 - 1
    scores = discriminator_scores(Brightness(), images, batch=4)
    np.testing.assert_allclose(scores, expected, atol=1e-5)
