"""Generated objects: ten classes in ImageNet's layout and ten other ones in CIFAR-10's.

The raw worlds of the roles "objects" (the network's training images) and "cifar10" (the test of its
features) where neither is at hand; read by the sources `imagenet` and `cifar10`. Writes
`imagenet/<class>/NNNNN.jpg` (64 x 64), and `cifar/data_batch_1.bin`, `cifar/test_batch.bin` and
`cifar/batches.meta.txt` (32 x 32, CIFAR-10's binary version). Colour and place are independent of
the class. To look at some:

    python -m data_prep.generated.objects --out FILE.png [--count 64] [--seed 42]
"""

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from data_prep.generated.drawing.jpeg import to_jpeg
from data_prep.generated.drawing.other_things import OTHER_THINGS
from data_prep.generated.drawing.parallel import in_order
from data_prep.generated.drawing.sheet import sheet_command, square
from data_prep.generated.drawing.still_life import Nuisance, draw_still_life
from data_prep.generated.drawing.things import THINGS
from repro.rng import generator
from repro.specs.validation import Strict

QUALITY = 95
GAN_CLASSES = tuple(THINGS)
SVM_CLASSES = tuple(OTHER_THINGS)
GAN_SIZE, SVM_SIZE = 64, 32  # pixels
GAN_NUISANCE = Nuisance(scale=(0.66, 0.96), degrees=15.0, clutter=3, contrast=0.5, shift=0.04)
SVM_NUISANCE = Nuisance(scale=(0.55, 1.05), degrees=25.0, clutter=12, contrast=0.9, shift=0.1)


class Options(Strict):
    """How many pictures of each set; the classes are equally frequent."""

    gan_count: int = Field(8000, ge=0, description="pictures in imagenet/ (64 x 64)")
    train_count: int = Field(4000, ge=0, description="pictures in cifar/data_batch_1.bin (32 x 32)")
    test_count: int = Field(1000, ge=0, description="pictures in cifar/test_batch.bin (32 x 32)")


def gan_picture(seed: int, index: int) -> np.ndarray:
    """Picture `index` of the first set, of class index % 10: (64, 64, 3) uint8."""
    thing = THINGS[GAN_CLASSES[index % 10]]
    rng = generator(seed, "generated objects: imagenet", index)
    return draw_still_life(thing, size=GAN_SIZE, nuisance=GAN_NUISANCE, rng=rng)


def _svm_picture(seed: int, index: int, *, purpose: str) -> tuple[int, np.ndarray]:
    order = generator(seed, f"{purpose}: classes", index // 10).permutation(10)
    label = int(order[index % 10])
    thing = OTHER_THINGS[SVM_CLASSES[label]]
    rng = generator(seed, purpose, index)
    return label, draw_still_life(thing, size=SVM_SIZE, nuisance=SVM_NUISANCE, rng=rng)


def train_picture(seed: int, index: int) -> tuple[int, np.ndarray]:
    """Class number and picture (32, 32, 3) uint8 of the second set's training half."""
    return _svm_picture(seed, index, purpose="generated objects: cifar train")


def test_picture(seed: int, index: int) -> tuple[int, np.ndarray]:
    """Class number and picture (32, 32, 3) uint8 of the second set's test half."""
    return _svm_picture(seed, index, purpose="generated objects: cifar test")


test_picture.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name


def encoded(seed: int, index: int) -> bytes:
    """Picture `index` of the first set as JPEG."""
    return to_jpeg(gan_picture(seed, index), quality=QUALITY)


def count_for(options: Options, source: str, reading: Any) -> int | None:
    """Records that `source`, read by its options `reading`, will find in this world."""
    if source == "imagenet":
        return options.gan_count
    if source == "cifar10":
        return sum(
            options.test_count if "test" in file else options.train_count for file in reading.files
        )
    return None


def write(out: Path, options: Options, seed: int, *, workers: int = 2) -> None:
    """Write imagenet/ and cifar/ into the empty folder `out`."""
    for name in GAN_CLASSES:
        (out / "imagenet" / name).mkdir(parents=True)
    pictures = in_order(encoded, seed=seed, count=options.gan_count, workers=workers)
    for index, data in enumerate(pictures):
        (out / "imagenet" / GAN_CLASSES[index % 10] / f"{index // 10:05d}.jpg").write_bytes(data)
    cifar = out / "cifar"
    cifar.mkdir()
    (cifar / "batches.meta.txt").write_text("\n".join(SVM_CLASSES) + "\n", encoding="utf-8")
    batches = (
        ("data_batch_1.bin", train_picture, options.train_count),
        ("test_batch.bin", test_picture, options.test_count),
    )
    for name, draw_one, count in batches:
        records = in_order(draw_one, seed=seed, count=count, workers=workers)
        with (cifar / name).open("wb") as stream:
            for label, picture in records:  # one byte of class, then red, green, blue planes
                stream.write(bytes([label]) + picture.transpose(2, 0, 1).tobytes())


def draw(seed: int, index: int) -> np.ndarray:
    """For the sheet: rows of the first set and of the second set in turn, (64, 64, 3) uint8."""
    block, place = divmod(index, 10)
    if block % 2 == 0:
        return gan_picture(seed, block // 2 * 10 + place)
    return square(train_picture(seed, block // 2 * 10 + place)[1].repeat(2, 0).repeat(2, 1), 64)


if __name__ == "__main__":
    sheet_command(draw, size=64)
