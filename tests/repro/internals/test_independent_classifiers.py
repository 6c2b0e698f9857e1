"""Chooser and judge: parts that share no image, and what each of the two learns from."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from repro.data.store import ImageStore
from repro.internals.attribute_classifier import predict, predict_values
from repro.internals.independent_classifiers import LabelledParts


@pytest.fixture
def store(make_dataset: Callable[..., Path]) -> ImageStore:
    """Grey pictures (120, 8, 8, 1), a value from 0 to 119 each."""
    values = np.arange(120, dtype=np.uint8)
    return ImageStore.open(
        make_dataset(np.broadcast_to(values[:, None, None, None], (120, 8, 8, 1)))
    )


@pytest.mark.parametrize(
    ("images", "hold_out", "sizes"),
    [
        (100, True, [20, 40, 40]),
        (13, True, [2, 5, 6]),
        (13, False, [0, 7, 6]),
        (999, False, [0, 60, 60]),
    ],
)
def test_parts_share_no_image(
    store: ImageStore, images: int, hold_out: bool, sizes: list[int]
) -> None:
    parts = LabelledParts.of(store, images=images, seed=5, purpose="test", hold_out=hold_out)
    rows = [parts.held_out, parts.for_chooser, parts.for_judge]
    assert [len(part) for part in rows] == sizes
    together = np.concatenate(rows)
    assert len(set(together.tolist())) == len(together) == min(images, 120)
    assert not np.array_equal(together, np.sort(together))  # the first ones may be of one kind


@pytest.mark.slow
def test_each_learns_from_its_own_part_alone(store: ImageStore) -> None:
    """Labels of the other part's images change nothing."""
    parts = LabelledParts.of(store, images=120, seed=5, purpose="test")
    truth = np.arange(120)[:, None] >= 60
    wrong_for_judge, wrong_for_chooser = truth.copy(), truth.copy()
    wrong_for_judge[parts.for_judge] ^= True
    wrong_for_chooser[parts.for_chooser] ^= True
    unseen = store.images[parts.held_out]
    wanted = truth[parts.held_out]

    def right(network) -> float:
        return float(((predict(network, unseen)[0] > 0.5) == wanted).mean())

    chosen, judged = ([], [])
    for taught in (truth, wrong_for_judge, wrong_for_chooser):
        chosen.append(right(parts.chooser(taught, epochs=20)))
        judged.append(right(parts.judge(taught, epochs=20)))
    assert min(chosen[0], judged[0]) > 0.9
    assert chosen[1] == chosen[0]
    assert judged[2] == judged[0]
    assert max(judged[1], chosen[2]) < 0.1


@pytest.mark.slow
def test_a_reader_learns_numbers_from_the_judges_part(store: ImageStore) -> None:
    parts = LabelledParts.of(store, images=120, seed=5, purpose="test")
    values = np.arange(120.0)[:, None]
    elsewhere = values.copy()
    elsewhere[parts.for_chooser] = -1_000.0
    readings = [
        predict_values(parts.reader(taught, epochs=40), store.images[parts.held_out])
        for taught in (values, elsewhere)
    ]
    np.testing.assert_array_equal(*readings)
    assert np.corrcoef(readings[0][:, 0], parts.held_out)[0, 1] > 0.95
