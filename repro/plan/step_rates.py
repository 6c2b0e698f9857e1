"""Rates of this machine for what is no training: reading, hashing, nearest neighbours, starting.

Small measurements of the library's own steps on made data, some seconds in all, for
`python -m repro.plan`. Pictures are JPEGs of smooth noise of a source's usual size (its `PICTURE`,
height and width), decoded, cut, scaled and written by data_prep.prepare itself; raw pixels (where
`PICTURE` is None) are read as CIFAR-10's. A rate is of one thread; these steps keep several busy
where they are given them.

Alone: `other_rates(Clock(torch.device("cpu"), threads=1), sources={"lsun"})`.
"""

import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from repro.dedup.autoencoder import PIXELS, SIDE, HashInputs, encode, train_autoencoder
from repro.dedup.perturbations import near_copy, perturbations
from repro.plan.training_rate import Clock, random_images
from repro.quality.neighbours import Nearest
from repro.rng import generator
from repro.specs.network import NetworkSpec
from repro.specs.run_file import DatasetSpec, ModelSpec
from repro.specs.training import TrainingSpec

# height, width in pixels
PHOTO = (375, 500)  # of a source that does not say
COPIED = (256, 341)  # of an original whose copies are made
MEASURED = 100  # JPEGs
MEASURED_ARRAYS = 4_000
QUALITY = 75  # LSUN's
DIFFERENT = 8  # pictures made; the files repeat them
HASH_STEPS = 100
QUERIES, REFERENCES, WIDTH = 2_000, 4_000, 784


@dataclass(frozen=True)
class OtherRates:
    """Seconds on one thread (`neighbour`: on the clock's device).

    start: of a training besides its minibatches. read: an image by source; copy: a near-duplicate
    made. hash_step: a minibatch of the autoencoder; hash_image: the code of an image. neighbour: a
    number of a query compared with one of a reference.
    """

    start: float
    read: dict[str, float]
    copy: float
    hash_step: float
    hash_image: float
    neighbour: float


def other_rates(clock: Clock, *, sources: Collection[str]) -> OtherRates:
    """Measured one after the other."""
    alone = Clock(torch.device("cpu"), threads=1)
    hash_step, hash_image = _hash_seconds(Clock(torch.device("cpu"), clock.threads))
    return OtherRates(
        start=start_seconds(),
        read={name: _read_seconds(name, alone) for name in sorted(sources)},
        copy=_copy_seconds(alone),
        hash_step=hash_step,
        hash_image=hash_image,
        neighbour=_neighbour_seconds(clock),
    )


def start_seconds() -> float:
    """Processor seconds of a whole training of two minibatches of a tiny network, on the CPU.

    What every training takes besides its minibatches: loading the library, pictures and curves.
    """
    network = NetworkSpec(image_size=16, ngf=2, ndf=2)
    training = TrainingSpec(batch=8, epochs=1, statistics_batches=1)
    model = ModelSpec(data="noise", network=network, training=training)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        random_images(folder / "data", network, count=16)
        spec = {"model": model.model_dump(mode="json"), "seed": 0}
        (folder / "spec.json").write_text(json.dumps(spec))
        places = [f"--{part}={folder / part}" for part in ("data", "state", "out")]
        words = [f"--spec={folder / 'spec.json'}", *places, "--device=cpu", "--threads=1"]
        before = os.times()
        subprocess.run(
            [sys.executable, "-m", "repro.train", *words], check=True, capture_output=True
        )
        after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def _read_seconds(source: str, clock: Clock) -> float:
    """Seconds an image of data_prep.prepare on made raw data like those of a source."""
    write, spec = _made_raw_data(source)
    prepare = importlib.import_module("data_prep.prepare").prepare
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        raw.mkdir()
        images = write(raw)
        whole = clock.seconds(
            lambda: prepare(spec=spec, raw=raw, out=Path(folder) / "all", workers=1)
        )
        few = spec.model_copy(update={"limit": images // 5})
        part = clock.seconds(
            lambda: prepare(spec=few, raw=raw, out=Path(folder) / "few", workers=1)
        )
    return max(whole - part, whole / 10) / (images - images // 5)


def _made_raw_data(source: str) -> tuple[Callable[[Path], int], DatasetSpec]:
    """What writes them into a folder, saying how many there are, and how they are read."""
    picture = getattr(importlib.import_module(f"data_prep.{source}"), "PICTURE", PHOTO)
    if picture is None:
        options = {"files": ["data_batch_1.bin"]}
        return _write_arrays, DatasetSpec(source="cifar10", image_size=32, options=options)
    return lambda raw: _write_jpegs(raw, *picture), DatasetSpec(source="folder")


def _write_arrays(raw: Path) -> int:
    records = generator(0, "plan: raw pixels").integers(0, 10, (MEASURED_ARRAYS, 3073), np.uint8)
    (raw / "data_batch_1.bin").write_bytes(records.tobytes())
    return MEASURED_ARRAYS


def _write_jpegs(raw: Path, height: int, width: int) -> int:
    encoded = []
    for picture in _pictures(height, width):
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "JPEG", quality=QUALITY)
        encoded.append(stream.getvalue())
    for number in range(MEASURED):
        (raw / f"{number:04d}.jpg").write_bytes(encoded[number % DIFFERENT])
    return MEASURED


def _pictures(height: int, width: int) -> Iterator[np.ndarray]:
    """Noise at an eighth of the size, enlarged smoothly, with fine noise; (H, W, 3) uint8 each."""
    draw = generator(0, "plan: pictures")
    for _ in range(DIFFERENT):
        coarse = draw.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
        large = np.asarray(Image.fromarray(coarse).resize((width, height)), np.float32)
        fine = large + 8 * draw.standard_normal((height, width, 1))
        yield np.rint(fine).clip(0, 255).astype(np.uint8)


def _copy_seconds(clock: Clock) -> float:
    """Seconds of a near-duplicate of a picture of LSUN's size, the mean of all kinds."""
    picture = next(_pictures(*COPIED))
    rng, kinds = generator(0, "plan: copies"), perturbations()

    def copy() -> None:
        for kind, strength in kinds:
            near_copy(picture, kind=kind, strength=strength, rng=rng, quality=QUALITY)

    return clock.seconds(copy) / len(kinds)


def _hash_seconds(clock: Clock) -> tuple[float, float]:
    """Seconds of a step of the autoencoder, at its 128 images, and of the code of an image."""
    draw = generator(0, "plan: hashed images")
    images = draw.integers(0, 256, (4_096, SIDE, SIDE, PIXELS // SIDE**2), np.uint8)
    inputs = HashInputs(images)
    made = []
    few = clock.seconds(lambda: train_autoencoder(inputs, seed=0, steps=HASH_STEPS // 10))
    many = clock.seconds(lambda: made.append(train_autoencoder(inputs, seed=0, steps=HASH_STEPS)))
    step = (many - few) / (HASH_STEPS - HASH_STEPS // 10)
    code = clock.seconds(lambda: encode(made[0][0], inputs)) / len(images)
    return max(step, many / HASH_STEPS / 10), code


def _neighbour_seconds(clock: Clock) -> float:
    draw = generator(0, "plan: neighbours")
    queries, references = (
        draw.integers(0, 256, (n, WIDTH)).astype(np.float32) / np.float32(255)
        for n in (QUERIES, REFERENCES)
    )
    search = Nearest(queries, device=clock.device)
    search.see(references[: REFERENCES // 4])  # the first block costs more
    rest = references[REFERENCES // 4 :]
    return clock.seconds(lambda: search.see(rest)) / (QUERIES * len(rest) * WIDTH)
