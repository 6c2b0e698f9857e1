"""Rates of this machine for `python -m repro.plan`: some seconds of every kind of work, made data.

A training is measured by real minibatches of repro.train.trainer on random images, at two batches,
and a line through the two gives seconds a minibatch (Adam's update, whatever the batch) and seconds
an image. On a GPU the larger of the two is the spec's own batch; on a CPU it is as large as the
time allows. Seconds on a CPU are those of the processor divided by the threads: the wall clock of a
machine that has nothing else to do; on a GPU they are the wall clock's.

Alone: python -m repro.plan --config config/demo.yaml
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch

from repro.data.store import ImageStore
from repro.data.store_writer import StoreWriter
from repro.devices import keep_freed_memory, wait_for
from repro.figures.drawing import Style, grid, save_picture
from repro.plan.training_cost import StepRate
from repro.rng import generator
from repro.specs.network import NetworkSpec
from repro.specs.run_file import ModelSpec
from repro.train.minibatches import Images
from repro.train.monitor import diversity
from repro.train.trainer import SHEET_SIDE, Trainer

LEAST_BATCH = 4
RATIO = 4  # of the larger batch to the smaller: the line through the two is then well determined
REPEATS = 3


class Clock:
    """Seconds of a device: a GPU's by the wall, a CPU's by its processor time over the threads."""

    def __init__(self, device: torch.device, threads: int) -> None:
        self.device, self.threads = device, threads

    def seconds(self, work: Callable[[], object]) -> float:
        """Of one call of `work`."""
        wait_for(self.device)
        wall, processor = time.perf_counter(), time.process_time()
        work()
        wait_for(self.device)
        if self.device.type == "cuda":
            return time.perf_counter() - wall
        return (time.process_time() - processor) / self.threads


@dataclass(frozen=True)
class Measured:
    """A training's rate and where it comes from.

    batches, seconds: the two batches and the seconds of a minibatch of each. gpu_bytes: peak of the
    GPU's memory at the larger batch, 0 on a CPU.
    """

    rate: StepRate
    batches: tuple[int, int]
    seconds: tuple[float, float]
    gpu_bytes: int


def measure_training(model: ModelSpec, *, clock: Clock, seconds: float) -> Measured:
    """Rate of a training's minibatches, in about so many seconds of wall clock."""
    keep_freed_memory()  # as repro.train does
    began, full = time.perf_counter(), model.training.batch
    with tempfile.TemporaryDirectory() as folder:
        store = random_images(Path(folder), model.network, count=2 * full)
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
        # in turn, so that a busy machine is busy for both
        while len(many) < REPEATS or time.perf_counter() - began < seconds:
            few.append(small.seconds())
            many.append(large.seconds())
        sheet = clock.seconds(lambda: _draw_sheet(large.trainer, Path(folder)))
    cuda = clock.device.type == "cuda"
    peak = torch.cuda.max_memory_allocated(clock.device) - with_small if cuda else 0
    batches, both = (small.batch, large.batch), (median(few), median(many))
    return Measured(line_through(batches, both, sheet=sheet), batches, both, peak)


def _live_gpu_bytes(device: torch.device) -> int:
    """What tensors take on a GPU, from where the peak is followed anew; 0 on a CPU."""
    if device.type != "cuda":
        return 0
    torch.cuda.reset_peak_memory_stats(device)
    return torch.cuda.memory_allocated(device)


def _affordable(small: "Steps", full: int, seconds: float) -> int:
    """The larger batch: the spec's own, or on a CPU what so many seconds leave time for."""
    if small.clock.device.type == "cuda":
        return full
    began = time.perf_counter()
    small.seconds()
    wall = time.perf_counter() - began  # of two minibatches
    # warm-up and repeats of both batches take about two thirds of the time at most
    affordable = int(small.batch * seconds / 1.5 / (2 * REPEATS * wall))
    return min(full, max(RATIO * small.batch, affordable))


class Steps:
    """Minibatches of one training at a batch of its own, two at a time.

    Two, since alternating trainings train G in one and D in the other.
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
    """Seconds a minibatch and seconds an image from two batches; neither is negative."""
    (small, large), (few, many) = batches, seconds
    if small == large:  # a spec whose batch is the least there is
        return StepRate(0.0, many / large, sheet)
    per_image = (many - few) / (large - small)
    fixed = many - large * per_image
    if fixed < 0 or per_image <= 0:  # noise: all of it by the image
        fixed, per_image = 0.0, many / large
    return StepRate(fixed, per_image, sheet)


def random_images(folder: Path, network: NetworkSpec, *, count: int) -> ImageStore:
    """A prepared dataset of noise at the network's size, with classes where it takes them."""
    size, channels = network.image_size, network.channels
    draw = generator(0, "plan: images")
    fields = {"class": "i4"} if network.classes else {}
    with StoreWriter(
        folder, source="noise", spec={}, image_size=size, channels=channels, label_fields=fields
    ) as writer:
        for number in range(count):
            image = draw.integers(0, 256, (size, size, channels), np.uint8)
            labels = {"class": number % network.classes} if network.classes else {}
            writer.append(image, f"{number}", labels)
    return ImageStore.open(folder)


def _draw_sheet(trainer: Trainer, folder: Path) -> None:
    """A sample sheet, as repro.train.state_folder makes one."""
    pictures = trainer.sheet()
    save_picture(folder / "sheet.png", grid(pictures, SHEET_SIDE), style=Style())
    diversity(pictures)
