"""repro/data/decode_pool.py: order, bounds in number and bytes, exceptions."""

import threading
import time

import pytest

from repro.data import decode_pool
from repro.data.decode_pool import chunks_in_order


@pytest.mark.parametrize("workers", [1, 3])
def test_results_are_in_order_however_long_each_takes(workers, monkeypatch):
    monkeypatch.setattr(decode_pool, "CHUNK", 2)

    def work(chunk):
        time.sleep(0.002 if chunk[0] % 7 == 0 else 0)
        return [-number for number in chunk]

    results = chunks_in_order(iter(range(200)), work, workers=workers)
    assert [number for chunk in results for number in chunk] == [-n for n in range(200)]


def test_chunks_are_bounded_in_number_and_in_bytes(monkeypatch):
    monkeypatch.setattr(decode_pool, "CHUNK", 4)
    monkeypatch.setattr(decode_pool, "CHUNK_BYTES", 100)
    weights = [10, 10, 10, 10, 10, 90, 10, 200, 60, 30]
    chunks = chunks_in_order(iter(weights), list, workers=2, weight=lambda weight: weight)
    assert list(chunks) == [[10, 10, 10, 10], [10, 90], [10, 200], [60, 30]]
    assert list(chunks_in_order(iter(weights), len, workers=2)) == [4, 4, 2]


def test_few_chunks_are_held_and_an_exception_ends_the_stream(monkeypatch):
    monkeypatch.setattr(decode_pool, "CHUNK", 1)
    taken = []

    def records():
        for number in range(1000):
            taken.append(number)
            yield number

    def work(chunk):
        if chunk == [20]:
            raise RuntimeError("broken")
        return chunk

    seen = []

    def follow():
        for chunk in chunks_in_order(records(), work, workers=2):
            seen.extend(chunk)
            assert len(taken) - len(seen) <= 5

    before = set(threading.enumerate())
    with pytest.raises(RuntimeError, match="broken"):
        follow()
    assert seen == list(range(20))
    assert len(taken) <= 26
    assert set(threading.enumerate()) <= before
