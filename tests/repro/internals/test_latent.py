"""Walks, sums and exemplar selection: hand values and properties."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.internals.latent import (
    along,
    around,
    concept_confidence,
    concept_difference,
    concept_sum,
    interpolate,
    largest_step_share,
    most_confident,
    random_directions,
    step_lengths,
    walk,
)


def test_rows_start_on_the_points_and_leave_the_end_out() -> None:
    points = torch.tensor([[0.0, 0], [10, 20], [10, 0]])
    path = walk(points, steps=10)
    assert path.shape == (2, 10, 2)
    assert path[0, :, 0].tolist() == pytest.approx(list(range(10)))
    assert path[1, :, 1].tolist() == pytest.approx([20, 18, 16, 14, 12, 10, 8, 6, 4, 2])


def test_pixel_arrays_walk_the_same_way() -> None:
    ends = torch.stack([torch.zeros(3, 4, 4), torch.ones(3, 4, 4)])
    assert torch.allclose(walk(ends, steps=4)[0, :, 0, 0, 0], torch.tensor([0, 0.25, 0.5, 0.75]))


def test_spherical_keeps_the_norm_and_linear_does_not() -> None:
    first, last = torch.tensor([[1.0, 0, 0]]), torch.tensor([[0.0, 1, 0]])
    t = torch.linspace(0, 1, 5)
    arc = interpolate(first, last, t, interpolation="spherical")[0]
    assert arc.norm(dim=1).tolist() == pytest.approx([1] * 5)
    assert arc[2].tolist() == pytest.approx([0.5**0.5, 0.5**0.5, 0])
    line = interpolate(first, last, t)[0]
    assert line[2].tolist() == pytest.approx([0.5, 0.5, 0])
    assert torch.allclose(arc[[0, -1]], line[[0, -1]], atol=1e-6)


def test_step_shares_of_even_jumping_and_frozen_paths() -> None:
    even = np.arange(0, 110, 10, dtype=np.uint8)
    jump = np.array([0] * 5 + [200] * 6, np.uint8)
    still = np.full(11, 7, np.uint8)
    frames = np.stack([even, jump, still]).reshape(3, 11, 1, 1, 1).repeat(4, axis=2)
    lengths = step_lengths(frames)
    np.testing.assert_allclose(lengths[0], 20)  # sqrt(4 pixels) * 10
    shares = largest_step_share(lengths)
    assert shares[:2].tolist() == pytest.approx([0.1, 1.0])
    assert np.isnan(shares[2])


def test_sum_of_concepts_by_hand() -> None:
    a = torch.tensor([[[1.0, 0], [3, 0], [5, 0]]])
    b = torch.tensor([[[0.0, 1], [0, 2], [0, 3]]])
    c = torch.tensor([[[10.0, 10]] * 3])
    assert concept_sum(a, b, c).tolist() == [[13, 8]]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 6))
def test_averaging_k_exemplars_divides_the_noise_by_root_k(seed: int, exemplars: int) -> None:
    """Of independent vectors: the reason why three are steadier than one (§6.3.2)."""
    source = torch.Generator().manual_seed(seed)
    parts = [torch.randn(400, exemplars, 20, generator=source) for _ in range(3)]
    spread = concept_sum(*parts).std().item()
    assert spread == pytest.approx((3 / exemplars) ** 0.5, rel=0.08)


def test_random_directions_keep_length_and_forget_direction() -> None:
    like = torch.randn(500, 50, generator=torch.Generator().manual_seed(0)) * 3
    drawn = random_directions(like, seed=1, purpose="test")
    assert torch.allclose(drawn.norm(dim=1), like.norm(dim=1), rtol=1e-4)
    cosine = torch.nn.functional.cosine_similarity(drawn, like)
    assert abs(cosine.mean().item()) < 0.03  # sd 1/sqrt(50*500) = 0.006
    assert torch.equal(drawn, random_directions(like, seed=1, purpose="test"))
    assert not torch.equal(drawn, random_directions(like, seed=2, purpose="test"))


def test_neighbours_fill_the_box_and_stay_inside() -> None:
    centre = torch.tensor([1.0, -2, 0])
    near = around(centre, count=4000, scale=0.25, seed=1, purpose="test") - centre
    assert near.abs().max() <= 0.25 + 1e-6
    assert near.mean(dim=0).abs().max() < 0.02
    assert near.std(dim=0).tolist() == pytest.approx([0.25 / 3**0.5] * 3, rel=0.05)


def test_confidence_is_the_product_over_wanted_attributes() -> None:
    probabilities = np.array([[0.9, 0.2, 0.5], [0.5, 0.5, 0.5]])
    assert concept_confidence(probabilities, {0: 1, 1: 0}).tolist() == pytest.approx([0.72, 0.25])
    assert concept_confidence(probabilities, {}).tolist() == [1, 1]


def test_most_confident_is_best_first_with_ties_in_order() -> None:
    assert most_confident(np.array([0.1, 0.9, 0.5, 0.9]), 3).tolist() == [1, 3, 2]


def test_difference_of_concepts_by_hand() -> None:
    left, right = torch.tensor([[1.0, 0], [3, 0]]), torch.tensor([[0.0, 4], [0, 6], [0, 8]])
    assert concept_difference(left, right).tolist() == [-2, 6]


def test_steps_along_a_vector_leave_the_middle_alone() -> None:
    points = torch.tensor([[0.1, 0.7], [3, 5]])
    z = along(points, torch.tensor([10.0, -20]), steps=11, reach=0.5)
    assert z.shape == (2, 11, 2)
    assert torch.equal(z[:, 5], points)  # exactly
    assert z[1, 0].tolist() == pytest.approx([-2, 15])
    assert z[1, -1].tolist() == pytest.approx([8, -5])
    steps = z[1].diff(dim=0)
    assert torch.allclose(steps, steps[:1].expand_as(steps), atol=1e-6)
    own = along(points, torch.tensor([[1.0, 0], [0, 1]]), steps=3, reach=1)
    assert own[:, 2].tolist() == [[pytest.approx(1.1), pytest.approx(0.7)], [3, 6]]
