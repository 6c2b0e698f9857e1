"""Generated digits as the reference set of a nearest-neighbour classifier (Table 3, Fig 9; §8.1).

Reads MNIST in three parts and the conditional DCGAN and its fully connected baseline, each trained
once or more. Of the generators that a training kept, the validation digits choose one; then the
test digits are looked up, once, among real digits and among up to ten million samples. Alone:
python -m experiments.mnist_neighbours.measure --input mnist.data=DIR --input mnist.validation=DIR
    --input mnist.test=DIR --input mnist.models.1=DIR --input mnist.baselines.1=DIR --out DIR
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from experiments.contract import Inputs, measure_command
from experiments.mnist_neighbours.options import Options
from experiments.mnist_neighbours.results import NearestReferences, measurements
from experiments.mnist_neighbours.samples import LabelledSamples
from experiments.mnist_neighbours.search import nearest_samples
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.data.store import ImageStore
from repro.devices import chosen_device
from repro.networks.model_folder import CheckpointError, ModelFolder, draw
from repro.quality.neighbours import Nearest
from repro.rng import generator
from repro.specs.validation import SpecError

ROWS = {"dcgan": "mnist.models", "gan": "mnist.baselines"}
SHOWN = 7  # of each digit in Fig 9, at most


@dataclass(frozen=True)
class ChosenGenerator:
    """The generator of one training that made the fewest errors on the validation digits.

    tried (K, 2): the minibatches after which one was kept, the error of each in percent.
    """

    model: ModelFolder
    tried: np.ndarray

    @property
    def place(self) -> int:
        """The one with the fewest errors, among K; of equal ones the earliest."""
        return int(self.tried[:, 1].argmin())

    @property
    def step(self) -> int:
        """The minibatch after which it was kept."""
        return int(self.tried[self.place, 0])

    @property
    def epochs(self) -> np.ndarray:
        """Passes over the training digits at each of the K minibatches tried, (K,)."""
        return self.tried[:, 0] / self.model.description["minibatches_per_epoch"]


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Choose generators by the validation digits, then classify the test digits."""
    train, validation = inputs.dataset("mnist.data"), inputs.dataset("mnist.validation")
    _check_digits(train)
    device = chosen_device(options.device)
    chosen = {
        row: [
            _chosen(model, validation, options, seed, device, _state(inputs, f"{row}_{number}"))
            for number, model in enumerate(inputs.models(slot), 1)
        ]
        for row, slot in ROWS.items()
    }
    test = inputs.dataset("mnist.test")  # opened here, after all choices
    _check_size(chosen["dcgan"][0].model, test)
    digits, labels = _pixels(test), test.label("class").astype(np.int64)
    real, real_all = _among_real(digits, train, validation)
    found = {
        row: [
            _classified(choice, digits, options, seed, device, _state(inputs, f"{row}_{number}"))
            for number, choice in enumerate(choices, 1)
        ]
        for row, choices in chosen.items()
    }
    arrays = _arrays({"real": [real], **found})
    save_arrays(out / "errors.npz", labels=labels, few=np.array(options.few), **arrays)
    save_arrays(out / "selection.npz", **_selection(chosen))
    save_arrays(out / "digits.npz", **_digits_shown(train, chosen, seed))
    return measurements(real, real_all, found, labels, options, seed=seed)


def _state(inputs: Inputs, name: str) -> Path | None:
    return inputs.state / name if inputs.state else None


def _chosen(
    model: ModelFolder,
    validation: ImageStore,
    options: Options,
    seed: int,
    device: torch.device,
    state: Path | None,
) -> ChosenGenerator:
    """All generators of a training that were kept, tried on the validation digits."""
    _check_size(model, validation)
    digits, labels = _pixels(validation), validation.label("class")
    tried = []
    for step in model.snapshots():
        samples = LabelledSamples(
            model,
            step,
            seed=seed,
            purpose=f"mnist neighbours, selection, model seed {model.seed}",
            block=min(options.block, options.selection_samples),
            device=device,
        )
        found = nearest_samples(
            samples,
            digits,
            (options.selection_samples,),
            state=state / f"selection_{step:08d}.npz" if state else None,
        )
        tried.append((step, 100 * np.mean(samples.labels(found.numbers[0]) != labels)))
    return ChosenGenerator(model, np.array(tried, np.float64))


