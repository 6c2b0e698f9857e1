"""Generated digits as the reference set of a nearest-neighbour classifier (Table 3, Fig 9; §8.1).

Reads MNIST in three parts and the conditional DCGAN and its fully connected baseline, each trained
once or more. The validation digits choose among the generators that a training kept; then the test
digits are looked up, once, among real digits and among up to ten million samples. Alone:
python -m experiments.mnist_neighbours.measure --input mnist.data=DIR --input mnist.validation=DIR
    --input mnist.test=DIR --input mnist.models.1=DIR --input mnist.baselines.1=DIR --out DIR
"""

from functools import partial
from pathlib import Path

import numpy as np
import torch

from experiments.contract import Inputs, measure_command
from experiments.mnist_neighbours.options import Options
from experiments.mnist_neighbours.references import (
    ChosenGenerator,
    choose_generator,
    nearest_generated,
    nearest_real,
    pixels,
    selection_arrays,
)
from experiments.mnist_neighbours.results import error_arrays, measurements
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.data.store import ImageStore
from repro.devices import chosen_device
from repro.networks.model_folder import draw
from repro.quality.training_images import require_size
from repro.rng import generator
from repro.specs.validation import SpecError

ROWS = {"dcgan": "mnist.models", "gan": "mnist.baselines"}
SHOWN = 7  # of each digit in Fig 9, at most


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Choose generators by the validation digits, then classify the test digits."""
    train, validation = inputs.dataset("mnist.data"), inputs.dataset("mnist.validation")
    _check_digits(train)
    device = chosen_device(options.device)
    choose = partial(
        choose_generator,
        samples=options.selection_samples,
        block=options.block,
        seed=seed,
        device=device,
    )
    chosen = {
        row: [
            choose(model, validation, state=_state(inputs, row, number))
            for number, model in enumerate(inputs.models(slot), 1)
        ]
        for row, slot in ROWS.items()
    }

    test = inputs.dataset("mnist.test")  # opened here, after all choices
    require_size(test, chosen["dcgan"][0].model)
    digits, labels = pixels(test), test.label("class").astype(np.int64)
    real, real_all = nearest_real(digits, train, validation)
    look_up = partial(
        nearest_generated,
        digits,
        counts=options.counts,
        block=options.block,
        seed=seed,
        device=device,
    )
    found = {
        row: [
            look_up(choice, state=_state(inputs, row, number))
            for number, choice in enumerate(choices, 1)
        ]
        for row, choices in chosen.items()
    }

    untrained = {
        row: [
            look_up(
                choices[(number - 1) % len(choices)],
                untrained=number,
                state=_state(inputs, row, number),
            )
            for number in range(1, max(options.untrained, len(choices)) + 1)
        ]
        for row, choices in chosen.items()
    }

    few = options.few
    arrays = error_arrays({"real": [real], **found}, labels, few=few)
    save_arrays(out / "errors.npz", **arrays)
    save_arrays(out / "selection.npz", **selection_arrays(chosen))
    save_arrays(out / "digits.npz", **_digits_shown(train, chosen, seed))
    return measurements(real, real_all, found, labels, few=few, seed=seed, untrained=untrained)


def _state(inputs: Inputs, row: str, number: int) -> Path | None:
    """Folder of the unfinished searches of one training."""
    return inputs.state / f"{row}_{number}" if inputs.state else None


def _check_digits(train: ImageStore) -> None:
    """Raises SpecError where there are too few digits of a class to show (Fig 9)."""
    there = np.bincount(train.label("class"), minlength=10)
    if there.min() < SHOWN:
        raise SpecError(
            f"{train.folder}: {there.min()} digits of class {there.argmin()}; at least {SHOWN} of "
            "each of ten classes are wanted: give more training digits"
        )


def _digits_shown(
    train: ImageStore, chosen: dict[str, list[ChosenGenerator]], seed: int
) -> dict[str, np.ndarray]:
    """Fig 9: digits of each class drawn at random, none picked; (classes, 7, H, W) uint8 by row."""
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
