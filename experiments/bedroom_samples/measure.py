"""Figs 2 and 3 (paper §4.1): bedrooms after one pass and at the end, and how near to real ones.

Reads the bedroom model (its early and final snapshots) and its images; writes both sample sheets,
drawn from the same unpicked z, and kernel distances to real images. Alone:
python -m experiments.bedroom_samples.measure --spec S.json --input bedrooms.model=DIR
    --input bedrooms.data=DIR --seed 42 --out DIR
"""

from pathlib import Path

import numpy as np

from experiments.bedroom_samples.options import Options
from experiments.contract import Inputs, measure_command
from repro.artefacts.arrays import save_arrays
from repro.claims.constructors import student_over
from repro.claims.measurement import Measurement
from repro.data.store import ImageStore
from repro.networks.model_folder import draw
from repro.quality.kernel_distance import (
    block_distances,
    convolution_features,
    frozen_on,
    standardised,
)
from repro.rng import shuffled


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Draw both sheets, then the distances early, late and real against real."""
    model = inputs.model("bedrooms.model")
    early, late = model.generator("early"), model.generator("final")
    z = model.latents(options.rows * options.columns, seed=seed, purpose="bedroom samples, sheet")
    training = model.spec.training
    save_arrays(
        out / "arrays.npz",
        early=draw(early, z),
        late=draw(late, z),
        columns=np.array(options.columns),
        passes=np.array([training.early_epochs, training.epochs]),
    )
    real, other_real = _two_sets(inputs.dataset("bedrooms.data"), count=options.images, seed=seed)
    z = model.latents(len(real), seed=seed, purpose="bedroom samples, distances")
    untrained = model.random_discriminator(options.feature_seed)
    network = frozen_on(untrained, np.concatenate([real, other_real]))
    reference, floor = (convolution_features(network, x) for x in (real, other_real))
    scale = np.concatenate([reference, floor])

    def distances(images: np.ndarray | None) -> np.ndarray:
        features = floor if images is None else convolution_features(network, images)
        return block_distances(
            standardised(features, by=scale),
            standardised(reference, by=scale),
            blocks=options.blocks,
        )

    values = {
        "early": distances(draw(early, z)),
        "late": distances(draw(late, z)),
        "real": distances(None),
    }
    values["early_minus_late"] = values["early"] - values["late"]
    return [_measurement(name, v, images=len(real)) for name, v in values.items()]


def _two_sets(store: ImageStore, *, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two disjoint random sets of real images (n, H, W, C); at most half the store each."""
    count = min(count, len(store) // 2)
    rows = shuffled(len(store), seed=seed, purpose="bedroom samples, real images")
    return store.images[np.sort(rows[:count])], store.images[np.sort(rows[count : 2 * count])]


def _measurement(name: str, values: np.ndarray, *, images: int) -> Measurement:
    return student_over(
        f"kernel_distance_{name}",
        values,
        over="disjoint blocks; one model, one z stream",
        protocol=(
            "unbiased squared MMD, kernel (x.y/F + 1)^3, on features of the discriminator with "
            f"initial weights (not Inception, so not KID), standardised; {images:,} images a kind"
        ),
    )


if __name__ == "__main__":
    measure_command(measure, Options)
