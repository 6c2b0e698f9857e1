"""Nearest neighbours against direct distances and scikit-learn, in any blocks and any order."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from repro.quality import neighbours
from repro.quality.neighbours import Nearest, nearest_rows


def by_definition(
    queries: np.ndarray, references: np.ndarray, k: int, exclude: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """All squared distances from differences, sorted by (distance, index)."""
    q, r = (x.reshape(len(x), -1).astype(np.float64) for x in (queries, references))
    squared = np.square(q[:, None] - r[None]).sum(axis=2)
    if exclude is not None:
        there = exclude >= 0
        squared[np.flatnonzero(there), exclude[there]] = np.inf
    order = np.argsort(squared, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(squared, order, axis=1), order


def pixels(n: int, width: int, seed: int, levels: int = 256) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, levels, (n, width), dtype=np.uint8)


@given(
    seed=st.integers(0, 1000),
    levels=st.sampled_from([2, 4, 256]),
    k=st.integers(1, 4),
    cuts=st.lists(st.integers(1, 59), max_size=4),
    as_float=st.booleans(),
)
@settings(max_examples=40)
def test_any_blocks_in_any_order_with_ties(
    seed: int, levels: int, k: int, cuts: list[int], as_float: bool
) -> None:
    """Two levels of few pixels make many equal distances: the lowest index must win."""
    queries, references = pixels(25, 5, seed, levels), pixels(60, 5, seed + 1, levels)
    if as_float:
        queries, references = queries.astype(np.float32), references.astype(np.float32)
    found = Nearest(queries, k)
    edges = sorted({0, 60, *cuts})
    blocks = list(pairwise(edges))
    for i in np.random.default_rng(seed).permutation(len(blocks)):
        found.see(references[slice(*blocks[i])], blocks[i][0])
    squared, indices = by_definition(queries, references, k)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_array_equal(found.squared, squared)
    assert found.seen == 60


def test_tiles_and_the_tightened_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tiles; references that come nearer and nearer make most of each tile a candidate."""
    monkeypatch.setattr(neighbours, "QUERY_ROWS", 16)
    monkeypatch.setattr(neighbours, "BLOCK_ROWS", 64)
    source = np.random.default_rng(0)
    queries = source.normal(size=(50, 40)).astype(np.float32)
    shrinking = np.linspace(30, 0.5, 700)[:, None]
    references = (source.normal(size=(700, 40)) * shrinking).astype(np.float32)
    distances, indices = nearest_rows(queries, references, k=3)
    squared, expected = by_definition(queries, references, 3)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(distances, np.sqrt(squared), rtol=1e-12)


@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_equals_scikit_learn(kind: str) -> None:
    source = np.random.default_rng(3)
    if kind == "uint8":
        queries, references = pixels(200, 300, 1), pixels(3000, 300, 2)
    else:
        queries, references = (source.normal(size=(n, 300)).astype(np.float32) for n in (200, 3000))
    expected = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(references.astype(float))
    distances, indices = expected.kneighbors(queries.astype(float))
    found = nearest_rows(queries, references, k=5)
    np.testing.assert_array_equal(found[1], indices)
    np.testing.assert_allclose(found[0], distances, rtol=1e-9)


def test_digits_that_float32_loses() -> None:
    """Differences far below the rounding of the norms; the plain expansion takes the wrong one."""
    source = np.random.default_rng(5)
    queries = (1000 + source.normal(size=(40, 64))).astype(np.float32)
    near = queries[source.integers(0, 40, 500)] + source.normal(size=(500, 64)) * 1e-3
    far = -1000 + source.normal(size=(500, 64))
    references = np.concatenate([near, far]).astype(np.float32)
    expanded = (references**2).sum(axis=1) - 2 * queries @ references.T
    squared, expected = by_definition(queries, references, 1)
    assert (expanded.argmin(axis=1) != expected[:, 0]).any()  # the fault is there to be caught
    distances, indices = nearest_rows(queries, references)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(distances, np.sqrt(squared), rtol=1e-12)


