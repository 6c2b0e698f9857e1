"""The reference sets of Table 3: samples of a generator chosen by validation digits; real digits.

Part of measure.py. Validation digits choose among the generators that a training kept
(`choose_generator`); the test digits are then looked up among its samples (`nearest_generated`) and
among real digits (`nearest_real`). Alone:
`choose_generator(ModelFolder.open(DIR), ImageStore.open(DIR), samples=1000, ...)`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from experiments.mnist_neighbours.results import NearestReferences
from experiments.mnist_neighbours.samples import LabelledSamples
from experiments.mnist_neighbours.search import nearest_samples
from repro.data.store import ImageStore
from repro.networks.model_folder import ModelFolder
from repro.quality.neighbours import Nearest
from repro.quality.training_images import require_size


@dataclass(frozen=True)
class ChosenGenerator:
    """The generator of one training that made the fewest errors on the validation digits.

    tried (K, 2): the minibatches after which a generator was kept, the error of each in percent.
    """

    model: ModelFolder
    tried: np.ndarray

    @property
    def place(self) -> int:
        """Index of the generator with the fewest errors, among K; the earliest on a tie."""
        return int(self.tried[:, 1].argmin())

    @property
    def step(self) -> int:
        """The minibatch after which it was kept."""
        return int(self.tried[self.place, 0])

    @property
    def epochs(self) -> np.ndarray:
        """Passes over the training digits at each of the K minibatches tried, (K,)."""
        return self.tried[:, 0] / self.model.description["minibatches_per_epoch"]


def choose_generator(
    model: ModelFolder,
    validation: ImageStore,
    *,
    samples: int,
    block: int,
    seed: int,
    device: torch.device,
    state: Path | None,
) -> ChosenGenerator:
    """Try each generator that a training kept: the validation digits among `samples` samples.

    block: samples drawn at a time; state: folder of unfinished searches, None to keep none. Raises
    SpecError where the digits have another size.
    """
    require_size(validation, model)
    digits, labels = pixels(validation), validation.label("class")
    tried = []
    for step in model.snapshots():
        stream = LabelledSamples(
            model,
            step,
            seed=seed,
            purpose=f"mnist neighbours, selection, model seed {model.seed}",
            block=min(block, samples),
            device=device,
        )
        found = nearest_samples(
            stream,
            digits,
            (samples,),
            state=state / f"selection_{step:08d}.npz" if state else None,
        )
        tried.append((step, 100 * np.mean(stream.labels(found.numbers[0]) != labels)))
    return ChosenGenerator(model, np.array(tried, np.float64))


def nearest_generated(
    digits: np.ndarray,
    choice: ChosenGenerator,
    *,
    untrained: int | None = None,
    counts: tuple[int, ...],
    block: int,
    seed: int,
    device: torch.device,
    state: Path | None,
) -> NearestReferences:
    """The nearest sample of each test digit (T, F) at all counts, without samples of the choice.

    untrained: for the control, the number of a network with initial weights in place of the choice.
    state: folder of unfinished searches, None to keep none.
    """
    step: int | None = choice.step
    file, purpose = "test.npz", f"mnist neighbours, test, model seed {choice.model.seed}"
    if untrained is not None:
        step, file, purpose = None, "untrained.npz", f"mnist neighbours, untrained {untrained}"
    samples = LabelledSamples(
        choice.model, step, seed=seed, purpose=purpose, block=block, device=device
    )
    found = nearest_samples(samples, digits, counts, state=state / file if state else None)
    return NearestReferences(found.counts, samples.labels(found.numbers), found.distances)


def nearest_real(
    digits: np.ndarray, train: ImageStore, validation: ImageStore
) -> tuple[NearestReferences, NearestReferences]:
    """The nearest training digit of each test digit; the nearest training or validation digit."""
    search, labels = Nearest(digits), np.array([], np.int64)
    found = []
    for more in (train, validation):
        search.see(pixels(more))
        labels = np.concatenate([labels, more.label("class")])
        predicted = labels[search.indices]  # (T, 1)
        found.append(NearestReferences(np.array([search.seen]), predicted.T, search.distances.T))
    return found[0], found[1]


def pixels(store: ImageStore) -> np.ndarray:
    """All pictures of a dataset, (N, F) float32 in [0, 1]."""
    return store.images.reshape(len(store), -1).astype(np.float32) / np.float32(255)


def selection_arrays(chosen: dict[str, list[ChosenGenerator]]) -> dict[str, np.ndarray]:
    """By training: passes over the digits and validation error (%), (K, 2); the chosen one's index.

    chosen: by row one ChosenGenerator per training.
    """
    arrays = {}
    for row, choices in chosen.items():
        for number, choice in enumerate(choices, 1):
            curve = np.stack([choice.epochs, choice.tried[:, 1]], axis=1)
            arrays[f"{row}_{number}"] = curve
            arrays[f"{row}_{number}_chosen"] = np.array(choice.place)
    return arrays
