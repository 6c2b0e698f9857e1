"""One model's samples and real images with their nearest training images, in each space.

Part of measure.py, which creates one for the model and one for the model trained without
de-duplication, from the same z. search.py lists the kinds of image that are looked up.
"""

from dataclasses import dataclass

import numpy as np
import torch

from experiments.memorisation.search import (
    Queries,
    blurred,
    feature_description,
    look_up,
    matching_sigma,
    pixel_description,
)
from repro.data.images import spread
from repro.data.store import ImageStore
from repro.networks.dcgan import GeneratorNetwork
from repro.networks.model_folder import ModelFolder, draw
from repro.quality.kernel_distance import sharpness
from repro.quality.training_images import NearestImages, mirrors, training_rows
from repro.rng import generator, shuffled

BLURRED_BY = 500  # training images whose median sharpness sets the blur


@dataclass(frozen=True)
class Study:
    """The images looked up for one model, and the results."""

    store: ImageStore
    rows: np.ndarray  # (N,) training images, ascending; places in `found` are among them
    queries: Queries
    found: dict[str, dict[str, NearestImages]]  # space -> kind -> (n, k), k the neighbours
    nearest: dict[str, dict[str, np.ndarray]]  # space -> kind -> distances (n,) to the nearest
    partner: np.ndarray  # (real,) has a near-identical other training image
    sigma: float  # pixels: the blur that matches the samples' sharpness

    def references(self, space: str) -> dict[str, np.ndarray]:
        """Distances of each kind of real image compared with samples, by suffix of the names.

        "": training images against the others, without near-identical ones, provided that two
        remain; _held_out: images that the model has not seen; _blur_matched: blurred to the
        samples' sharpness, or unchanged where there is nothing to match.
        """
        nearest = self.nearest[space]
        made = {
            "": nearest["real"][~self.partner],
            "_blur_matched": nearest.get("blurred", nearest["real"])[~self.partner],
        }
        if self.partner.any():
            made["_with_partners"] = nearest["real"]
        if "held_out" in nearest:
            made["_held_out"] = nearest["held_out"]
            made["_held_out_blur_matched"] = nearest.get("held_out_blurred", nearest["held_out"])
        return {suffix: real for suffix, real in made.items() if len(real) > 1}


def study(
    model: ModelFolder,
    store: ImageStore,
    held_out: np.ndarray | None,
    *,
    samples: int,
    real: int,
    near_identical: float,
    feature_width: int,
    seed: int,
    untrained_seed: int | None = None,
) -> Study:
    """Look up samples, training images and held-out images (n, H, W, C) uint8, blurred ones too.

    samples, real: numbers of samples, and of training images at most; near_identical: share of the
    median distance below which the nearest other image is a partner; feature_width: number above
    which features are projected; untrained_seed: for the weights of an untrained generator, whose
    pictures of the same z are looked up as well. Raises CheckpointError where `store` is not the
    dataset on which the model was trained.
    """
    rows = training_rows(model, store)
    drawn = _samples(model, model.generator(), store, rows, count=samples, seed=seed)
    control = None
    if untrained_seed is not None:
        untrained = model.untrained_generator(untrained_seed)
        control = _samples(model, untrained, store, rows, count=samples, seed=seed)
    queries, sigma = _queries(drawn, control, store, rows, held_out, real=real, seed=seed)
    describe = {
        "pixels": pixel_description,
        "features": feature_description(
            model, queries.images["real"], widest=feature_width, seed=seed
        ),
    }
    found = {
        space: look_up(how, queries, store, rows, mirrored=mirrors(model))
        for space, how in describe.items()
        if how is not None
    }
    grey_levels = 1 / np.sqrt(pixel_description(queries.images["real"][:1]).size)
    nearest = {
        space: {
            kind: one.distances[:, 0] * (grey_levels if space == "pixels" else 1.0)
            for kind, one in by_kind.items()
        }
        for space, by_kind in found.items()
    }
    partner = np.any([_close(of["real"], near_identical) for of in nearest.values()], axis=0)
    return Study(store, rows, queries, found, nearest, partner, sigma)


def _close(distances: np.ndarray, part: float) -> np.ndarray:
    """Which of (n,) distances are below this part of their median."""
    return distances < part * np.median(distances)


def _samples(
    model: ModelFolder,
    G: GeneratorNetwork,
    store: ImageStore,
    rows: np.ndarray,
    *,
    count: int,
    seed: int,
) -> np.ndarray:
    """Samples of G, (count, H, W, C) uint8.

    A conditional model gets the labels of random training images.
    """
    z = model.latents(count, seed=seed, purpose="memorisation, samples")
    labels = None
    if model.spec.network.classes:
        source = generator(seed, "memorisation, labels of the samples")
        chosen = rows[source.integers(0, len(rows), count)]
        labels = torch.from_numpy(store.label("class")[chosen].astype(np.int64))
    return draw(G, z, labels)


def _queries(
    samples: np.ndarray,
    untrained: np.ndarray | None,
    store: ImageStore,
    rows: np.ndarray,
    held_out: np.ndarray | None,
    *,
    real: int,
    seed: int,
) -> tuple[Queries, float]:
    """Samples and real images, the latter also blurred to the samples' sharpness, and its sigma."""
    order = shuffled(len(rows), seed=seed, purpose="memorisation, training images")
    places = np.sort(order[:real])
    training = np.asarray(store.images[rows[places]])
    some = training[spread(len(training), BLURRED_BY)[0]]  # of all classes: they may be sorted
    sigma = matching_sigma(some, wanted=float(np.median(sharpness(samples))))
    images = {"samples": samples, "real": training}
    own = {"samples": np.full(len(samples), -1), "real": places}
    if sigma > 0:
        images["blurred"], own["blurred"] = blurred(training, sigma), places
    if untrained is not None:
        images["untrained"] = untrained
    if held_out is not None:
        images["held_out"] = held_out
        if sigma > 0:
            images["held_out_blurred"] = blurred(held_out, sigma)
    nowhere = {kind: np.full(len(x), -1) for kind, x in images.items() if kind not in own}
    return Queries(images, own | nowhere), sigma
