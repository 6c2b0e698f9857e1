"""Perceptual codes against imagehash itself, and what they forgive."""

import imagehash
import numpy as np
import pytest
from PIL import Image

from repro.dedup.hamming_search import hamming
from repro.dedup.perceptual import METHODS, perceptual_code, perceptual_codes

ORACLES = {
    "ahash": imagehash.average_hash,
    "dhash": imagehash.dhash,
    "phash": imagehash.phash,
    "whash": imagehash.whash,
}


def soft(n: int, seed: int, side: int = 64, channels: int = 3) -> np.ndarray:
    """n coarse pictures, (n, side, side, channels) uint8."""
    coarse = np.random.default_rng(seed).integers(0, 256, (n, 8, 8, channels), np.uint8)
    return coarse.repeat(side // 8, axis=1).repeat(side // 8, axis=2)


@pytest.mark.parametrize("method", ORACLES)
def test_bits_are_imagehashs(method: str) -> None:
    images = soft(6, seed=1)
    codes = perceptual_codes(images, method)
    assert codes.shape == (6, 8)
    for image, code in zip(images, codes, strict=True):
        oracle = ORACLES[method](Image.fromarray(image), hash_size=8)
        assert np.packbits(oracle.hash).tobytes() == code.tobytes()


def test_grey_pictures_have_the_code_of_their_colour_twins() -> None:
    grey = soft(3, seed=2, channels=1)
    for method in ORACLES:
        assert np.array_equal(
            perceptual_codes(grey, method), perceptual_codes(grey.repeat(3, axis=3), method)
        )


def test_hashes_forgive_a_little_noise_but_not_another_picture() -> None:
    one, other = soft(2, seed=3)
    noisy = one.copy()
    noisy[::7, ::5] ^= 1
    for method in ORACLES:
        codes = perceptual_codes(np.stack([one, noisy, other]), method)
        assert hamming(codes[:1], codes[1:2])[0] <= 2, method
        assert hamming(codes[:1], codes[2:])[0] > 10, method


def test_equal_pixels_and_only_those_have_equal_checksums() -> None:
    images = soft(4, seed=4)
    images[2] = images[0]
    images[3] = images[0]
    images[3, 5, 5, 1] ^= 1
    codes = perceptual_codes(images, "pixels")
    assert codes.shape == (4, 16)
    equal = (codes[:, None] == codes[None]).all(axis=2)
    expected = np.eye(4, dtype=bool)
    expected[0, 2] = expected[2, 0] = True
    assert np.array_equal(equal, expected)


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(ValueError, match=f"no hash 'xhash'; there are {', '.join(METHODS)}"):
        perceptual_code(soft(1, seed=5)[0], "xhash")
