"""The bench of the streamed nearest neighbours: its digits, what it times, its record."""

import json

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from repro.bench import __main__ as bench
from repro.bench.neighbours import TILE, Digits, Product, searched

CPU = torch.device("cpu")


def test_digits_are_sparse_clustered_and_drawn_by_name() -> None:
    digits = Digits(784)
    rows = digits.rows(300, purpose="test")
    assert (rows.shape, rows.dtype) == ((300, 784), np.float32)
    assert (rows.min(), rows.max()) == (0, 1)
    assert (rows == 0).mean() == pytest.approx(0.8, abs=0.02)
    np.testing.assert_array_equal(rows, Digits(784).rows(300, purpose="test"))
    others = digits.rows(5000, purpose="test", index=1)
    nearest = searched(rows, [others], device=CPU).distances.mean()
    assert nearest < 0.6 * np.linalg.norm(rows - others[:300], axis=1).mean()


def test_what_is_timed_as_ours_finds_what_scikit_learn_finds() -> None:
    digits = Digits(50)  # no square
    queries = digits.rows(60, purpose="queries")
    blocks = [digits.rows(n, purpose="references", index=n) for n in (40, 7, 100)]
    found = searched(queries, iter(blocks), device=CPU)
    brute = NearestNeighbors(n_neighbors=1, algorithm="brute")
    distances, indices = brute.fit(np.concatenate(blocks).astype(float)).kneighbors(queries)
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-6)


def test_what_is_timed_as_the_product_is_the_whole_product() -> None:
    digits = Digits(30)
    queries, block = (digits.rows(n, purpose="test", index=n) for n in (20, TILE + 9))
    product = Product(queries, device=CPU)
    product.of(block[:TILE])()
    whole = product.scores.view(20, TILE).clone()
    np.testing.assert_allclose(whole, queries @ block[:TILE].T, rtol=1e-5, atol=1e-6)
    product.of(block)()  # the last tile, of 9, lies over the first
    last = product.scores[: 20 * 9].view(20, 9)
    np.testing.assert_allclose(last, queries @ block[TILE:].T, rtol=1e-5, atol=1e-6)


def test_record(capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    words = ["--queries=50", "--references=250", "--block=100", "--width=49", "--device=cpu"]
    bench.main(["neighbours", "--threads=1", "--repeats=2", *words])
    torch.set_num_threads(threads)
    record = json.loads(capsys.readouterr().out.splitlines()[-1])
    named = {
        "bench": "neighbours",
        "threads": 1,
        "repeats": 2,
        "unit": "references/s",
        "device": "cpu",
        "n": 250,
        "queries": 50,
        "block": 100,
        "width": 49,
        "target": 0.6,
    }
    assert {key: record[key] for key in named} == named
    for part in (record, record["first_block"]):
        assert part["ours"] > 0
        assert part["ratio"] == pytest.approx(part["ours"] / part["reference"], abs=1e-3)
    tflop = 2 * 50 * 49 / 1e12
    assert record["tflop_per_s"] == pytest.approx(record["ours"] * tflop, abs=1e-4)
    assert record["product_tflop_per_s"] == pytest.approx(record["reference"] * tflop, abs=1e-4)
    assert isinstance(record["peak_mb"], int)
    assert record["peak_mb"] >= record["data_peak_mb"] > 0
    for side in ("ours", "reference"):
        assert record[side] == pytest.approx(np.median(record["runs"][side]), abs=0.11)
