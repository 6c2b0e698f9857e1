"""Differentiable augmentation against changes made by hand, image by image."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.train.diff_augment import DRAWS, USES, diff_augmented, drawn_changes

ALL = ("colour", "translation", "cutout")
MIDDLE = 0.5  # the draw that changes nothing of the colours


def images(n: int, *, channels: int = 3, side: int = 16, seed: int = 0) -> torch.Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.rand(n, channels, side, side, generator=source) * 2 - 1


def draws(n: int, **columns: float) -> torch.Tensor:
    """Draws that change nothing of the colours, but for the columns given by name."""
    names = ("brightness", "saturation", "contrast", "down", "right", "hole_down", "hole_right")
    u = torch.full((n, DRAWS), MIDDLE)
    for name, value in columns.items():
        u[:, names.index(name)] = value
    return u


def test_nothing_is_changed_without_kinds_or_by_the_middle_draw() -> None:
    x = images(3)
    assert diff_augmented(x, torch.rand(3, DRAWS), ()) is x
    torch.testing.assert_close(diff_augmented(x, draws(3), ("colour", "translation")), x)


@pytest.mark.parametrize(("u", "expected"), [(0.0, -0.5), (0.75, 0.25)])
def test_brightness_is_added(u: float, expected: float) -> None:
    x = images(2)
    torch.testing.assert_close(diff_augmented(x, draws(2, brightness=u), ("colour",)), x + expected)


def test_no_saturation_is_the_mean_of_the_colours_and_contrast_a_factor_around_the_mean() -> None:
    x = images(2)
    grey = diff_augmented(x, draws(2, saturation=0), ("colour",))
    torch.testing.assert_close(grey, x.mean(1, keepdim=True).expand_as(x))
    flat = diff_augmented(x, draws(2, contrast=0), ("colour",))
    mean = x.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(flat, mean + 0.5 * (x - mean))


@settings(max_examples=30, deadline=None)
@given(down=st.floats(0, 0.9999), right=st.floats(0, 0.9999), side=st.sampled_from([8, 16, 28]))
def test_a_translation_moves_whole_pixels_and_lets_zeros_in(
    down: float, right: float, side: int
) -> None:
    x = images(1, side=side)
    most = int(side / 8 + 0.5)
    dy = int(np.float32(down) * np.float32(2 * most + 1)) - most
    dx = int(np.float32(right) * np.float32(2 * most + 1)) - most
    expected = np.zeros_like(x.numpy())
    for row in range(side):
        for column in range(side):
            if 0 <= row + dy < side and 0 <= column + dx < side:
                expected[..., row, column] = x[..., row + dy, column + dx].numpy()
    moved = diff_augmented(x, draws(1, down=down, right=right), ("translation",))
    np.testing.assert_array_equal(moved.numpy(), expected)


def test_all_translations_up_to_an_eighth_are_equally_frequent() -> None:
    u = torch.linspace(0, 1 - 1e-6, 5000)
    x = torch.zeros(5000, 1, 16, 16)
    x[:, :, 8, 8] = 1
    many = draws(5000)
    many[:, 3] = u
    rows = diff_augmented(x, many, ("translation",)).amax((1, 3)).argmax(1)
    found, counts = np.unique(rows.numpy(), return_counts=True)
    assert found.tolist() == [6, 7, 8, 9, 10]
    assert np.ptp(counts) <= 2


def test_the_hole_is_a_square_of_half_the_side_that_may_stick_out() -> None:
    x = torch.ones(3, 1, 16, 16)
    u = torch.cat([draws(1), draws(1, hole_down=0, hole_right=0), draws(1, hole_down=0)])
    cut = diff_augmented(x, u, ("cutout",)) == 0
    assert cut.sum((1, 2, 3)).tolist() == [64, 16, 32]
    assert cut[0, 0, 4:12, 4:12].all()
    assert cut[1, 0, :4, :4].all()


@pytest.mark.slow
def test_gradients_pass_through_every_change() -> None:
    x = images(2, side=8).double().requires_grad_()
    u = torch.rand(2, DRAWS, generator=torch.Generator().manual_seed(1))
    assert torch.autograd.gradcheck(lambda x: diff_augmented(x, u.double(), ALL), x)


def test_draws_do_not_depend_on_the_other_places_and_differ_by_use_and_minibatch() -> None:
    whole = drawn_changes(seed=1, minibatch=5, places=np.arange(6))
    part = drawn_changes(seed=1, minibatch=5, places=np.arange(4, 6))
    assert whole.shape == (USES, 6, DRAWS)
    torch.testing.assert_close(part, whole[:, 4:], rtol=0, atol=0)
    assert not torch.equal(whole[0], whole[1])
    assert not torch.equal(whole, drawn_changes(seed=1, minibatch=6, places=np.arange(6)))
