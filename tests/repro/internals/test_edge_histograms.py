"""Shapes: directions by hand, and what the descriptor must and must not depend on."""

import numpy as np
import pytest

from repro.internals.edge_histograms import CELLS, DIRECTIONS, edges, shapes
from repro.internals.guided_backprop import likeness
from repro.networks.layer_shapes import ReceptiveField

WHOLE = ReceptiveField(size=32, stride=16, offset=0)  # unit 0 sees a whole 32-pixel picture


def ramp(angle: float) -> np.ndarray:
    """A picture that grows lighter in one direction, radians from "to the right"."""
    down, right = np.indices((32, 32))
    grey = 128 + 3 * (np.cos(angle) * (right - 16) + np.sin(angle) * (down - 16))
    return np.repeat(grey[None, :, :, None], 3, axis=3).round().clip(0, 255).astype(np.uint8)


def square(*, top: int, left: int, colour: int = 255, ground: int = 0) -> np.ndarray:
    made = np.full((1, 32, 32, 3), ground, np.uint8)
    made[0, top : top + 10, left : left + 10] = colour
    return made


def described(*pictures: np.ndarray) -> np.ndarray:
    images = np.concatenate(pictures)
    nothing = np.zeros(len(images), int)
    return shapes(
        edges(images), WHOLE, images=np.arange(len(images)), rows=nothing, columns=nothing
    )


@pytest.mark.parametrize("turn", range(2 * DIRECTIONS))
def test_a_ramp_has_its_own_direction_and_no_other(turn: int) -> None:
    made = described(ramp(np.pi * turn / DIRECTIONS)).reshape(CELLS, CELLS, DIRECTIONS)
    parts = made.sum(axis=(0, 1)) / made.sum()
    assert parts.argmax() == turn % DIRECTIONS  # opposite ramps are one
    assert parts.max() > 0.8


def test_strength_by_hand() -> None:
    images = np.zeros((1, 5, 5, 3), np.uint8)
    images[0, :, 3:] = 60
    strength, direction = edges(images)
    assert strength[0, 2].tolist() == [0, 0, 30, 30, 0]  # the frame has none
    assert direction[0, 2, 2] == 0
    assert not strength[0, [0, -1]].any()


def test_colour_contrast_and_sign_are_not_heard_but_place_is() -> None:
    plain = square(top=4, left=4)
    faint = square(top=4, left=4, colour=140, ground=120)
    dark = square(top=4, left=4, colour=0, ground=255)
    assert likeness(described(plain, faint, dark)) == pytest.approx(1)
    upright, level = np.zeros((2, 1, 32, 32, 3), np.uint8)
    upright[0, :, 14:18] = level[0, 14:18] = 200
    assert likeness(described(upright, level)) < 0.3
    shifted, far = square(top=5, left=4), square(top=19, left=19)
    assert likeness(described(plain, shifted)) > 0.8
    assert likeness(described(plain, far)) < 0.3


def test_a_flat_patch_has_no_shape() -> None:
    assert not described(square(top=0, left=0, colour=9, ground=9)).any()


def test_cells_stay_in_place_where_the_field_leaves_the_image() -> None:
    """A field that begins 16 pixels outside has the picture's corner in its last quarter."""
    field = ReceptiveField(size=32, stride=16, offset=-16)
    found = edges(ramp(0))
    zero = np.zeros(1, int)
    made = shapes(found, field, images=zero, rows=zero, columns=zero)
    made = made.reshape(CELLS, CELLS, DIRECTIONS).sum(axis=2)
    assert not made[:2].any()
    assert not made[:, :2].any()
    assert (made[2:, 2:] > 0).all()
