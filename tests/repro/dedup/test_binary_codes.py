"""Grouping against a dictionary, packing by hand, and health on codes of known selectivity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from repro.dedup.binary_codes import (
    code_health,
    effective_bits,
    first_with_same_code,
    group_sizes,
    pack,
)


def by_dictionary(codes: np.ndarray) -> list[int]:
    seen: dict[bytes, int] = {}
    return [seen.setdefault(code.tobytes(), row) for row, code in enumerate(codes)]


# few values in few columns: equal codes, codes differing in one word only, all are drawn often
few = arrays(np.uint8, st.tuples(st.integers(0, 40), st.just(2)), elements=st.integers(0, 2))


@given(few, st.integers(0, 15), st.integers(0, 15))
def test_grouping_equals_a_dictionary(values: np.ndarray, left: int, right: int) -> None:
    codes = np.zeros((len(values), 16), np.uint8)
    codes[:, left] = values[:, 0]
    codes[:, right] += values[:, 1]
    first = first_with_same_code(codes)
    assert first.tolist() == by_dictionary(codes)
    assert group_sizes(first).tolist() == [first.tolist().count(row) for row in first]


def test_the_first_row_stands_for_its_group() -> None:
    codes = np.zeros((5, 16), np.uint8)
    codes[[1, 4], 15] = 7
    assert first_with_same_code(codes).tolist() == [0, 1, 0, 0, 1]


def test_grouping_refuses_what_is_no_code() -> None:
    with pytest.raises(ValueError, match=r"a multiple of 8\), found uint8 \(3, 12\)"):
        first_with_same_code(np.zeros((3, 12), np.uint8))
    with pytest.raises(ValueError, match=r"found int64 \(3, 16\)"):
        first_with_same_code(np.zeros((3, 16), np.int64))


def test_packing_puts_unit_0_into_the_highest_bit() -> None:
    bits = np.zeros((2, 128), bool)
    bits[0, [0, 7, 8]] = True  # by hand: 1000 0001, 1000 0000
    bits[1, 127] = True
    codes = pack(bits)
    assert codes[0].tolist() == [0x81, 0x80, *[0] * 14]
    assert codes[1].tolist() == [*[0] * 15, 1]
    random = np.random.default_rng(0).random((50, 128)) < 0.5
    assert np.array_equal(np.unpackbits(pack(random), axis=1), random)


@pytest.mark.parametrize("independent", [8, 16, 32, 128])
def test_effective_bits_of_repeated_coin_throws(independent: int) -> None:
    throws = np.random.default_rng(1).random((2000, independent)) < 0.5
    codes = pack(np.repeat(throws, 128 // independent, axis=1))
    assert effective_bits(codes) == pytest.approx(independent, rel=0.05)


def test_rarely_active_units_are_not_selective() -> None:
    # 128 independent bits, each on in 1 % of images: two images agree in all with
    # probability (1 - 2 * 0.01 * 0.99) ** 128 = 2 ** -3.7
    bits = np.random.default_rng(2).random((2000, 128)) < 0.01
    assert effective_bits(pack(bits)) == pytest.approx(3.69, rel=0.1)


def test_health_by_hand() -> None:
    bits = np.zeros((8, 128), bool)
    bits[:4, 0] = True  # one fair bit: one bit of entropy
    bits[:, 5] = True  # always on: does not vary
    bits[7, 9] = True  # one in eight: 0.5436 bits
    health = code_health(pack(bits))
    assert (health.count, health.distinct_codes, health.varying_bits) == (8, 3, 2)
    assert health.entropy_bits == pytest.approx(1 + 0.543564, abs=1e-3)
    assert health.largest_groups == [4, 3, 1]


def test_chance_pairs_of_coin_throws() -> None:
    """4,000 images with 16 fair bits: 8.0 million pairs, one in 65,536 equal by chance: 122."""
    throws = np.random.default_rng(3).random((4000, 16)) < 0.5
    codes = pack(np.repeat(throws, 8, axis=1))
    health = code_health(codes)
    assert health.chance_pairs == pytest.approx(7_998_000 / 65_536, rel=0.5)
    sizes = np.unique(codes, axis=0, return_counts=True)[1]
    assert (sizes * (sizes - 1) // 2).sum() == pytest.approx(health.chance_pairs, rel=0.6)


def test_a_constant_code_has_no_effective_bits() -> None:
    health = code_health(np.full((10, 16), 255, np.uint8))
    assert (health.varying_bits, health.entropy_bits, health.effective_bits) == (0, 0.0, 0.0)
