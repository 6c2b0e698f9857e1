"""The per-pixel classifier: a planted thing is learnt, its absence is not; masks against scipy."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from repro.internals.segmenter import (
    degraded,
    grown,
    intersection_over_union,
    mask_boxes,
    predict,
    train_segmenter,
    without_specks,
    working_side,
)
from repro.rng import torch_generator


def squares(count: int, *, side: int = 32, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noise with a bright square of 8 pixels; and where it is, (N, side, side)."""
    pictures = np.empty((count, side, side, 3), np.uint8)
    masks = np.zeros((count, side, side))
    for n in range(count):
        source = np.random.default_rng(start + n)
        pictures[n] = source.integers(40, 120, (side, side, 3))
        x, y = source.integers(0, side - side // 4, 2)
        masks[n, y : y + side // 4, x : x + side // 4] = 1
        pictures[n][masks[n] > 0] = [230, 230, 200]
    return pictures, masks


def test_sides() -> None:
    sides = {16: 16, 28: 28, 32: 32, 40: 20, 64: 32, 128: 32, 256: 32}
    assert {size: working_side(size) for size in sides} == sides


@pytest.mark.slow
def test_a_planted_thing_is_found_and_nothing_without_it() -> None:
    pictures, masks = squares(128)
    network = train_segmenter(pictures, masks, seed=1, purpose="test", epochs=5, batch=16)
    unseen, truth = squares(20, start=1000)
    assert intersection_over_union(predict(network, unseen), truth > 0).mean() > 0.7
    plain = np.random.default_rng(5).integers(40, 120, unseen.shape).astype(np.uint8)
    assert predict(network, plain).mean() < 0.01
    # the answer to an enlarged picture is in the same place
    large = predict(network, unseen.repeat(2, axis=1).repeat(2, axis=2))
    assert large.shape == (20, 64, 64)
    small = predict(network, unseen).repeat(2, axis=1).repeat(2, axis=2)
    assert intersection_over_union(large, small).mean() > 0.8
    assert np.array_equal(predict(network, unseen, batch=7), predict(network, unseen))


@pytest.mark.slow
def test_what_was_taught_without_a_pattern_is_not_found() -> None:
    pictures, masks = squares(128)
    network = train_segmenter(pictures, np.roll(masks, 1, axis=0), seed=1, purpose="t", epochs=2)
    unseen, truth = squares(20, start=1000)
    overlap = intersection_over_union(predict(network, unseen), truth > 0)
    assert np.nan_to_num(overlap).mean() < 0.2


def test_same_arguments_same_network_and_the_seed_matters() -> None:
    pictures, masks = squares(24)
    made = [
        train_segmenter(pictures, masks, seed=seed, purpose="test", epochs=1, batch=8)
        for seed in (1, 1, 2)
    ]
    values = [torch.cat([p.flatten() for p in one.parameters()]) for one in made]
    assert torch.equal(values[0], values[1])
    assert not torch.equal(values[0], values[2])
    assert not made[0].training


def test_cover_of_another_size_is_refused() -> None:
    pictures, masks = squares(4, side=64)
    with pytest.raises(ValueError, match=r"cover \(4, 64, 64\) does not fit .* \(4, 3, 32, 32\)"):
        train_segmenter(pictures, masks, seed=1, purpose="test")


def test_degrading_is_random_by_picture_and_bounded() -> None:
    x = torch.rand(1, 3, 16, 16, generator=torch_generator(1, "x")).expand(50, 3, 16, 16)
    x = x * 1.4 - 0.7
    worse = degraded(x, torch_generator(1, "test"))
    assert torch.equal(worse, degraded(x, torch_generator(1, "test")))
    assert not torch.equal(worse, degraded(x, torch_generator(2, "test")))
    assert worse.shape == x.shape
    assert worse.abs().max() <= 1
    assert (worse[0] - worse[1]).abs().max() > 0.05
    edges = (worse[..., 1:] - worse[..., :-1]).abs().mean(dim=(1, 2, 3))
    assert edges.max() > 2 * edges.min()  # some are blurred, others noisy
    likeness = np.corrcoef(worse.flatten(1).numpy(), x[0].flatten().numpy())[-1, :-1]
    assert likeness.mean() > 0.4


def test_boxes_of_a_mask_by_hand() -> None:
    mask = np.zeros((8, 16), bool)
    mask[4:6, 2:6] = True  # 8 pixels
    mask[6, 6] = True  # touches its corner
    mask[0, 12:16] = True  # 4 pixels
    mask[7, 0] = True  # a speck
    assert mask_boxes(mask, least=2).tolist() == [
        [12 / 16, 0, 1, 1 / 8],
        [2 / 16, 4 / 8, 7 / 16, 7 / 8],
    ]
    assert len(mask_boxes(mask, least=1)) == 3
    assert mask_boxes(mask, least=5).tolist() == [[2 / 16, 4 / 8, 7 / 16, 7 / 8]]
    assert mask_boxes(np.zeros((8, 8), bool), least=1).shape == (0, 4)


def test_specks_and_growth_against_scipy() -> None:
    masks = np.random.default_rng(0).random((6, 20, 20)) < 0.3
    masks[5] = False
    for mask, cleaned in zip(masks, without_specks(masks, least=4), strict=True):
        parts, count = ndimage.label(mask, structure=np.ones((3, 3)))
        wanted = np.zeros_like(mask)
        for part in range(1, count + 1):
            if (parts == part).sum() >= 4:
                wanted |= parts == part
        assert np.array_equal(cleaned, wanted)
    for mask, larger in zip(masks, grown(masks, 2), strict=True):
        assert np.array_equal(larger, ndimage.binary_dilation(mask, np.ones((5, 5))))


def test_intersection_over_union_by_hand() -> None:
    one = np.zeros((3, 2, 2), bool)
    other = one.copy()
    one[0], other[0] = [[1, 1], [0, 0]], [[1, 0], [1, 0]]
    one[1] = True
    found = intersection_over_union(one, other)
    assert found[0] == pytest.approx(1 / 3)
    assert found[1] == 0
    assert np.isnan(found[2])
