"""One model's samples and real images with their nearest training images, in each space.

Part of measure.py, which creates one for the model and one for the model trained without
de-duplication, from the same z. search.py lists the kinds of image that are looked up.
"""

from dataclasses import dataclass

import numpy as np
import torch

from experiments.memorisation.copies import planted_copies
from experiments.memorisation.names import HELD_OUT, HELD_OUT_MATCHED, MATCHED, WITH_PARTNERS
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
            MATCHED: nearest.get("blurred", nearest["real"])[~self.partner],
        }
        if self.partner.any():
            made[WITH_PARTNERS] = nearest["real"]
        if "held_out" in nearest:
            made[HELD_OUT] = nearest["held_out"]
            made[HELD_OUT_MATCHED] = nearest.get("held_out_blurred", nearest["held_out"])
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
) -> Study:
    """Look up samples, planted copies, training images, held-out images (n, H, W, C) uint8.

    The latter two are also looked up blurred. samples, real: numbers of samples (and of copies),
    and of training images at most; near_identical: share of the median distance below which the
    nearest other image is a partner; feature_width: number above which features are projected.
    Raises CheckpointError where `store` is not the dataset on which the model was trained.
    """
    rows, mirrored = training_rows(model, store), mirrors(model)
    drawn = _samples(model, store, rows, count=samples, seed=seed)
    queries, sigma = _queries(drawn, store, rows, held_out, real=real, mirrored=mirrored, seed=seed)
    describe = {
        "pixels": pixel_description,
        "features": feature_description(
            model, queries.images["real"], widest=feature_width, seed=seed
        ),
    }
    found = {
        space: look_up(how, queries, store, rows, mirrored=mirrored)
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
    model: ModelFolder, store: ImageStore, rows: np.ndarray, *, count: int, seed: int
) -> np.ndarray:
    """Samples of the model's generator, (count, H, W, C) uint8.

    A conditional model gets the labels of random training images.
    """
    z = model.latents(count, seed=seed, purpose="memorisation, samples")
    labels = None
    if model.spec.network.classes:
        source = generator(seed, "memorisation, labels of the samples")
        chosen = rows[source.integers(0, len(rows), count)]
        labels = torch.from_numpy(store.label("class")[chosen].astype(np.int64))
    return draw(model.generator(), z, labels)


def _queries(
    samples: np.ndarray,
    store: ImageStore,
    rows: np.ndarray,
    held_out: np.ndarray | None,
    *,
    real: int,
    mirrored: bool,
    seed: int,
) -> tuple[Queries, float]:
    """Samples, planted copies and real images, and the sigma that gives the samples' sharpness.

    Copies are blurred by it, real images looked up blurred and sharp.
    """
    order = shuffled(len(rows), seed=seed, purpose="memorisation, training images")
    places = np.sort(order[:real])
    training = np.asarray(store.images[rows[places]])
    some = training[spread(len(training), BLURRED_BY)[0]]  # of all classes: they may be sorted
    sigma = matching_sigma(some, wanted=float(np.median(sharpness(samples))))
    copies = planted_copies(
        store, rows, count=len(samples), sigma=sigma, mirrored=mirrored, seed=seed
    )
    images = {"samples": samples, "copies": copies, "real": training}
    own = {"real": places}
    if sigma > 0:
        images["blurred"], own["blurred"] = blurred(training, sigma), places
    if held_out is not None:
        images["held_out"] = held_out
        if sigma > 0:
            images["held_out_blurred"] = blurred(held_out, sigma)
    nowhere = {kind: np.full(len(x), -1) for kind, x in images.items() if kind not in own}
    return Queries(images, own | nowhere), sigma
