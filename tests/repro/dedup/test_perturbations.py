"""Perturbations against their definitions: sizes, ratios, deviations, scipy's blur."""

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from repro.data.images import decode
from repro.dedup.perturbations import (
    FRESH_KINDS,
    KINDS,
    STRENGTHS,
    near_copy,
    perturbations,
    perturbed,
)

MIDDLE = np.full((120, 160, 3), 128, np.uint8)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    """Soft colours with some edges, 256 x 300."""
    noise = rng(5).normal(128, 400, (256, 300, 3))
    smooth = gaussian_filter(noise, (4, 4, 0))
    smooth[30:60, 20:70] += 60
    return np.clip(smooth, 20, 235).astype(np.uint8)


def error(photo: np.ndarray, kind: str, strength: float) -> float:
    """Mean distance in grey levels of a copy of the same size."""
    copy = decode(near_copy(photo, kind=kind, strength=strength, rng=rng()))
    return float(np.abs(copy.astype(float) - photo).mean())


def test_every_kind_and_strength_gives_a_jpeg_and_the_same_each_time(photo: np.ndarray) -> None:
    assert len(perturbations()) == sum(map(len, STRENGTHS.values())) == 25
    assert len(perturbations(fresh=True)) == 21
    assert not set(KINDS) & set(FRESH_KINDS)
    seen = set()
    for kind, strength in perturbations() + perturbations(fresh=True):
        one, again = (near_copy(photo, kind=kind, strength=strength, rng=rng(3)) for _ in range(2))
        assert one == again
        assert decode(one).shape[2] == 3
        seen.add(one)
    assert len(seen) == 25 + 21


def test_lower_jpeg_quality_is_smaller_and_further_from_the_original(photo: np.ndarray) -> None:
    sizes = [
        len(near_copy(photo, kind="recompress", strength=s, rng=rng())) for s in (30, 50, 75, 95)
    ]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 4
    errors = [error(photo, "recompress", s) for s in (95, 75, 50, 30)]
    assert errors == sorted(errors)


@pytest.mark.parametrize("kind", ["brightness", "noise", "blur"])
def test_stronger_is_further_from_the_original(photo: np.ndarray, kind: str) -> None:
    directions = [[0.85, 0.7], [1.15, 1.3]] if kind == "brightness" else [sorted(STRENGTHS[kind])]
    for weakest_first in directions:
        errors = [error(photo, kind, strength) for strength in weakest_first]
        assert errors == sorted(errors)
        assert len(set(errors)) == len(errors)


@pytest.mark.parametrize(("factor", "size"), [(0.5, (60, 80)), (0.71, (85, 114)), (2, (240, 320))])
def test_rescaled_sides(factor: float, size: tuple[int, int]) -> None:
    made = perturbed(MIDDLE, kind="rescale", strength=factor, rng=rng())
    assert made.shape[:2] == size
    assert (made == 128).all()


def test_a_crop_is_a_part_of_the_picture_anywhere_in_it() -> None:
    rows, columns = np.mgrid[0:100, 0:200]
    picture = np.stack([rows, columns, rows], axis=2).astype(np.uint8)
    corners = set()
    for seed in range(200):
        made = perturbed(picture, kind="crop", strength=0.05, rng=rng(seed))
        assert made.shape == (95, 190, 3)
        top, left = int(made[0, 0, 0]), int(made[0, 0, 1])
        assert np.array_equal(made, picture[top : top + 95, left : left + 190])
        corners.add((top, left))
    assert {top for top, _ in corners} == set(range(6))  # 5 rows in all are cut off
    assert {left for _, left in corners} == set(range(11))


def test_brightness_is_a_factor_clipped_at_white() -> None:
    assert (perturbed(MIDDLE, kind="brightness", strength=0.75, rng=rng()) == 96).all()
    bright = perturbed(MIDDLE + 100, kind="brightness", strength=1.3, rng=rng())
    assert (bright == 255).all()


def test_noise_has_the_stated_deviation_and_differs_by_value() -> None:
    for deviation in (2, 10, 20):
        noise = perturbed(MIDDLE, kind="noise", strength=deviation, rng=rng()).astype(float) - 128
        assert noise.std() == pytest.approx(deviation, rel=0.03)
        assert abs(noise.mean()) < 0.05 * deviation
        assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.03