def _classified(
    choice: ChosenGenerator,
    digits: np.ndarray,
    options: Options,
    seed: int,
    device: torch.device,
    state: Path | None,
) -> NearestReferences:
    """The test digits, each by its nearest sample, at all counts; samples unseen before."""
    samples = LabelledSamples(
        choice.model,
        choice.step,
        seed=seed,
        purpose=f"mnist neighbours, test, model seed {choice.model.seed}",
        block=options.block,
        device=device,
    )
    state_file = state / "test.npz" if state else None
    found = nearest_samples(samples, digits, options.counts, state=state_file)
    return NearestReferences(found.counts, samples.labels(found.numbers), found.distances)


def _among_real(
    digits: np.ndarray, train: ImageStore, validation: ImageStore
) -> tuple[NearestReferences, NearestReferences]:
    """The same classifier with real digits: the training ones; these and the validation ones."""
    search, labels = Nearest(digits), np.array([], np.int64)
    found = []
    for more in (train, validation):
        search.see(_pixels(more))
        labels = np.concatenate([labels, more.label("class")])
        predicted = labels[search.indices]  # (T, 1)
        found.append(NearestReferences(np.array([search.seen]), predicted.T, search.distances.T))
    return found[0], found[1]


def _check_digits(train: ImageStore) -> None:
    """Raises SpecError where there are too few digits of a class to show (Fig 9)."""
    there = np.bincount(train.label("class"), minlength=10)
    if there.min() < SHOWN:
        raise SpecError(
            f"{train.folder}: {there.min()} digits of class {there.argmin()}; at least {SHOWN} of "
            "each of ten classes are wanted: give more training digits"
        )


def _check_size(model: ModelFolder, store: ImageStore) -> None:
    network = model.spec.network
    wanted = (network.image_size, network.image_size, network.channels)
    if store.images.shape[1:] != wanted:
        raise CheckpointError(
            f"{model.folder} draws pictures {wanted}, {store.folder} holds "
            f"{store.images.shape[1:]}; give digits of one size"
        )


def _pixels(store: ImageStore) -> np.ndarray:
    """Pictures (N, F) float32 in [0, 1]."""
    return store.images.reshape(len(store), -1).astype(np.float32) / np.float32(255)


def _arrays(found: dict[str, list[NearestReferences]]) -> dict[str, np.ndarray]:
    """What the figures need: counts (C,), predicted and distances (R, C, T) of each row."""
    arrays = {}
    for row, trainings in found.items():
        arrays[f"{row}_counts"] = trainings[0].counts
        arrays[f"{row}_predicted"] = np.stack([one.predicted for one in trainings]).astype(np.uint8)
        distances = np.stack([one.distances for one in trainings])
        arrays[f"{row}_distances"] = distances.astype(np.float32)
    return arrays


def _selection(chosen: dict[str, list[ChosenGenerator]]) -> dict[str, np.ndarray]:
    """Of each training: passes over the digits and validation error (%), (K, 2); chosen: place."""
    arrays = {}
    for row, choices in chosen.items():
        for number, choice in enumerate(choices, 1):
            curve = np.stack([choice.epochs, choice.tried[:, 1]], axis=1)
            arrays[f"{row}_{number}"] = curve
            arrays[f"{row}_{number}_chosen"] = np.array(choice.place)
    return arrays


def _digits_shown(
    train: ImageStore, chosen: dict[str, list[ChosenGenerator]], seed: int
) -> dict[str, np.ndarray]:
    """Fig 9: of each class, digits drawn at random, none picked; (classes, 7, H, W) uint8 each."""
    labels = train.label("class")
    source = generator(seed, "mnist neighbours, real digits shown")
    classes = chosen["dcgan"][0].model.spec.network.classes
    rows = [
        source.choice(np.flatnonzero(labels == one), SHOWN, replace=False) for one in range(classes)
    ]
    shown = {"real": np.stack([train.images[row, ..., 0] for row in rows])}
    y = torch.arange(classes).repeat_interleave(SHOWN)
    for row, choices in chosen.items():
        model = choices[0].model
        z = model.latents(len(y), seed=seed, purpose="mnist neighbours, samples shown")
        pictures = draw(model.generator(choices[0].step), z, y)[..., 0]
        shown[row] = pictures.reshape(classes, SHOWN, *pictures.shape[1:])
    return shown


if __name__ == "__main__":
    measure_command(measure, Options)
