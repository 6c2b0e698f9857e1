"""Noise that is timed: read back by the pipeline's own preparation, nothing skipped."""

from pathlib import Path

import numpy as np

from data_prep.prepare import prepare
from repro.data.noise import noise_dataset, smooth_noise, write_cifar_records, write_jpegs
from repro.data.store import ImageStore
from repro.specs.dataset import DatasetSpec
from repro.specs.network import NetworkSpec


def test_a_dataset_is_as_the_network_takes_it(tmp_path: Path) -> None:
    layers = {"generator_units": (8, 8), "discriminator_units": (8, 8)}
    values = {"kind": "fully_connected", "image_size": 16, "channels": 1, "classes": 3, **layers}
    network = NetworkSpec.model_validate(values)
    store = noise_dataset(tmp_path / "new", network, count=7)
    pixels = np.asarray(store.images)
    assert (pixels.shape, pixels.dtype) == ((7, 16, 16, 1), np.uint8)
    assert store.labels is not None
    assert store.labels["class"].tolist() == [0, 1, 2, 0, 1, 2, 0]
    # uniform over 0 to 255: the mean of 1,792 values is 127.5 within four standard errors
    assert abs(pixels.mean() - 127.5) < 4 * 73.9 / pixels.size**0.5
    assert noise_dataset(tmp_path / "plain", NetworkSpec(image_size=16), count=2).labels is None


def test_the_preparation_reads_the_jpegs_and_the_records(tmp_path: Path) -> None:
    for name in ("jpegs", "records"):
        (tmp_path / name).mkdir()
    write_jpegs(tmp_path / "jpegs", height=48, width=64, count=10)
    write_cifar_records(tmp_path / "records" / "data_batch_1.bin", count=5)
    prepare(spec=DatasetSpec(source="folder"), raw=tmp_path / "jpegs", out=tmp_path / "a")
    options = {"files": ["data_batch_1.bin"]}
    spec = DatasetSpec(source="cifar10", image_size=32, options=options)
    prepare(spec=spec, raw=tmp_path / "records", out=tmp_path / "b")
    assert len(ImageStore.open(tmp_path / "a")) == 10
    assert len(ImageStore.open(tmp_path / "b")) == 5


def test_pictures_are_smooth_with_fine_noise() -> None:
    pictures = list(smooth_noise(64, 80))
    assert all(picture.shape == (64, 80, 3) for picture in pictures)
    grey = pictures[0].astype(float).mean(2)
    fine, coarse = np.abs(np.diff(grey, axis=1)).mean(), np.abs(grey[:, 16:] - grey[:, :-16]).mean()
    assert 5 < fine < coarse / 2
    assert not np.array_equal(pictures[0], pictures[1])