@pytest.mark.parametrize("side", [256, 128])
def test_blur_is_scipys_at_a_deviation_that_follows_the_size(side: int) -> None:
    picture = rng(2).integers(0, 256, (side, side + 30, 3)).astype(np.uint8)
    made = perturbed(picture, kind="blur", strength=2, rng=rng())
    expected = gaussian_filter(picture.astype(float), (2 * side / 256,) * 2 + (0,), mode="mirror")
    assert np.abs(made - expected).mean() < 0.7
    wrong = gaussian_filter(picture.astype(float), (3 * side / 256,) * 2 + (0,), mode="mirror")
    assert np.abs(made - wrong).mean() > 2


def test_mirrored_twice_is_the_picture(photo: np.ndarray) -> None:
    once = perturbed(photo, kind="mirror", strength=1, rng=rng())
    assert np.array_equal(once[:, 0], photo[:, -1])
    assert np.array_equal(perturbed(once, kind="mirror", strength=1, rng=rng()), photo)


def test_contrast_is_a_factor_around_the_mean(photo: np.ndarray) -> None:
    made = perturbed(photo, kind="contrast", strength=0.7, rng=rng()).astype(float)
    assert made.mean() == pytest.approx(photo.mean(), abs=0.1)
    assert made.std() == pytest.approx(0.7 * photo.std(), rel=0.01)
    stripes = np.tile(np.array([10, 240], np.uint8)[:, None, None], (30, 40, 3))
    assert set(np.unique(perturbed(stripes, kind="contrast", strength=1.3, rng=rng()))) == {0, 255}


def test_grey_is_pillows_luma(photo: np.ndarray) -> None:
    made = perturbed(photo, kind="grey", strength=1, rng=rng())
    luma = np.asarray(Image.fromarray(photo).convert("L"), int)
    assert np.abs(made - luma[..., None]).max() <= 1


def test_warmth_moves_red_and_blue_apart() -> None:
    made = perturbed(MIDDLE, kind="warmth", strength=1.25, rng=rng())
    assert (made == [160, 128, 102]).all()  # 128 * 1.25; 128; 128 / 1.25 = 102.4


def test_sharpening_adds_what_blur_takes_away(photo: np.ndarray) -> None:
    soft = perturbed(photo, kind="blur", strength=1, rng=rng()).astype(float)
    made = perturbed(photo, kind="sharpen", strength=0.5, rng=rng())
    assert np.abs(made - (photo + 0.5 * (photo - soft))).max() <= 0.5


def test_a_caption_covers_its_share_and_nothing_else(photo: np.ndarray) -> None:
    made = perturbed(photo, kind="caption", strength=0.1, rng=rng())
    assert np.array_equal(made[:-26], photo[:-26])  # of 256 rows
    bar = made[-26:]
    assert (bar == 0).mean() > 0.5
    assert (bar > 200).sum() > 100  # words


def test_a_frame_is_white_and_the_picture_whole(photo: np.ndarray) -> None:
    made = perturbed(photo, kind="frame", strength=0.05, rng=rng())
    assert made.shape == (256 + 2 * 13, 300 + 2 * 13, 3)
    assert np.array_equal(made[13:-13, 13:-13], photo)
    assert (made[:13] == 255).all()
    assert (made[:, -13:] == 255).all()


@pytest.mark.parametrize("shape", [(200, 300), (300, 200), (200, 200)])
def test_a_rotation_turns_lines_by_its_angle_and_leaves_no_corner_empty(
    shape: tuple[int, int],
) -> None:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    inside = (rows >= 3) & (rows < shape[0] - 3) & (columns >= 3) & (columns < shape[1] - 3)
    framed = np.where(inside[..., None], np.uint8(100), np.uint8(255)).repeat(3, axis=2)
    corners = perturbed(framed, kind="rotate", strength=5, rng=rng()) > 200
    assert corners.mean() < 0.025  # the frame is touched, not left: outside all would be 255
    ramp = (60 + rows * (120 / shape[0])).astype(np.float32)
    picture = np.repeat(ramp[..., None], 3, axis=2).astype(np.uint8)
    turned = []
    for seed in range(8):
        made = perturbed(picture, kind="rotate", strength=5, rng=rng(seed)).astype(float)[..., 0]
        down, right = (np.gradient(made, axis=axis)[60:-60, 60:-60].mean() for axis in (0, 1))
        turned.append(round(np.rad2deg(np.arctan2(right, down))))
    assert set(turned) == {-5, 5}


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match=f"'swirl'; there are {', '.join(KINDS + FRESH_KINDS)}"):
        near_copy(MIDDLE, kind="swirl", strength=1, rng=rng())
