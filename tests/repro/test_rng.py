"""Draws are functions of (seed, purpose, index) and have the distributions they are named for."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from repro import rng


@given(st.integers(0, 2**40), st.text(max_size=20), st.integers(0, 2**40))
def test_a_stream_depends_on_its_name_alone(seed: int, purpose: str, index: int) -> None:
    first = rng.latents(4, 3, seed=seed, purpose=purpose, index=index)
    torch.rand(100)  # the global state of PyTorch must not matter
    assert torch.equal(first, rng.latents(4, 3, seed=seed, purpose=purpose, index=index))
    assert not torch.equal(first, rng.latents(4, 3, seed=seed, purpose=purpose, index=index + 1))
    assert not torch.equal(first, rng.latents(4, 3, seed=seed + 1, purpose=purpose, index=index))


def test_neighbouring_names_do_not_share_a_stream() -> None:
    keys = {rng.stream_key(s, p, i) for s in (1, 11) for p in ("a", "a1") for i in (0, 1, 11)}
    assert len(keys) == 12


def test_stream_key_is_blake2b_of_the_three_parts() -> None:
    import hashlib

    digest = hashlib.blake2b(b"42\x00z\x007", digest_size=16).digest()
    assert rng.stream_key(42, "z", 7) == sum(b << (8 * i) for i, b in enumerate(digest))


def test_latents_have_their_distribution() -> None:
    uniform = rng.latents(200, 100, seed=1, purpose="z").numpy().ravel()
    normal = rng.latents(200, 100, seed=1, purpose="z", distribution="normal").numpy().ravel()
    assert stats.kstest(uniform, stats.uniform(-1, 2).cdf).pvalue > 1e-3
    assert stats.kstest(normal, stats.norm.cdf).pvalue > 1e-3


def test_weights_have_a_seed_for_every_seed_purpose_and_index() -> None:
    seeds = {rng.weights_seed(s, p, i) for s in (0, 1) for p in ("a", "b") for i in range(5)}
    assert len(seeds) == 20
    assert all(0 <= one < 2**31 for one in seeds)
    # of a published network of Table 1
    assert rng.weights_seed(42, "cifar10 svm, random D", 1) == 153_643_465


def test_shuffles_are_permutations_that_differ_by_epoch() -> None:
    first = rng.shuffled(50, seed=1, purpose="order", index=0)
    second = rng.shuffled(50, seed=1, purpose="order", index=1)
    assert sorted(first) == sorted(second) == list(range(50))
    assert not np.array_equal(first, second)
