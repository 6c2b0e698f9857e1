"""Ablations: one recipe, and the same with one setting changed, each trained from several seeds.

Reads all these models and their images; writes, for each, the kernel distance of its samples to
held-out real images and their diversity, and what each change changes, in pairs of one seed. Alone:
python -m experiments.ablations.measure --spec S.json --input ablated.ablations.1=DIR
    --input ablated.ablations.2=DIR ... --input ablated.data=DIR
    --input ablated.validation=DIR --out DIR
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from experiments.ablations.changes import Change, changes_among
from experiments.ablations.options import Options
from experiments.contract import Inputs, measure_command
from repro.artefacts.arrays import save_arrays
from repro.claims.constructors import single_number, student_over
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

DIVERSE = 256  # images in a diversity; the training's monitor takes as many


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Distance and diversity of every training, then the change that each setting makes."""
    changes = changes_among(inputs.models("ablated.ablations"))
    held_out = _some(inputs.dataset("ablated.validation"), options.real, seed, "held out")
    trained_on = _some(inputs.dataset("ablated.data"), len(held_out), seed, "training images")
    untrained = changes[0].models[0].random_discriminator(options.feature_seed)
    distance = _distance_to(held_out, trained_on, untrained)
    samples = {change.name: _samples(change, options.samples, seed) for change in changes}
    distances = [np.array([distance(own) for own in samples[c.name]]) for c in changes]
    whole = diversity(held_out[:DIVERSE])
    diversities = [
        np.array([diversity(own[:DIVERSE]) / whole for own in samples[c.name]]) for c in changes
    ]
    real = distance(trained_on)
    save_arrays(
        out / "arrays.npz",
        distance=np.stack(distances),  # (changes, trainings)
        diversity=np.stack(diversities),
        real_distance=np.array(real),
        samples=np.stack([samples[change.name][0][: options.shown] for change in changes]),
        real_images=held_out[: options.shown],
        names=np.array([change.name for change in changes]),
        words=np.array([change.words for change in changes]),
        steps_d=np.array([change.models[0].description["steps_d"] for change in changes]),
        troubled=np.array([change.troubled for change in changes]),
    )
    protocol = (
        "unbiased squared MMD, kernel (x.y/F + 1)^3, on features of one discriminator with initial "
        f"weights (not Inception, so not KID), standardised; {options.samples:,} samples against "
        f"{len(held_out):,} held-out real images"
    )
    of_diversity = (
        f"of {DIVERSE} samples over that of as many held-out images (repro.train.monitor)"
    )
    return [
        single_number(
            "distance_real",
            real,
            n=1,
            why="a single number",
            protocol=f"training images; {protocol}",
        ),
        *_measurements(changes, distances, "distance", protocol),
        *_measurements(changes, diversities, "diversity", of_diversity),
    ]


def _some(store: ImageStore, count: int, seed: int, kind: str) -> np.ndarray:
    rows = shuffled(len(store), seed=seed, purpose=f"ablations, {kind}")[:count]
    return store.images[np.sort(rows)]


def _samples(change: Change, count: int, seed: int) -> list[np.ndarray]:
    """Of each training (count, H, W, C) uint8; the same z wherever z is distributed alike."""
    purpose = "ablations, samples"
    return [
        draw(model.generator(), model.latents(count, seed=seed, purpose=purpose))
        for model in change.models
    ]


def _distance_to(
    held_out: np.ndarray, others: np.ndarray, untrained: Discriminator
) -> Callable[[np.ndarray], float]:
    """From images to their kernel distance to `held_out`; both real sets standardise features."""
    network = frozen_on(untrained, np.concatenate([held_out, others]))
    reference = convolution_features(network, held_out)
    scale = np.concatenate([reference, convolution_features(network, others)])
    wanted = standardised(reference, by=scale)

    def distance(images: np.ndarray) -> float:
        return polynomial_mmd(standardised(convolution_features(network, images), by=scale), wanted)

    return distance


def _measurements(
    changes: list[Change], values: list[np.ndarray], what: str, protocol: str
) -> list[Measurement]:
    """Mean over trainings of every change, and its difference from the recipe, seed by seed."""
    means = [
        student_over(f"{what}_{change.name}", own, over="trainings", protocol=protocol)
        for change, own in zip(changes, values, strict=True)
    ]
    differences = [
        student_over(
            f"change_in_{what}_{change.name}",
            own - values[0],
            over="pairs of trainings from the same seed",
            protocol=f"with {change.words}, less that of the recipe; {protocol}",
        ).model_copy(update=change.setting)
        for change, own in zip(changes[1:], values[1:], strict=True)
    ]
    return [*means, *differences]


if __name__ == "__main__":
    measure_command(measure, Options)
