"""repro/dedup/views.py: each kind against its definition, on about half of the pictures."""

import numpy as np
import pytest
import torch
from scipy.fft import dctn

from repro.dedup.views import (
    BRIGHTEST,
    COARSEST,
    DARKEST,
    MOST_CROPPED,
    MOST_NOISE,
    MOST_SHIFTED,
    VIEW_KINDS,
    views_of,
)
from repro.rng import torch_generator

N = 400


def drawn(pictures: np.ndarray, *kinds: str, step: int = 0) -> np.ndarray:
    """Views (N, 32, 32, 3) in grey levels."""
    source = torch_generator(3, "views", step)
    return views_of(pictures, source=source, kinds=kinds).numpy().astype(float) * 255


def photos(seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(30, 160, (N, 4, 4, 3), np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def changed(pictures: np.ndarray, *kinds: str) -> np.ndarray:
    return np.abs(drawn(pictures, *kinds) - pictures).max(axis=(1, 2, 3)) > 0.01


def slopes(ramp: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope per pixel and value in the middle of ramps (N, 32, 32, 3), along the columns."""
    inner = ramp[:, 16, 8:24, 0]
    fits = np.polyfit(np.arange(8, 24) - 15.5, inner.T, 1)
    assert np.abs(np.diff(inner, 2, axis=1)).max() < 0.05
    return fits[0], fits[1]


RAMP = np.broadcast_to(
    (np.arange(32) * 6 + 20).astype(np.uint8)[None, None, :, None], (N, 32, 32, 3)
).copy()


def test_without_kinds_nothing_changes() -> None:
    assert np.abs(drawn(photos()) - photos()).max() < 1e-4


@pytest.mark.parametrize("kind", VIEW_KINDS)
def test_about_half_of_the_pictures_change(kind: str) -> None:
    assert changed(photos(), kind).mean() == pytest.approx(0.5, abs=0.1)


def test_a_step_has_its_own_views_and_always_the_same() -> None:
    one, again, other = (drawn(photos(), *VIEW_KINDS, step=step) for step in (5, 5, 6))
    assert np.array_equal(one, again)
    assert np.abs(one - other).mean() > 5


def test_what_is_drawn_for_one_kind_does_not_depend_on_the_others() -> None:
    alone = changed(photos(), "grey")
    together = drawn(photos(), "grey", "brightness", "noise")
    equal_channels = np.ptp(drawn(photos(), "grey", "brightness"), axis=3).max(axis=(1, 2)) < 0.01
    assert np.array_equal(equal_channels, alone)
    assert not np.array_equal(together, drawn(photos(), "grey", "brightness"))


def test_grey_is_the_luma() -> None:
    views, pictures = drawn(photos(), "grey"), photos()
    luma = pictures @ np.array([0.299, 0.587, 0.114])
    grey = changed(pictures, "grey")
    np.testing.assert_allclose(views[grey], np.repeat(luma[grey, ..., None], 3, axis=3), atol=0.01)


def test_brightness_is_one_factor_and_white_is_the_limit() -> None:
    pictures = photos()
    ratio = (drawn(pictures, "brightness") / pictures).reshape(N, -1)
    assert np.ptp(ratio, axis=1).max() < 1e-3
    factors = ratio[changed(pictures, "brightness"), 0]
    assert factors.min() == pytest.approx(DARKEST, abs=0.05)
    assert factors.max() == pytest.approx(BRIGHTEST, abs=0.05)
    assert drawn(np.full_like(pictures, 250), "brightness").max() == pytest.approx(255, abs=1e-3)


def test_a_crop_flattens_a_ramp_by_what_it_cuts_off() -> None:
    slope, middle = slopes(drawn(RAMP, "crop"))
    cut = 1 - slope / 6
    assert cut.min() == pytest.approx(0, abs=1e-3)
    assert cut.max() == pytest.approx(MOST_CROPPED, abs=0.01)
    moved = (middle - (15.5 * 6 + 20)) / 6  # pixels
    assert (np.abs(moved) <= cut * 16 + 0.01).all()  # never beyond the border
    assert np.std(moved[cut > 0.1]) > 0.4


def test_a_shift_keeps_the_slope() -> None:
    slope, middle = slopes(drawn(RAMP, "shift"))
    np.testing.assert_allclose(slope, 6, atol=0.01)
    moved = (middle - (15.5 * 6 + 20)) / 6
    assert np.abs(moved).max() == pytest.approx(MOST_SHIFTED, abs=0.1)
    assert (moved > 0.1).any()
    assert (moved < -0.1).any()


def test_recompression_rounds_the_cosines_of_scipy() -> None:
    pictures = photos(4)
    views = drawn(pictures, "recompress")
    cells = views.reshape(N, 4, 8, 4, 8, 3)
    coefficients = dctn(cells, axes=(2, 4), norm="ortho")
    mean_before = dctn(pictures.reshape(N, 4, 8, 4, 8, 3).astype(float), axes=(2, 4), norm="ortho")
    distance = np.abs(coefficients - mean_before).max(axis=(1, 2, 3, 4, 5))
    assert distance.max() <= COARSEST / 2 + 0.05
    assert distance.max() > COARSEST / 2 - 1
    row = int(distance.argmax())  # its coefficients are multiples of one step
    values = np.unique(np.round(coefficients[row], 1))
    step = min(gap for gap in np.diff(values) if gap > 1)
    assert step == pytest.approx(COARSEST, abs=1)
    remainder = np.abs(values / step - np.round(values / step))
    assert remainder.max() < 0.02 * np.abs(values).max() / step


def test_noise_has_a_deviation_up_to_its_limit() -> None:
    middle = np.full((N, 32, 32, 3), 128, np.uint8)
    deviation = drawn(middle, "noise").std(axis=(1, 2, 3))
    assert deviation.max() == pytest.approx(MOST_NOISE, abs=0.5)
    assert abs(drawn(middle, "noise").mean() - 128) < 0.1


def test_rescaling_loses_detail_and_keeps_the_mean() -> None:
    checks = np.indices((32, 32)).sum(axis=0) % 2 * 200
    pictures = np.broadcast_to(checks[None, :, :, None].astype(np.uint8), (N, 32, 32, 3)).copy()
    rescaled = changed(pictures, "rescale")
    views = drawn(pictures, "rescale")[rescaled]
    assert views.std() < 0.7 * pictures.std()
    assert views.mean() == pytest.approx(100, abs=2)


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match=r"no view \['mirror'\]; there are crop, shift"):
        views_of(photos()[:2], source=torch.Generator(), kinds=("grey", "mirror"))
