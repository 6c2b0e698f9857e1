"""Measure in a minute what each kind of work costs on this machine, in seconds, on noise.

Training is measured with real minibatches of repro.train.trainer on random images, at two batch
sizes: a line through the two gives seconds per minibatch (Adam's update) and per image. Preparation
is the pipeline's own; all but training is timed on one thread. repro.plan.costs uses the rates.

Alone: `other_rates(Clock(torch.device("cpu"), threads=1), sources={"lsun"})`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch

from repro.artefacts.step_folder import step_folder
from repro.data.noise import QUALITY, noise_dataset, smooth_noise, write_cifar_records, write_jpegs
from repro.data.store import ImageStore
from repro.dedup.autoencoder import PIXELS, SIDE, HashInputs, encode
from repro.dedup.perturbations import near_copy, perturbations
from repro.dedup.training import train_autoencoder
from repro.devices import Clock, keep_freed_memory
from repro.figures.drawing import grid, save_picture
from repro.figures.style import Style
from repro.places import ROOT
from repro.quality.neighbours import Nearest
from repro.rng import generator
from repro.runs.extensions import preparation, source
from repro.specs.dataset import DatasetSpec
from repro.specs.model import ModelSpec
from repro.specs.network import NetworkSpec
from repro.specs.training import TrainingSpec
from repro.train.minibatches import Images
from repro.train.monitor import diversity
from repro.train.trainer import SHEET_SIDE, Trainer

# of trainings
LEAST_BATCH = 4
RATIO = 4  # of the larger batch to the smaller: it makes the line well determined
REPEATS = 3
# of the rest; height and width in pixels
PHOTO = (375, 500)  # default for a source
COPIED = (256, 341)  # of an original that is copied
MEASURED = 100  # JPEGs
MEASURED_ARRAYS = 4_000
HASH_STEPS = 100
QUERIES, REFERENCES, WIDTH = 2_000, 4_000, 784


@dataclass(frozen=True)
class StepRate:
    """Seconds per minibatch: `fixed`, for any size, and `per_image`; `sheet`: of a sample sheet."""

    fixed: float
    per_image: float
    sheet: float = 0.0


@dataclass(frozen=True)
class Measured:
    """A training's rate and its origin.

    batches, seconds: the two batches and the seconds per minibatch of each. gpu_bytes: peak GPU
    memory at the larger batch, 0 on a CPU.
    """

    rate: StepRate
    batches: tuple[int, int]
    seconds: tuple[float, float]
    gpu_bytes: int


def measure_training(model: ModelSpec, *, clock: Clock, seconds: float) -> Measured:
    """Rate of a training's minibatches, measured for about `seconds` of wall-clock time."""
    keep_freed_memory()  # as repro.train does
    began, full = time.perf_counter(), model.training.batch
    with tempfile.TemporaryDirectory() as folder:
        store = noise_dataset(Path(folder), model.network, count=2 * full)
        small = Steps(model, store, clock, batch=max(2, min(LEAST_BATCH, full // RATIO)))
        small.warm_up()
        largest = _affordable(small, full, seconds)
        if largest // RATIO > small.batch:
            small = Steps(model, store, clock, batch=largest // RATIO)
            small.warm_up()
        with_small = _live_gpu_bytes(clock.device)
        large = Steps(model, store, clock, batch=largest)
        large.warm_up()
        few: list[float] = []
        many: list[float] = []
        # alternating, so that a busy machine affects both
        while len(many) < REPEATS or time.perf_counter() - began < seconds:
            few.append(small.seconds())
            many.append(large.seconds())
        sheet = clock.seconds(lambda: _draw_sheet(large.trainer, Path(folder)))
    cuda = clock.device.type == "cuda"
    peak = torch.cuda.max_memory_allocated(clock.device) - with_small if cuda else 0
    batches, both = (small.batch, large.batch), (median(few), median(many))
    return Measured(line_through(batches, both, sheet=sheet), batches, both, peak)


def _live_gpu_bytes(device: torch.device) -> int:
    """Bytes of tensors on a GPU, after resetting the peak; 0 on a CPU."""
    if device.type != "cuda":
        return 0
    torch.cuda.reset_peak_memory_stats(device)
    return torch.cuda.memory_allocated(device)


def _affordable(small: "Steps", full: int, seconds: float) -> int:
    """The larger batch: the spec's own, or on a CPU the largest that fits the given seconds."""
    if small.clock.device.type == "cuda":
        return full
    began = time.perf_counter()
    small.seconds()
    wall = time.perf_counter() - began  # of two minibatches
    # warm-up and repeats of both batches take about two thirds of the time at most
    affordable = int(small.batch * seconds / 1.5 / (2 * REPEATS * wall))
    return min(full, max(RATIO * small.batch, affordable))


class Steps:
    """Minibatches of one training at a given batch size, two at a time.

    They come in twos since alternating trainings train G in one and D in the other.
    """

    def __init__(self, model: ModelSpec, store: ImageStore, clock: Clock, *, batch: int) -> None:
        network = model.network
        training = model.training.model_copy(update={"batch": batch})
        images = Images(
            store,
            np.arange(len(store)),
            clock.device,
            low=network.pixel_low,
            classes=network.classes,
        )
        spec = model.model_copy(update={"training": training})
        self.trainer = Trainer(spec=spec, images=images, seed=0, device=clock.device)
        self.clock, self.batch, self.done = clock, batch, 0

    def warm_up(self) -> None:
        self._two()

    def seconds(self) -> float:
        """Seconds of one minibatch, the mean of the next two."""
        return self.clock.seconds(self._two) / 2

    def _two(self) -> None:
        for t in (self.done, self.done + 1):
            self.trainer.step(t)
        self.done += 2


def line_through(
    batches: tuple[int, int], seconds: tuple[float, float], *, sheet: float = 0.0
) -> StepRate:
    """Seconds per minibatch and per image from two batches; neither is negative."""
    (small, large), (few, many) = batches, seconds
    if small == large:  # a spec with the smallest possible batch
        return StepRate(0.0, many / large, sheet)
    per_image = (many - few) / (large - small)
    fixed = many - large * per_image
    if fixed < 0 or per_image <= 0:  # noise: attribute all of it to the images
        fixed, per_image = 0.0, many / large
    return StepRate(fixed, per_image, sheet)


def _draw_sheet(trainer: Trainer, folder: Path) -> None:
    """Draw a sample sheet, like repro.train.state_folder."""
    pictures = trainer.sheet()
    save_picture(folder / "sheet.png", grid(pictures, SHEET_SIDE), style=Style())
    diversity(pictures)


@dataclass(frozen=True)
class OtherRates:
    """Seconds on one thread (`neighbour`: on the clock's device).

    start: of a training besides its minibatches. read: per image by source; copy: per
    near-duplicate. hash_step: per minibatch of the autoencoder; hash_image: per code of an image.
    neighbour: per comparison of a query's number with a reference's.
    """

    start: float
    read: dict[str, float]
    copy: float
    hash_step: float
    hash_image: float
    neighbour: float


def other_rates(clock: Clock, *, sources: Collection[str]) -> OtherRates:
    """Measure all of them in sequence."""
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

    It is the time that every training takes besides its minibatches: loading the library, pictures
    and curves.
    """
    network = NetworkSpec(image_size=16, ngf=2, ndf=2)
    training = TrainingSpec(batch=8, epochs=1, statistics_batches=1)
    model = ModelSpec(data="noise", network=network, training=training)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with step_folder(folder / "data", inputs={}) as data:
            noise_dataset(data, network, count=16)
        spec = {"model": model.model_dump(mode="json"), "seed": 0}
        (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        places = [f"--{part}={folder / part}" for part in ("data", "state", "out")]
        words = [f"--spec={folder / 'spec.json'}", *places, "--device=cpu", "--threads=1"]
        # -P: not the modules of the working folder
        start = f"import runpy, sys; sys.path.append({str(ROOT)!r})\n"
        start += "runpy.run_module('repro.train', run_name='__main__', alter_sys=True)"
        before = sum(os.times()[2:4])  # of the children, user and system
        subprocess.run([sys.executable, "-P", "-c", start, *words], check=True, capture_output=True)
        return sum(os.times()[2:4]) - before


def _read_seconds(name: str, clock: Clock) -> float:
    """Seconds per image of the preparation, on noise like a source's raw data.

    Noise is JPEGs of the source's usual size (its `PICTURE`), or raw pixels where that is None.
    """
    prepare, picture = preparation(), getattr(source(name), "PICTURE", PHOTO)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        raw.mkdir()
        if picture is None:
            images, options = MEASURED_ARRAYS, {"files": ["data_batch_1.bin"]}
            write_cifar_records(raw / "data_batch_1.bin", count=images)
            spec = DatasetSpec(source="cifar10", image_size=32, options=options)
        else:
            images, spec = MEASURED, DatasetSpec(source="folder")
            write_jpegs(raw, height=picture[0], width=picture[1], count=images)

        def seconds(out: str, spec: DatasetSpec) -> float:
            return clock.seconds(
                lambda: prepare(spec=spec, raw=raw, out=Path(folder) / out, workers=1)
            )

        whole = seconds("all", spec)
        part = seconds("few", spec.model_copy(update={"limit": images // 5}))
    return max(whole - part, whole / 10) / (images - images // 5)


def _copy_seconds(clock: Clock) -> float:
    """Seconds per near-duplicate of a picture of LSUN's size, averaged over all kinds."""
    picture = next(smooth_noise(*COPIED))
    rng, kinds = generator(0, "plan: copies"), perturbations()

    def copy() -> None:
        for kind, strength in kinds:
            near_copy(picture, kind=kind, strength=strength, rng=rng, quality=QUALITY)

    return clock.seconds(copy) / len(kinds)


def _hash_seconds(clock: Clock) -> tuple[float, float]:
    """Seconds per step of the autoencoder, at its 128 images, and per code of an image."""
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
