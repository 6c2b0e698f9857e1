"""repro/dedup/hamming_search.py against comparing all pairs, and its masks against all
positions."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.dedup.hamming_search import (
    TooManyPairsError,
    covering_masks,
    first_within,
    hamming,
    pairs_within,
)


def correlated_codes(n: int, *, seed: int, width: int = 16) -> np.ndarray:
    """Codes (n, width) uint8: signs of projections of 30 numbers, every fourth row a near-copy."""
    draw = np.random.default_rng(seed)
    points = draw.standard_normal((n, 30)) * np.arange(1, 31) ** -0.5
    copies = np.arange(0, n, 4)
    points[copies] = points[draw.integers(0, n, len(copies))]
    points[copies] += 0.05 * draw.standard_normal((len(copies), 30))
    return np.packbits(points @ draw.standard_normal((30, 8 * width)) > 0, axis=1)


def all_distances(codes: np.ndarray) -> np.ndarray:
    bits = np.unpackbits(codes, axis=1).astype(int)
    return (bits[:, None, :] != bits[None, :, :]).sum(axis=2)


@pytest.mark.parametrize(
    ("radius", "width"),
    [*((radius, 16) for radius in (0, 1, 2, 3, 5, 8, 13, 20)),
     *((radius, width) for width in (8, 24) for radius in (3, 20))],
)  # fmt: skip
def test_pairs_are_those_of_a_full_comparison(radius: int, width: int) -> None:
    codes = correlated_codes(300, seed=radius, width=width)
    i, j = np.nonzero(np.triu(all_distances(codes) <= radius, 1))
    assert np.array_equal(pairs_within(codes, radius=radius), np.stack([i, j], axis=1))
    assert radius < 3 or len(i) > 0


@settings(max_examples=30)
@given(st.integers(2, 40), st.integers(0, 30), st.integers(0, 2**32 - 1))
def test_pairs_of_few_random_codes(n: int, radius: int, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 4, (n, 8), dtype=np.uint8)
    i, j = np.nonzero(np.triu(all_distances(codes) <= radius, 1))
    assert np.array_equal(pairs_within(codes, radius=radius), np.stack([i, j], axis=1))


@pytest.mark.parametrize(("parts", "radius"), [(1, 3), (2, 4), (2, 5), (3, 4), (4, 3), (5, 4)])
def test_some_mask_avoids_any_positions(parts: int, radius: int) -> None:
    masks = covering_masks(bits=16, parts=parts, radius=radius)
    assert len(masks) == parts * (2 ** (radius // parts + 1) - 1)
    assert masks.any(axis=1).all()
    for positions in combinations(range(16), radius):
        assert (~masks[:, positions].any(axis=1)).any()


def test_many_equal_keys_are_compared_in_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = correlated_codes(200, seed=1)
    codes[:, :12] = 0  # few bits left: large runs under every mask
    expected = pairs_within(codes, radius=4)
    monkeypatch.setattr("repro.dedup.hamming_search.ROUND", 7)
    assert np.array_equal(pairs_within(codes, radius=4), expected)


def test_hamming_by_hand() -> None:
    a, b = np.zeros((2, 16), np.uint8), np.zeros((2, 16), np.uint8)
    b[1, [0, 15]] = [0b101, 0xFF]
    assert hamming(a, b).tolist() == [0, 10]


@pytest.mark.parametrize("bits", [256, 300, 576])
def test_long_codes_are_as_far_apart_as_they_are(bits: int) -> None:
    """More than 255 differing bits, which one byte cannot count."""
    code = np.zeros((1, 72), np.uint8)
    other = np.packbits(np.arange(576) < bits)[None]
    assert hamming(code, other).tolist() == [bits]
    both = np.concatenate([code, other])
    assert pairs_within(both, radius=44).tolist() == []
    assert first_within(both, radius=44).tolist() == [0, 1]


def greedy(codes: np.ndarray, radius: int) -> list[int]:
    """The rule in words: take rows in order; out for the earliest kept row within the radius."""
    distance, first = all_distances(codes), []
    for row in range(len(codes)):
        near = [k for k in range(row) if first[k] == k and distance[row, k] <= radius]
        first.append(near[0] if near else row)
    return first


@pytest.mark.parametrize("radius", [1, 4, 12, 30])
def test_groups_are_those_of_the_rule_in_words(radius: int) -> None:
    codes = correlated_codes(150, seed=radius)
    codes = np.concatenate([codes, codes[::3]])  # equal codes as well
    assert first_within(codes, radius=radius).tolist() == greedy(codes, radius)


def test_too_many_pairs_are_refused() -> None:
    with pytest.raises(TooManyPairsError, match="more than 100 pairs of codes lie within 40 bits"):
        pairs_within(correlated_codes(300, seed=0), radius=40, most=100)


@pytest.mark.parametrize("radius", [-1, 128])
def test_a_radius_that_is_none_is_refused(radius: int) -> None:
    with pytest.raises(ValueError, match="a Hamming radius is 0 to 127"):
        pairs_within(correlated_codes(10, seed=0), radius=radius)


def test_no_codes_have_no_pairs() -> None:
    assert pairs_within(np.empty((0, 16), np.uint8), radius=3).shape == (0, 2)
