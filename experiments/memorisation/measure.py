"""Does the generator copy its training images? (paper §4.1; the search itself is ours)

Reads the model, the rows it was trained on and their images. Measures how far samples are from
their nearest training image, in pixels and in features of the model's own discriminator, against
how far training images are from each other, which is as far as a new real image would be. Alone:
python -m experiments.memorisation.measure --spec S.json --input bedrooms.model=DIR
    --input bedrooms.data=DIR --seed 42 --out DIR
"""

from pathlib import Path

import numpy as np
import torch

from experiments.contract import Inputs, Measurement, measure_command
from experiments.memorisation.comparison import compared, share
from experiments.memorisation.options import Options
from experiments.memorisation.search import (
    Found,
    Queries,
    blurred,
    feature_description,
    matching_sigma,
    nearest_training_images,
    pixel_description,
)
from repro.checkpoint import CheckpointError, ModelFolder, draw
from repro.quality import sharpness
from repro.random import generator, shuffled
from repro.store import ImageStore, save_arrays


def measure(inputs: Inputs, options: Options, seed: int, out: Path) -> list[Measurement]:
    """Nearest training images of samples, of training images, and of blurred training images."""
    model, store = inputs.model("bedrooms.model"), inputs.dataset("bedrooms.data")
    rows = _training_rows(model, store)
    queries, sigma = _queries(model, store, rows, options, seed)
    mirrored = model.spec.training.augmentation.flip > 0
    describe = {
        "pixels": pixel_description,
        "features": feature_description(
            model, queries.images["real"], widest=options.feature_width, seed=seed
        ),
    }
    found = {
        space: nearest_training_images(how, queries, store, rows, mirrored=mirrored)
        for space, how in describe.items()
        if how is not None
    }
    unit = 1 / np.sqrt(pixel_description(queries.images["real"][:1]).size)
    partner = np.any(
        [_close(one.distances["real"][:, 0], options.near_identical) for one in found.values()],
        axis=0,
    )
    measurements = [
        _blur(sigma, queries),
        share("near_identical_real", partner, _near_identical_words(options)),
    ]
    table: dict[str, np.ndarray] = {"partner": partner, "sigma": np.array(sigma)}
    for space, one in found.items():
        scale = unit if space == "pixels" else 1.0
        nearest = {kind: one.distances[kind][:, 0] * scale for kind in queries.images}
        table |= {f"{space}_{kind}": values for kind, values in nearest.items()}
        measurements += compared(space, nearest, partner, options, seed)
    save_arrays(out / "distances.npz", quantile=np.array(options.quantile), **table)
    save_arrays(out / "pairs.npz", **_pairs(queries, found, store, rows, options))
    return measurements


def _close(distances: np.ndarray, part: float) -> np.ndarray:
    """Which of (n,) distances are below this part of their median."""
    return distances < part * np.median(distances)


def _training_rows(model: ModelFolder, store: ImageStore) -> np.ndarray:
    """Rows the model saw, ascending; CheckpointError where they cannot be rows of `store`."""
    rows = np.sort(model.training_rows())
    network = model.spec.network
    wanted = (network.image_size, network.image_size, network.channels)
    if len(rows) < 3:
        raise CheckpointError(f"{model.folder}: {len(rows)} training images; at least 3 are wanted")
    if store.images.shape[1:] != wanted or rows[-1] >= len(store):
        raise CheckpointError(
            f"{model.folder} was trained on images {wanted}, the last of row {rows[-1]}; "
            f"{store.folder} holds {store.images.shape}: give the dataset that it was trained on"
        )
    return rows


def _queries(
    model: ModelFolder, store: ImageStore, rows: np.ndarray, options: Options, seed: int
) -> tuple[Queries, float]:
    """Samples; training images at random; the same blurred to the samples' sharpness, its sigma."""
    z = model.latents(options.samples, seed=seed, purpose="memorisation, samples")
    labels = None
    if model.spec.network.classes:
        source = generator(seed, "memorisation, labels of the samples")
        chosen = rows[source.integers(0, len(rows), options.samples)]
        labels = torch.from_numpy(store.label("class")[chosen].astype(np.int64))
    samples = draw(model.generator(), z, labels)
    order = shuffled(len(rows), seed=seed, purpose="memorisation, training images")
    places = np.sort(order[: options.real])
    real = np.asarray(store.images[rows[places]])
    sigma = matching_sigma(real[:500], wanted=float(np.median(sharpness(samples))))
    images = {"samples": samples, "real": real}
    own = {"samples": np.full(len(samples), -1), "real": places}
    if sigma > 0:
        images["blurred"], own["blurred"] = blurred(real, sigma), places
    return Queries(images, own), sigma


def _near_identical_words(options: Options) -> str:
    return (
        "share of the training images drawn that have another nearer than "
        f"{options.near_identical:g} of the median distance to the nearest other, in any space"
    )


def _blur(sigma: float, queries: Queries) -> Measurement:
    return Measurement(
        name="matching_blur",
        value=sigma,
        n=len(queries.images["samples"]),
        unit="pixels",
        protocol=(
            "Gaussian sigma that brings the median sharpness of training images down to that of "
            "the samples; 0: the samples are as sharp or sharper"
        ),
    )


def _pairs(
    queries: Queries,
    found: dict[str, Found],
    store: ImageStore,
    rows: np.ndarray,
    options: Options,
) -> dict[str, np.ndarray]:
    """The samples shown and their nearest training image in each space, most suspicious first.

    Suspicious: near to one training image and far from the next ones; the distance to the nearest
    over that to the tenth (or the last found), in the space where it is smaller.
    """
    count = min(options.shown, options.samples)
    ratios = []
    for one in found.values():
        distances = one.distances["samples"][:count]
        ratios.append(distances[:, 0] / np.maximum(distances[:, -1], 1e-12))
    order = np.argsort(np.min(ratios, axis=0), kind="stable")
    arrays = {"samples": queries.images["samples"][:count][order]}
    for space, one in found.items():
        nearest = rows[one.places["samples"][:count, 0][order]]
        arrays[space] = np.stack([store.images[row] for row in nearest])
    return arrays


if __name__ == "__main__":
    measure_command(measure, Options)
