"""Noise as data for timing: a prepared dataset, JPEG files, and records of raw pixels.

The time of a step does not depend on what the images show, so the time of a training or of a
preparation can be measured before there are any real images. `repro.plan` and `repro.bench` use it.

Alone: `noise_dataset(folder, NetworkSpec(image_size=64), count=128)`.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from repro.data.store import ImageStore
from repro.data.store_writer import StoreWriter
from repro.rng import generator
from repro.specs.network import NetworkSpec

QUALITY = 75  # LSUN's JPEG quality
DIFFERENT = 8  # pictures drawn; the files repeat them
FINE = 8  # standard deviation of the fine noise, grey levels


def noise_dataset(folder: Path, network: NetworkSpec, *, count: int) -> ImageStore:
    """A prepared dataset of `count` images that fits a network, with classes if it has any.

    The folder is created where needed; image i has the class i modulo their number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size, channels, classes = network.image_size, network.channels, network.classes
    draw = generator(0, "noise: dataset")
    fields = {"class": "i4"} if classes else {}
    with StoreWriter(
        folder, source="noise", spec={}, image_size=size, channels=channels, label_fields=fields
    ) as writer:
        for number in range(count):
            image = draw.integers(0, 256, (size, size, channels), np.uint8)
            writer.append(image, f"{number}", {"class": number % classes} if classes else {})
    return ImageStore.open(folder)


def smooth_noise(height: int, width: int) -> Iterator[np.ndarray]:
    """Noise at an eighth of the size, enlarged smoothly, with fine noise; (H, W, 3) uint8 each."""
    draw = generator(0, "noise: pictures")
    for _ in range(DIFFERENT):
        coarse = draw.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
        large = np.asarray(Image.fromarray(coarse).resize((width, height)), np.float32)
        fine = large + FINE * draw.standard_normal((height, width, 1))
        yield np.rint(fine).clip(0, 255).astype(np.uint8)


def write_jpegs(folder: Path, *, height: int, width: int, count: int) -> None:
    """`count` JPEG files of smooth noise, 0000.jpg and so on."""
    encoded = []
    for picture in smooth_noise(height, width):
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "JPEG", quality=QUALITY)
        encoded.append(stream.getvalue())
    for number in range(count):
        (folder / f"{number:04d}.jpg").write_bytes(encoded[number % DIFFERENT])


def write_cifar_records(path: Path, *, count: int) -> None:
    """A file of CIFAR-10's binary layout: `count` records of a label and 3 x 32 x 32 values."""
    records = generator(0, "noise: pixels").integers(0, 10, (count, 3073), np.uint8)
    path.write_bytes(records.tobytes())
