"""Real images in minibatches: where they come from, and which of them minibatch t holds.

Between a prepared dataset (repro.store) and the training loop (repro.train). Both classes are
functions of their arguments only: nothing has to be stored to resume a training but its step.
"""

import math

import numpy as np
import torch
from torch import Tensor

from repro import random
from repro.images import to_tensor
from repro.specs import TrainingSpec
from repro.store import ImageStore


class Images:
    """Real images by row: resident on a GPU where they fit, else read from the memory map."""

    def __init__(self, store: ImageStore, rows: np.ndarray, device: torch.device) -> None:
        self.store, self.rows, self.device = store, rows, device
        self.resident: Tensor | None = None
        if device.type == "cuda":
            row_bytes = store.images[0].nbytes
            free, _ = torch.cuda.mem_get_info(device)
            if len(rows) * row_bytes < free // 2:
                self.resident = torch.from_numpy(np.asarray(store.images[rows])).to(device)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, chosen: np.ndarray) -> Tensor:
        """Images (n, C, H, W) float32 in [-1, 1], channels_last, on the device."""
        if self.resident is not None:
            pixels = self.resident[torch.from_numpy(chosen).to(self.device)]
            return pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        # ascending rows read a memory map in one direction; the order within a batch is immaterial
        images = to_tensor(np.asarray(self.store.images[np.sort(self.rows[chosen])]))
        return images.to(self.device).contiguous(memory_format=torch.channels_last)


class Schedule:
    """Which rows minibatch t holds and which networks it trains."""

    def __init__(self, *, images: int, training: TrainingSpec, seed: int) -> None:
        self.images, self.training, self.seed = images, training, seed
        sizes = [len(part) for part in self._parts(np.arange(images))]
        self.per_epoch = len(sizes)
        self.length = max(1, math.ceil(training.epochs * self.per_epoch))
        self.early = max(1, math.ceil(training.early_epochs * self.per_epoch))
        self._epoch, self._batches = -1, [np.arange(0)]

    def _parts(self, order: np.ndarray) -> list[np.ndarray]:
        """Minibatches of an epoch; the last, partial one is used (authors' data_utils)."""
        batch = self.training.batch
        parts = [order[i : i + batch] for i in range(0, len(order), batch)]
        # a single image has no batch statistics: it joins the minibatch before it
        if len(parts) > 1 and len(parts[-1]) == 1:
            parts[-2:] = [np.concatenate(parts[-2:])]
        return parts

    def rows(self, t: int) -> np.ndarray:
        """Rows of minibatch t; each epoch has its own shuffle."""
        epoch, index = divmod(t, self.per_epoch)
        if epoch != self._epoch:
            order = random.shuffled(
                self.images, seed=self.seed, purpose="training order", index=epoch
            )
            self._epoch, self._batches = epoch, self._parts(order)
        return self._batches[index]

    def trains_d(self, t: int) -> bool:
        return self.training.schedule == "one_of_each" or t % 2 == 1

    def trains_g(self, t: int) -> bool:
        """In the authors' loop the even minibatches train G, the odd ones D."""
        return self.training.schedule == "one_of_each" or t % 2 == 0

    def steps(self) -> tuple[int, int]:
        """(D steps, G steps) of the whole training."""
        if self.training.schedule == "one_of_each":
            return self.length, self.length
        return self.length // 2, (self.length + 1) // 2
