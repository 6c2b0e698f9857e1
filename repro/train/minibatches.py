"""Minibatches of real images: where the images come from, and which of them minibatch t holds.

Where in the flow: between a prepared dataset (repro.data.store) and the training step
(repro.train.trainer). A minibatch is a function of (seed, t) alone, so a training resumes from its
step number; nothing else has to be stored.
"""

import math
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from repro import rng
from repro.data.images import to_tensor
from repro.data.store import ImageStore
from repro.devices import moved, use
from repro.specs.training import TrainingSpec
from repro.specs.validation import SpecError
from repro.train.augmentation import augmented
from repro.train.diff_augment import drawn_changes
from repro.train.processes import Processes


class Images:
    """Real images by row: resident on a GPU where they fit, else read from the memory map.

    `low` is the value of black (-1 or 0). With `classes`, the dataset's label `class` is loaded
    too; raises SpecError where a label is not within 0 .. classes - 1.
    """

    def __init__(
        self,
        store: ImageStore,
        rows: np.ndarray,
        device: torch.device,
        *,
        low: int = -1,
        classes: int = 0,
    ) -> None:
        self.store, self.rows, self.device, self.low = store, rows, device, low
        self.labels = _labels(store, classes)[rows] if classes else None
        self.resident: Tensor | None = None
        if device.type == "cuda":
            row_bytes = store.images[0].nbytes
            free, _ = torch.cuda.mem_get_info(device)
            if len(rows) * row_bytes < free // 2:
                self.resident = torch.from_numpy(np.asarray(store.images[rows])).to(device)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, chosen: np.ndarray) -> Tensor:
        """Images (n, C, H, W) float32 in [low, 1], channels_last, on the device."""
        if self.resident is not None:
            pixels = self.resident[moved(torch.from_numpy(chosen), self.device)]
            return pixels.permute(0, 3, 1, 2).float().div_(255 / (1 - self.low)).add_(self.low)
        images = to_tensor(self._read(chosen), low=self.low)
        return moved(images.contiguous(memory_format=torch.channels_last), self.device)

    def _read(self, chosen: np.ndarray) -> np.ndarray:
        """Pixels (n, H, W, C) of the chosen rows in their order; reads the memory map ascending."""
        order = np.argsort(self.rows[chosen], kind="stable")
        pixels = np.empty((len(chosen), *self.store.images.shape[1:]), np.uint8)
        pixels[order] = self.store.images[self.rows[chosen][order]]
        return pixels

    def labels_of(self, chosen: np.ndarray) -> Tensor | None:
        """Labels (n,) int64 on the device, or None for a network without them."""
        if self.labels is None:
            return None
        return moved(torch.from_numpy(self.labels[chosen]), self.device)


def _labels(store: ImageStore, classes: int) -> np.ndarray:
    labels = np.asarray(store.label("class"), np.int64)
    if len(labels) and (labels.min() < 0 or labels.max() >= classes):
        raise SpecError(
            f"{store.folder}: the label `class` lies in {labels.min()} .. {labels.max()}, but the "
            f"network has {classes} classes (0 .. {classes - 1}); set network.classes"
        )
    return labels


