"""An endless stream of labelled samples of one generator, in blocks that can be drawn again.

Part of measure.py. Sample i has the label i modulo the classes, so that any first N samples, N a
multiple of the classes, hold each label equally often (the authors drew labels at random). Alone:

    samples = LabelledSamples(ModelFolder.open(DIR), 7820, seed=1, purpose="p", block=10_000)
    samples.at(0)        # (10000, 784) float32
"""

import hashlib

import numpy as np
import torch

from repro.networks.model_folder import CheckpointError, ModelFolder
from repro.rng import weights_seed

AT_ONCE = {"cpu": 500, "cuda": 5_000}  # samples in one pass through G


class LabelledSamples:
    """Samples of the generator that a model kept after minibatch `step`, its statistics frozen.

    step None: the same network with initial weights drawn from `seed` and `purpose`, the untrained
    control.

    A sample depends on the model, seed, purpose, block size and its own number, not on other
    samples. Raises CheckpointError for a model without labels.
    """

    def __init__(
        self,
        model: ModelFolder,
        step: int | None,
        *,
        seed: int,
        purpose: str,
        block: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self.network = model.spec.network
        if self.network.classes == 0:
            raise CheckpointError(
                f"{model.folder}: its generator takes no labels, but labelled samples are wanted; "
                "give a model of kind conditional, or fully_connected with classes"
            )
        self.seed, self.purpose, self.block = seed, purpose, block
        self.model, self.device = model, torch.device(device)
        if step is None:
            initial = weights_seed(seed, f"{purpose}, weights")
            self.weights, G = f"untrained {initial}".encode(), model.untrained_generator(initial)
        else:
            self.weights, G = model.generator_file(step).read_bytes(), model.generator(step)
        self.G = G.to(self.device)

    def labels(self, numbers: np.ndarray) -> np.ndarray:
        """Labels of the samples with these numbers, in the shape of `numbers`."""
        return numbers % self.network.classes

    @torch.no_grad()
    def at(self, number: int) -> np.ndarray:
        """Block `number`, samples number * block onwards: (block, H*W*C) float32 in [0, 1]."""
        z = self.model.latents(self.block, seed=self.seed, purpose=self.purpose, index=number)
        first = number * self.block
        labels = torch.from_numpy(self.labels(np.arange(first, first + self.block)))
        pixels = np.empty((self.block, self.network.pixels), np.float32)
        at_once = AT_ONCE[self.device.type]
        for start in range(0, self.block, at_once):
            part = slice(start, start + at_once)
            drawn = self.G(z[part].to(self.device), labels[part].to(self.device)).float()
            low = self.network.pixel_low
            rows = ((drawn - low) / (1 - low)).permute(0, 2, 3, 1).flatten(1)
            pixels[part] = rows.cpu().numpy()
        return pixels

    def identity(self) -> str:
        """A digest of everything that determines the samples."""
        digest = hashlib.sha256(self.weights)
        digest.update(f"{self.seed} {self.purpose} {self.block} {self.device.type}".encode())
        digest.update(self.network.model_dump_json().encode())
        return digest.hexdigest()
