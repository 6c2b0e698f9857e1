"""The bench of small sets: planted samples get the measures they must, and its record."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from repro.bench import __main__ as bench
from repro.bench.small_sets import Judge, Split
from repro.data.store import ImageStore


def scenes(n: int, seed: int) -> np.ndarray:
    """Pictures (n, 16, 16, 3) of one bright square each, on grounds of different colours."""
    source = np.random.default_rng(seed)
    images = np.tile(source.integers(0, 120, (n, 1, 1, 3)), (1, 16, 16, 1))
    for image, (row, column) in zip(images, source.integers(0, 10, (n, 2)), strict=True):
        image[row : row + 6, column : column + 6] += 100
    return images.astype(np.uint8)


@pytest.fixture
def split(make_dataset: Callable[..., Path]) -> Split:
    return Split.of(ImageStore.open(make_dataset(scenes(400, 0))))


def test_a_fifth_is_held_out_and_nothing_is_in_both(split: Split) -> None:
    assert (len(split.training), len(split.held_out)) == (320, 80)
    assert not set(split.training) & set(split.held_out)


@pytest.mark.slow
def test_new_pictures_copies_and_repeats_are_told_apart(split: Split) -> None:
    judge = Judge(split)
    new = judge.of(scenes(200, 1))
    copies = judge.of(split.images(split.training[:200]))
    repeated = judge.of(np.repeat(scenes(4, 2), 50, axis=0))
    noise = judge.of(np.random.default_rng(3).integers(0, 256, (200, 16, 16, 3), dtype=np.uint8))
    assert copies.copies == 1
    assert new.copies < 0.1
    assert abs(new.distance) < repeated.distance < noise.distance
    assert abs(new.diversity - 1) < 0.15
    assert repeated.diversity < 0.1
    assert noise.sharpness > 2 * new.sharpness


@pytest.mark.slow
def test_record(make_dataset: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    data = make_dataset(scenes(64, 0), name="scenes")
    bench.main(["small_sets", "--threads=1", "--repeats=1", "--minutes=0.001", "--data", str(data)])
    record = json.loads(capsys.readouterr().out.splitlines()[-1])
    real, trained = record["cases"]
    assert (real["recipe"], trained["recipe"], trained["seed"]) == (
        "real images",
        "small_folder",
        1,
    )
    assert trained["minibatches"] >= 1
    assert trained["distance"] > real["distance"]