def test_uint8_pictures_of_wide_rows_are_exact() -> None:
    """12,288 pixels: sums pass 2^24, the last whole number float32 counts to."""
    references = pixels(300, 64 * 64 * 3, 0).reshape(300, 64, 64, 3)
    queries = references[:8].copy()
    queries[:, 0, 0, 0] ^= 1  # one grey level from its original
    references[100] = references[3]
    squared, expected = by_definition(queries, references, 2)
    distances, indices = nearest_rows(queries, references, k=2)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_array_equal(distances, np.sqrt(squared))
    np.testing.assert_array_equal(indices[3], [3, 100])
    assert (distances[:, 0] == 1).all()


def test_leave_one_out() -> None:
    """Own row excluded, an exact duplicate still found."""
    references = pixels(200, 12, 7)
    references[150] = references[10]
    own = np.union1d(np.arange(0, 200, 3), [10, 150])
    distances, indices = nearest_rows(references[own], references, k=2, exclude=own)
    squared, expected = by_definition(references[own], references, 2, own)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_array_equal(distances, np.sqrt(squared))
    of_ten = int(np.flatnonzero(own == 10)[0])
    assert indices[of_ten, 0] == 150
    assert distances[of_ten, 0] == 0


def test_fewer_references_than_neighbours() -> None:
    references = pixels(2, 6, 0)
    found = Nearest(pixels(4, 6, 1), k=3, exclude=np.array([-1, 0, 1, -1]))
    assert np.isinf(found.distances).all()
    found.see(references[:1], 0)
    found.see(references[1:])
    assert (found.indices >= 0).sum(axis=1).tolist() == [2, 1, 1, 2]
    assert found.indices[1].tolist() == [1, -1, -1]
    assert np.isinf(found.distances[found.indices < 0]).all()


def test_state_continues_where_it_was() -> None:
    queries, references = pixels(30, 20, 0), pixels(100, 20, 1)
    first = Nearest(queries, k=2)
    first.see(references[:40])
    state = first.state()
    first.see(references[40:])
    second = Nearest(queries, k=2)
    second.restore(state)
    second.see(references[40:])
    np.testing.assert_array_equal(second.indices, first.indices)
    np.testing.assert_array_equal(second.squared, first.squared)
    assert second.seen == 100
    with pytest.raises(ValueError, match="state is of"):
        Nearest(queries, k=3).restore(state)


def test_lowered_precision_elsewhere_does_not_reach_it() -> None:
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        queries, references = pixels(64, 256, 0), pixels(512, 256, 1)
        _, indices = nearest_rows(queries, references)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
    np.testing.assert_array_equal(indices, by_definition(queries, references, 1)[1])


def test_refusals_name_what_was_found() -> None:
    queries = np.zeros((3, 4), np.float32)
    with pytest.raises(ValueError, match="k must be at least 1, found 0"):
        Nearest(queries, k=0)
    with pytest.raises(ValueError, match="float64"):
        Nearest(queries.astype(np.float64))
    with pytest.raises(ValueError, match=r"exclude is \(2,\), not \(3,\)"):
        Nearest(queries, exclude=np.zeros(2, int))
    with pytest.raises(ValueError, match=r"float32, 4 wide.*uint8, 5 wide"):
        Nearest(queries).see(np.zeros((2, 5), np.uint8))
    with pytest.raises(ValueError, match="references hold NaN"):
        Nearest(queries).see(np.full((2, 4), np.nan, np.float32))


def test_a_block_that_is_refused_leaves_nothing_behind() -> None:
    source = np.random.default_rng(5)
    queries, block = (source.random((n, 4), np.float32) for n in (3, 9000))
    torn = block.copy()
    torn[8000, 2] = np.inf
    found = Nearest(queries, 2)
    with pytest.raises(ValueError, match="references hold NaN"):
        found.see(torn)
    found.see(block[:0])
    assert found.seen == 0
    found.see(block)
    np.testing.assert_array_equal(found.indices, nearest_rows(queries, block, k=2)[1])
    assert (found.indices[:, 0] != found.indices[:, 1]).all()