class Schedule:
    """Rows of minibatch t, and the networks it trains.

    `processes`: number of processes that share a minibatch; each needs two images for batch
    statistics.
    """

    def __init__(
        self, *, images: int, training: TrainingSpec, seed: int, processes: int = 1
    ) -> None:
        self.images, self.training, self.seed = images, training, seed
        self.smallest = 2 * processes
        sizes = [len(part) for part in self._parts(np.arange(images))]
        self.per_epoch = len(sizes)
        self.length = max(1, self._after(training.epochs))
        self.early = max(1, self._after(training.early_pass))
        self.snapshots = self._snapshots()
        self._epoch, self._batches = -1, [np.arange(0)]

    def _after(self, passes: float) -> int:
        """Minibatches of a number of passes, rounded up; 1.1 passes of 100 are 110, not 111."""
        return math.ceil(round(passes * self.per_epoch, 6))

    def _parts(self, order: np.ndarray) -> list[np.ndarray]:
        """Minibatches of an epoch; the last, partial one is used (authors' data_utils)."""
        batch = self.training.batch
        parts = [order[i : i + batch] for i in range(0, len(order), batch)]
        # too few images for batch statistics, e.g. a single one, join the minibatch before
        if len(parts) > 1 and len(parts[-1]) < self.smallest:
            parts[-2:] = [np.concatenate(parts[-2:])]
        return parts

    def _snapshots(self) -> list[int]:
        """Snapshot steps (numbers of minibatches done), excluding the last."""
        kept = self.training.snapshots
        if isinstance(kept, int):
            steps = {math.ceil(self.length * i / kept) for i in range(1, kept)}
        else:
            steps = {self._after(passes) for passes in kept}
        return sorted(steps - {self.length})

    def rows(self, t: int) -> np.ndarray:
        """Rows of minibatch t; each epoch has its own shuffle."""
        epoch, index = divmod(t, self.per_epoch)
        if epoch != self._epoch:
            order = rng.shuffled(self.images, seed=self.seed, purpose="training order", index=epoch)
            self._epoch, self._batches = epoch, self._parts(order)
        return self._batches[index]

    def trains_d(self, t: int) -> bool:
        return self.training.schedule == "one_of_each" or t % 2 == 1

    def trains_g(self, t: int) -> bool:
        """In the authors' loop the even minibatches train G, the odd ones D."""
        return self.training.schedule == "one_of_each" or t % 2 == 0

    def steps(self, done: int | None = None) -> tuple[int, int]:
        """(D steps, G steps) of the first `done` minibatches, of the whole training by default."""
        done = self.length if done is None else done
        if self.training.schedule == "one_of_each":
            return done, done
        return done // 2, (done + 1) // 2

    def epoch(self, done: int) -> float:
        """Passes over the images after `done` minibatches, rounded to 4 digits."""
        return round(done / self.per_epoch, 4)

    def rate_factor(self, t: int) -> float:
        """Factor of the learning rates at minibatch t (authors' MNIST code).

        It is 1 up to and including the first of the last `decay_epochs` epochs, then falls by 1 /
        decay_epochs per epoch: with 200 epochs and 100 of decay, it ends at 0.01.
        """
        training = self.training
        if training.decay_epochs == 0:
            return 1.0
        into = t // self.per_epoch - (training.epochs - training.decay_epochs)
        return 1.0 - max(0.0, into) / training.decay_epochs


@dataclass(frozen=True)
class Minibatch:
    """This process's share of a minibatch: `n` of its `total` images.

    images (n, C, H, W), or None where only G is trained; labels (n,) int64 or None; draws: of the
    differentiable augmentation (repro.train.diff_augment), None without it.
    """

    n: int
    total: int
    images: Tensor | None
    labels: Tensor | None
    draws: Tensor | None = None


class Minibatches:
    """Minibatch t of a schedule, augmented; a thread reads the next one meanwhile."""

    def __init__(self, *, images: Images, schedule: Schedule, processes: Processes) -> None:
        self.images, self.schedule, self.processes = images, schedule, processes
        self._reader = ThreadPoolExecutor(1, initializer=use, initargs=(images.device,))
        self._ahead: dict[int, Future[Minibatch]] = {}

    def at(self, t: int) -> Minibatch:
        ready = self._ahead.pop(t, None) or self._reader.submit(self._make, t)
        self._ahead = {t + 1: self._reader.submit(self._make, t + 1)}
        return ready.result()

    def _make(self, t: int) -> Minibatch:
        rows = self.schedule.rows(t)
        own = self.processes.share(rows)
        labels = self.images.labels_of(own)
        places = self.processes.share(np.arange(len(rows)))
        training, seed = self.schedule.training, self.schedule.seed
        images = None
        if self.schedule.trains_d(t):
            images = self.images.batch(own)
            if training.augmentation.any:
                images = augmented(
                    images,
                    training.augmentation,
                    low=self.images.low,
                    seed=seed,
                    minibatch=t,
                    places=places,
                )
        draws = None
        if training.diff_augment:
            draws = drawn_changes(seed=seed, minibatch=t, places=places)
            draws = moved(draws, self.images.device)
        return Minibatch(n=len(own), total=len(rows), images=images, labels=labels, draws=draws)
