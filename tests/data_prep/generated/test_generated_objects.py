"""Generated objects: layouts, disjoint classes, and that colour does not give the class away."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.svm import LinearSVC

from data_prep.generated import objects
from data_prep.generated.drawing.layer import Layer
from data_prep.generated.drawing.other_things import OTHER_THINGS
from data_prep.generated.drawing.things import THINGS, draw_palette
from repro.rng import generator

OPTIONS = objects.Options(gan_count=30, train_count=40, test_count=20)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("objects")
    objects.write(folder, OPTIONS, 7, workers=1)
    return folder


def test_the_two_sets_have_ten_classes_each_and_none_in_common() -> None:
    assert len(objects.GAN_CLASSES) == len(objects.SVM_CLASSES) == 10
    assert not set(objects.GAN_CLASSES) & set(objects.SVM_CLASSES)


def test_imagenet_layout_has_a_folder_a_class_of_64_pixel_pictures(world: Path) -> None:
    folders = sorted((world / "imagenet").iterdir())
    assert [folder.name for folder in folders] == sorted(objects.GAN_CLASSES)
    for folder in folders:
        assert [path.name for path in sorted(folder.iterdir())] == [
            "00000.jpg",
            "00001.jpg",
            "00002.jpg",
        ]
        assert cv2.imread(str(folder / "00001.jpg")).shape == (64, 64, 3)


def test_cifar_batches_have_the_official_record_of_3073_bytes(world: Path) -> None:
    for name, count, picture_of in (
        ("data_batch_1.bin", 40, objects.train_picture),
        ("test_batch.bin", 20, objects.test_picture),
    ):
        data = (world / "cifar" / name).read_bytes()
        assert len(data) == 3073 * count
        records = np.frombuffer(data, np.uint8).reshape(count, 3073)
        assert np.bincount(records[:, 0], minlength=10).tolist() == [count // 10] * 10
        label, picture = picture_of(7, 11)
        assert records[11, 0] == label
        planes = records[11, 1:].reshape(3, 32, 32)
        np.testing.assert_array_equal(planes[0], picture[..., 0])
        np.testing.assert_array_equal(planes[2], picture[..., 2])
    names = (world / "cifar" / "batches.meta.txt").read_text().split()
    assert tuple(names) == objects.SVM_CLASSES


def test_training_and_test_pictures_are_different_draws() -> None:
    train = {objects.train_picture(7, i)[1].tobytes() for i in range(20)}
    assert not train & {objects.test_picture(7, i)[1].tobytes() for i in range(20)}


@pytest.mark.parametrize("name", [*THINGS, *OTHER_THINGS])
def test_every_thing_fills_its_square_and_stays_about_in_it(name: str) -> None:
    rng = generator(1, "things", len(name))
    layer = Layer(height=80, width=80)
    layer.place(centre=(40.0, 40.0), scale=30.0)
    (THINGS | OTHER_THINGS)[name](layer, draw_palette(rng), rng)
    y, x = np.nonzero(layer.reduced()[..., 3] > 0.5)
    assert max(np.ptp(x), np.ptp(y)) > 50
    assert min(x.min(), y.min()) >= 6
    assert max(x.max(), y.max()) <= 73
    assert len(x) > 350


@pytest.mark.slow
def test_class_is_hard_to_tell_from_pixels_and_harder_from_colour() -> None:
    train = [objects.train_picture(7, i) for i in range(700)]
    test = [objects.test_picture(7, i) for i in range(300)]
    labels, pictures = (np.array(part) for part in zip(*train, strict=True))
    test_labels, test_pictures = (np.array(part) for part in zip(*test, strict=True))

    def flat(values: np.ndarray) -> np.ndarray:
        return values.reshape(len(values), -1) / 127.5 - 1.0

    pixels = LinearSVC(C=1e-4).fit(flat(pictures), labels)
    assert 0.12 < pixels.score(flat(test_pictures), test_labels) < 0.55
    colour = LinearSVC(C=1.0).fit(pictures.mean((1, 2)) / 255, labels)
    assert colour.score(test_pictures.mean((1, 2)) / 255, test_labels) < 0.22


def test_same_seed_same_bytes_and_a_longer_set_starts_alike(tmp_path: Path, world: Path) -> None:
    longer = objects.Options(gan_count=50, train_count=60, test_count=20)
    objects.write(tmp_path, longer, 7, workers=1)
    for path in sorted(world.rglob("*.jpg")):
        assert (tmp_path / path.relative_to(world)).read_bytes() == path.read_bytes()
    start = (world / "cifar" / "data_batch_1.bin").read_bytes()
    assert (tmp_path / "cifar" / "data_batch_1.bin").read_bytes()[: len(start)] == start
    test_batch = (world / "cifar" / "test_batch.bin").read_bytes()
    assert (tmp_path / "cifar" / "test_batch.bin").read_bytes() == test_batch
