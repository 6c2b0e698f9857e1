"""How sharp samples are next to training images (paper §4.1): the experiment to copy.

Reads the bedroom model and its training images; writes the sharpness of each picture, and measures
by how much samples differ. Alone: python -m experiments._template.measure --spec S.json
    --input bedrooms.model=DIR --input bedrooms.data=DIR --out DIR
"""

from pathlib import Path

import numpy as np

from experiments._template.options import Options
from experiments._template.results import sharpness_measurements
from experiments.contract import Inputs, measure_command
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.data.store import ImageStore
from repro.networks.dcgan import GeneratorNetwork
from repro.networks.model_folder import ModelFolder, draw
from repro.quality.kernel_distance import sharpness
from repro.quality.training_images import training_rows
from repro.rng import shuffled, weights_seed


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Draw samples, take training images, and compare the sharpness of the two."""
    model, store = inputs.model("bedrooms.model"), inputs.dataset("bedrooms.data")
    count = options.images

    control = model.untrained_generator(weights_seed(seed, "_template, untrained network"))
    pictures = {
        "training": _training_images(model, store, most=count, seed=seed),
        "samples": _samples(model, model.generator(), count=count, seed=seed),
        "untrained": _samples(model, control, count=count, seed=seed),
    }
    sharp = {kind: sharpness(images) for kind, images in pictures.items()}
    save_arrays(out / "sharpness.npz", **sharp)
    return sharpness_measurements(sharp, seed=seed)


def _training_images(model: ModelFolder, store: ImageStore, *, most: int, seed: int) -> np.ndarray:
    """A random choice (n, H, W, C) uint8 of the images that the model was trained on."""
    rows = training_rows(model, store)
    chosen = shuffled(len(rows), seed=seed, purpose="_template, training images")[:most]
    return store.images[np.sort(rows[chosen])]


def _samples(model: ModelFolder, G: GeneratorNetwork, *, count: int, seed: int) -> np.ndarray:
    """Unpicked samples of G (count, H, W, C) uint8."""
    return draw(G, model.latents(count, seed=seed, purpose="_template, samples"))


if __name__ == "__main__":
    measure_command(measure, Options)
