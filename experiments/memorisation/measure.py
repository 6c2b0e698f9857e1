"""Does the generator copy its training images? (paper §4.1; the search itself is ours)

Reads the model, the rows on which it was trained and their images. Measures the distance of samples
to their nearest training image, in pixels and in features of the model's own discriminator, and
compares it with the distance of training images to each other, which is that of a new real image.
The same is measured for planted copies of training images, which must be found. Where the run has
them, held-out images are looked up as well, and the samples of a model trained without
de-duplication. Writes distances.npz and pairs.npz for the figures. Alone:
python -m experiments.memorisation.measure --spec S.json --input bedrooms.model=DIR
    --input bedrooms.data=DIR [--input bedrooms.validation=DIR] [--input bedrooms.baseline=DIR]
    --out DIR
"""

from functools import partial
from pathlib import Path

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.memorisation.multiverse import distance_universes
from experiments.memorisation.names import WITHOUT_DEDUP
from experiments.memorisation.options import Options
from experiments.memorisation.results import model_measurements, paired_measurements
from experiments.memorisation.study import Study, study
from repro.artefacts.arrays import save_arrays
from repro.claims.measurement import Measurement
from repro.claims.multiverse import write_multiverse
from repro.data.store import ImageStore
from repro.networks.model_folder import CheckpointError, ModelFolder
from repro.quality.training_images import require_size
from repro.rng import shuffled


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Nearest training images of samples and of real images, for one model or for both."""
    quantile, near_identical = options.quantile, options.near_identical
    look_up = partial(
        study,
        samples=options.samples,
        real=options.real,
        near_identical=near_identical,
        feature_width=options.feature_width,
        seed=seed,
    )
    state = partial(model_measurements, quantile=quantile, near_identical=near_identical, seed=seed)

    model, store = inputs.model("bedrooms.model"), inputs.dataset("bedrooms.data")
    held_out = None
    if inputs.has("bedrooms.validation"):
        validation = inputs.dataset("bedrooms.validation")
        held_out = _held_out(validation, model, most=options.real, seed=seed)
    found = look_up(model, store, held_out)
    measurements = state(found, suffix="")
    arrays = _distances(found, suffix="")
    given = options.multiverse.not_nearer_than_real
    if given is not None:
        others = distance_universes(
            found,
            model,
            given=given,
            feature_width=options.feature_width,
            seed=seed,
        )
        write_multiverse(out, others)

    if inputs.has("bedrooms.baseline"):
        baseline = inputs.model("bedrooms.baseline")
        _refuse_unpaired(model, baseline)
        other = look_up(baseline, store, held_out)
        measurements += state(other, suffix=WITHOUT_DEDUP)
        measurements += paired_measurements(found, other, quantile=quantile, seed=seed)
        arrays |= _distances(other, suffix=WITHOUT_DEDUP)

    save_arrays(out / "distances.npz", quantile=np.array(quantile), **arrays)
    save_arrays(out / "pairs.npz", **_pairs(found, shown=options.shown))
    return measurements


def _held_out(store: ImageStore, model: ModelFolder, *, most: int, seed: int) -> np.ndarray:
    """`most` random held-out real images (n, H, W, C).

    Raises SpecError where they do not have the model's size.
    """
    require_size(store, model)
    order = shuffled(len(store), seed=seed, purpose="memorisation, held-out images")
    return np.asarray(store.images[np.sort(order[:most])])


def _refuse_unpaired(model: ModelFolder, baseline: ModelFolder) -> None:
    """Raise CheckpointError unless the two models take the same z."""
    own, other = (
        (one.spec.network.z_dim, one.spec.network.z_distribution, one.spec.network.classes)
        for one in (model, baseline)
    )
    if own != other:
        raise CheckpointError(
            f"{baseline.folder} takes z of {other[0]} numbers ({other[1]}, {other[2]} classes), "
            f"{model.folder} of {own[0]} ({own[1]}, {own[2]}): the same z cannot be given to both; "
            "train the two with the same network"
        )


def _distances(found: Study, *, suffix: str) -> dict[str, np.ndarray]:
    """Distances to the nearest training image by space and kind, for the figure."""
    arrays = {f"partner{suffix}": found.partner}
    for space, nearest in found.nearest.items():
        arrays |= {f"{space}_{kind}{suffix}": values for kind, values in nearest.items()}
    return arrays


def _pairs(found: Study, *, shown: int) -> dict[str, np.ndarray]:
    """The first `shown` samples and their nearest training images, most suspicious first.

    A sample is suspicious where it is near to one training image and far from the next ones: the
    distance to the nearest over that to the tenth (or the last found) is small, in the space where
    it is smaller.
    """
    samples = {space: by_kind["samples"] for space, by_kind in found.found.items()}
    ratios = [
        nearest.distances[:shown, 0] / np.maximum(nearest.distances[:shown, -1], 1e-12)
        for nearest in samples.values()
    ]
    order = np.argsort(np.min(ratios, axis=0), kind="stable")
    arrays = {"samples": found.queries.images["samples"][:shown][order]}
    for space, nearest in samples.items():
        rows = found.rows[nearest.places[:shown, 0][order]]
        arrays[space] = np.stack([found.store.images[row] for row in rows])
    return arrays


if __name__ == "__main__":
    measure_command(measure, Options)
