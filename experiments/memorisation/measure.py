"""Does the generator copy its training images? (paper §4.1; the search itself is ours)

Reads the model, the rows it was trained on and their images. Measures how far samples are from
their nearest training image, in pixels and in features of the model's own discriminator, against
how far training images are from each other, which is as far as a new real image would be; and,
where the run has them, against held-out real images, and the same of a model trained without
de-duplication. Alone:
python -m experiments.memorisation.measure --spec S.json --input bedrooms.model=DIR
    --input bedrooms.data=DIR [--input bedrooms.validation=DIR] [--input bedrooms.baseline=DIR]
    --seed 42 --out DIR
"""

from pathlib import Path

import numpy as np

from experiments.contract import Inputs, measure_command
from experiments.memorisation.comparison import compared, share
from experiments.memorisation.options import Options
from experiments.memorisation.paired import differences, refuse_unpaired
from experiments.memorisation.study import Study, study
from repro.artefacts.arrays import save_arrays
from repro.claims.constructors import single_number
from repro.claims.measurement import Measurement
from repro.networks.model_folder import ModelFolder
from repro.quality.training_images import picture_shape
from repro.rng import shuffled
from repro.specs.validation import SpecError

WITHOUT = "_without_dedup"  # behind the names of the baseline's measurements


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Nearest training images of samples and of real images, for one model or for both."""
    model, store = inputs.model("bedrooms.model"), inputs.dataset("bedrooms.data")
    held_out = _held_out(inputs, model, options, seed)
    found = study(model, store, held_out, options, seed=seed)
    measurements = _measurements(found, options, seed, suffix="")
    arrays = _distances(found, suffix="")
    if inputs.has("bedrooms.baseline"):
        baseline = inputs.model("bedrooms.baseline")
        refuse_unpaired(model, baseline)
        other = study(baseline, store, held_out, options, seed=seed)
        measurements += _measurements(other, options, seed, suffix=WITHOUT)
        measurements += differences(found, other, options, seed=seed)
        arrays |= _distances(other, suffix=WITHOUT)
    save_arrays(out / "distances.npz", quantile=np.array(options.quantile), **arrays)
    save_arrays(out / "pairs.npz", **_pairs(found, options))
    return measurements


def _held_out(inputs: Inputs, model: ModelFolder, options: Options, seed: int) -> np.ndarray | None:
    """Real images (n, H, W, C) that were held out, `options.real` at most; None without any.

    Raises SpecError where they are not of the model's size.
    """
    if not inputs.has("bedrooms.validation"):
        return None
    store = inputs.dataset("bedrooms.validation")
    if store.images.shape[1:] != picture_shape(model):
        raise SpecError(
            f"{store.folder}: held-out images {store.images.shape[1:]}, but {model.folder} was "
            f"trained on {picture_shape(model)}; prepare both datasets at one image_size"
        )
    order = shuffled(len(store), seed=seed, purpose="memorisation, held-out images")
    return np.asarray(store.images[np.sort(order[: options.real])])


def _measurements(found: Study, options: Options, seed: int, *, suffix: str) -> list[Measurement]:
    made = [
        _blur(found, suffix=suffix),
        share(f"near_identical_real{suffix}", found.partner, _near_identical_words(options)),
    ]
    if "held_out" in found.nearest["pixels"]:
        same = found.nearest["pixels"]["held_out"] == 0
        words = "share of the held-out images that equal a training image, pixel for pixel"
        made.append(share(f"held_out_seen{suffix}", same, words))
    for space in found.nearest:
        made += compared(found, space, options, seed=seed, model=suffix)
    return made


def _near_identical_words(options: Options) -> str:
    return (
        "share of the training images drawn that have another nearer than "
        f"{options.near_identical:g} of the median distance to the nearest other, in any space"
    )


def _blur(found: Study, *, suffix: str) -> Measurement:
    return single_number(
        f"matching_blur{suffix}",
        found.sigma,
        n=len(found.queries.images["samples"]),
        why="a single number",
        unit="pixels",
        protocol=(
            "Gaussian sigma that brings the median sharpness of training images down to that of "
            "the samples; 0: the samples are as sharp or sharper"
        ),
    )


def _distances(found: Study, *, suffix: str) -> dict[str, np.ndarray]:
    """Distances to the nearest training image by space and kind, for the figure."""
    arrays = {f"partner{suffix}": found.partner, f"sigma{suffix}": np.array(found.sigma)}
    for space, nearest in found.nearest.items():
        arrays |= {f"{space}_{kind}{suffix}": values for kind, values in nearest.items()}
    return arrays


def _pairs(found: Study, options: Options) -> dict[str, np.ndarray]:
    """The samples shown and their nearest training image in each space, most suspicious first.

    Suspicious: near to one training image and far from the next ones; the distance to the nearest
    over that to the tenth (or the last found), in the space where it is smaller.
    """
    count = min(options.shown, options.samples)
    ratios = []
    for one in found.found.values():
        distances = one.distances["samples"][:count]
        ratios.append(distances[:, 0] / np.maximum(distances[:, -1], 1e-12))
    order = np.argsort(np.min(ratios, axis=0), kind="stable")
    arrays = {"samples": found.queries.images["samples"][:count][order]}
    for space, one in found.found.items():
        nearest = found.rows[one.places["samples"][:count, 0][order]]
        arrays[space] = np.stack([found.store.images[row] for row in nearest])
    return arrays


if __name__ == "__main__":
    measure_command(measure, Options)
