"""Ablations: one recipe, and the same with one setting changed, each trained from several seeds.

Reads all these models and their images. Writes the kernel distance of each model's samples to
held-out real images, their diversity, and the effect of each change, paired by seed. Alone:
python -m experiments.ablations.measure --spec S.json --input ablated.ablations.1=DIR
    --input ablated.ablations.2=DIR ... --input ablated.data=DIR
    --input ablated.validation=DIR --out DIR
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from experiments.ablations.changes import Change, changes_among
from experiments.ablations.options import Options
from experiments.ablations.results import DIVERSE, ComparedChange, figure_arrays, measurements
from experiments.contract import Inputs, measure_command
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.data.store import ImageStore
from repro.networks.dcgan import Discriminator
from repro.networks.model_folder import draw
from repro.quality.kernel_distance import (
    convolution_features,
    frozen_on,
    polynomial_mmd,
    standardised,
)
from repro.rng import shuffled
from repro.train.monitor import diversity


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Distance and diversity of every training, then the effect of each change."""
    changes = changes_among(inputs.models("ablated.ablations"))
    held_out = _some(inputs.dataset("ablated.validation"), options.real, seed, "held out")
    trained_on = _some(inputs.dataset("ablated.data"), len(held_out), seed, "training images")
    untrained = changes[0].models[0].random_discriminator(options.feature_seed)
    distance = _distance_to(held_out, trained_on, untrained)
    whole = diversity(held_out[:DIVERSE])
    compared = []
    for change in changes:
        samples = _samples(change, options.samples, seed)
        compared.append(
            ComparedChange(
                change,
                distances=np.array([distance(own) for own in samples]),
                diversities=np.array([diversity(own[:DIVERSE]) / whole for own in samples]),
                shown=samples[0][: options.shown],
            )
        )
    real = distance(trained_on)
    save_arrays(out / "arrays.npz", **figure_arrays(compared, real, held_out[: options.shown]))
    return measurements(compared, real, samples=options.samples, held_out=len(held_out))


def _some(store: ImageStore, count: int, seed: int, kind: str) -> np.ndarray:
    """At most `count` random images of a dataset, (n, H, W, C) uint8."""
    rows = shuffled(len(store), seed=seed, purpose=f"ablations, {kind}")[:count]
    return store.images[np.sort(rows)]


def _samples(change: Change, count: int, seed: int) -> list[np.ndarray]:
    """Samples of each training, (count, H, W, C) uint8; same z for the same distribution."""
    purpose = "ablations, samples"
    return [
        draw(model.generator(), model.latents(count, seed=seed, purpose=purpose))
        for model in change.models
    ]


def _distance_to(
    held_out: np.ndarray, others: np.ndarray, untrained: Discriminator
) -> Callable[[np.ndarray], float]:
    """The kernel distance of images to `held_out`, as a function of the images.

    Features are those of `untrained`; both real sets, `held_out` and `others`, standardise them.
    """
    network = frozen_on(untrained, np.concatenate([held_out, others]))
    reference = convolution_features(network, held_out)
    scale = np.concatenate([reference, convolution_features(network, others)])
    wanted = standardised(reference, by=scale)

    def distance(images: np.ndarray) -> float:
        return polynomial_mmd(standardised(convolution_features(network, images), by=scale), wanted)

    return distance


if __name__ == "__main__":
    measure_command(measure, Options)
