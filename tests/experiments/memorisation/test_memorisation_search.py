"""The lookup among training images: exact, and in memory that does not grow with them."""

import tracemalloc
from pathlib import Path

import numpy as np
from planted_blobs import pictures

from experiments.memorisation.search import Queries, look_up
from repro.data.store import ImageStore
from repro.quality.neighbours import nearest_rows
from repro.quality.training_images import BLOCK


def test_memory_does_not_grow_with_the_training_images(tmp_path: Path, make_dataset) -> None:
    """Twelve times the images: peak memory grows by less than one block of them."""
    store = ImageStore.open(make_dataset(pictures(200, 0)))
    peaks = []
    for count in (2 * BLOCK, 24 * BLOCK):
        rows = np.arange(count) % 200  # one row repeated: only what stays in memory counts
        images = {"samples": pictures(20, 1)}
        queries = Queries(images, {"samples": np.full(20, -1)})
        tracemalloc.start()
        look_up(lambda x: x.reshape(len(x), -1), queries, store, rows, mirrored=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    block = BLOCK * 16 * 16 * 3
    assert peaks[0] > block  # the measure sees blocks
    assert peaks[1] - peaks[0] < block


def test_the_search_in_blocks_is_that_of_all_at_once(make_dataset) -> None:
    store = ImageStore.open(make_dataset(pictures(2500, 0)))
    rows = np.arange(1, 2500)
    queries = Queries({"samples": pictures(9, 1)}, {"samples": np.full(9, -1)})
    found = look_up(lambda x: x.reshape(len(x), -1), queries, store, rows, mirrored=False)
    distances, places = nearest_rows(
        queries.images["samples"].reshape(9, -1), store.images[rows].reshape(len(rows), -1), k=10
    )
    np.testing.assert_array_equal(found["samples"].places, places)
    np.testing.assert_allclose(found["samples"].distances, distances)
