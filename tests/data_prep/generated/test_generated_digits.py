"""Digits in MNIST's files equal scikit-learn's, each once, and are read by torchvision's reader."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from torchvision.datasets.mnist import read_image_file, read_label_file

from data_prep.generated import digits


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("digits")
    digits.write(folder, digits.Options(test_count=500), 7)
    return folder


def unpacked(world: Path, folder: Path, name: str) -> str:
    (folder / name).write_bytes(gzip.decompress((world / f"{name}.gz").read_bytes()))
    return str(folder / name)


def test_the_four_files_hold_every_digit_of_scikit_learn_once(world: Path, tmp_path: Path) -> None:
    images, labels = [], []
    for part, count in (("train", 1297), ("t10k", 500)):
        images.append(read_image_file(unpacked(world, tmp_path, f"{part}-images-idx3-ubyte")))
        labels.append(read_label_file(unpacked(world, tmp_path, f"{part}-labels-idx1-ubyte")))
        assert images[-1].shape == (count, 8, 8)
        assert labels[-1].shape == (count,)
    written = np.concatenate([part.numpy() for part in images]).astype(float)
    assert written.max() == 255
    back = np.rint(written * 16 / 255).reshape(1797, 64)
    truth = load_digits()
    rows = np.concatenate([back, np.concatenate([part.numpy() for part in labels])[:, None]], 1)
    expected = np.concatenate([truth.data, truth.target[:, None]], 1)
    np.testing.assert_array_equal(rows[np.lexsort(rows.T)], expected[np.lexsort(expected.T)])


def test_the_split_follows_the_seed(world: Path, tmp_path: Path) -> None:
    again, other = tmp_path / "again", tmp_path / "other"
    for folder, seed in ((again, 7), (other, 8)):
        folder.mkdir()
        digits.write(folder, digits.Options(test_count=500), seed)
    names = sorted(path.name for path in world.iterdir())
    assert len(names) == 4
    for name in names:
        assert (again / name).read_bytes() == (world / name).read_bytes()
        assert (other / name).read_bytes() != (world / name).read_bytes()
