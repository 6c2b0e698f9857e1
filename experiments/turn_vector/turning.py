"""Rows of Fig 8: samples moved along vectors, and a judge's reading of every picture.

Part of measure.py; results.py computes the numbers. The chooser finds the samples that show an end
most confidently; the judge reads every axis's label off a picture as a number. The two learn from
disjoint real images, and the classifier of blends (repro.internals.realism) from the chooser's.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from experiments.turn_vector.axes import Axes
from repro.data.store import ImageStore
from repro.internals.attribute_classifier import predict, predict_values, truth_table
from repro.internals.independent_classifiers import LabelledParts
from repro.internals.latent import along, concept_difference, most_confident
from repro.internals.realism import RealismLimits, blend_scores, train_blend_judge
from repro.networks.dcgan import GeneratorNetwork
from repro.networks.model_folder import draw
from repro.quality.kernel_distance import sharpness
from repro.rng import generator


class Readers:
    """Chooser, judge and classifier of blends, and the judge's readings of unseen real images."""

    def __init__(
        self,
        store: ImageStore,
        axes: Axes,
        *,
        images: int,
        epochs: int,
        blend_epochs: int,
        seed: int,
    ) -> None:
        """Trains them on at most `images` rows of the store; a fifth of these is held out.

        epochs: passes of chooser and judge; blend_epochs: of the classifier of blends.
        """
        parts = LabelledParts.of(store, images=images, seed=seed, purpose="turn vector")
        truth, values = truth_table(axes.expressions, store.label), axes.values(store)
        self.chooser = parts.chooser(truth, epochs=epochs)
        self.judge = parts.reader(values, epochs=epochs)
        self.blend_judge = train_blend_judge(
            store.images[parts.for_chooser],
            seed=seed,
            purpose="turn vector, blends",
            epochs=blend_epochs,
        )
        self.test_values = values[parts.held_out]  # (n, A)
        self.test_readings = predict_values(self.judge, store.images[parts.held_out])

    def limits(self, samples: np.ndarray) -> RealismLimits:
        """The region that contains most of these plain samples."""
        return RealismLimits.around(blend_scores(self.blend_judge, samples), sharpness(samples))

    def realistic(self, pictures: np.ndarray, limits: RealismLimits) -> np.ndarray:
        """Which pictures (N, H, W, C) are within the limits: bool (N,)."""
        return limits.admit(blend_scores(self.blend_judge, pictures), sharpness(pictures))


@dataclass(frozen=True)
class ExemplarPool:
    """Samples among which exemplars are chosen, and those that show each end most confidently."""

    G: GeneratorNetwork
    z: Tensor  # (N, z_dim)
    pictures: np.ndarray  # (N, H, W, C) uint8
    surest: np.ndarray  # (2 A, confident) rows, best first: left and right of every axis

    @classmethod
    def of(
        cls, G: GeneratorNetwork, z: Tensor, readers: Readers, *, confident: int
    ) -> "ExemplarPool":
        """Draws z (N, z_dim) and ranks the pictures by the chooser."""
        pictures = draw(G, z)
        probabilities = predict(readers.chooser, pictures)[0]
        surest = [most_confident(column, confident) for column in probabilities.T]
        return cls(G, z, pictures, np.stack(surest))

    def best(self, axis: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the most confident samples of both ends, (count,) each."""
        return self.surest[2 * axis, :count], self.surest[2 * axis + 1, :count]

    def random_vectors(self, axis: int, *, rows: int, exemplars: int, seed: int) -> Tensor:
        """A vector per row, from random exemplars among the best of both ends: (rows, z_dim)."""
        ends = []
        for side in range(2):
            candidates = np.tile(self.surest[2 * axis + side], (rows, 1))
            source = generator(seed, f"turn vector, exemplars of axis {axis}", side)
            chosen = source.permuted(candidates, axis=1)[:, :exemplars]
            ends.append(self.z[torch.from_numpy(chosen)])
        return concept_difference(*ends)


@dataclass(frozen=True)
class Rows:
    """The readings along R rows of T pictures."""

    readings: np.ndarray  # (R, T, A) in label units
    realistic: np.ndarray  # (R, 2) bool: the first and the last picture


def moved_rows(
    G: GeneratorNetwork,
    points: Tensor,
    vectors: Tensor,
    readers: Readers,
    limits: RealismLimits,
    *,
    steps: int,
    reach: float,
) -> Rows:
    """Move points (R, z_dim) along vectors (R, z_dim) or (z_dim,), and read every picture."""
    z = along(points, vectors, steps=steps, reach=reach)  # (R, steps, z_dim)
    frames = draw(G, z.flatten(0, 1))
    readings = predict_values(readers.judge, frames).reshape(len(points), steps, -1)
    own = frames.reshape(len(points), steps, *frames.shape[1:])
    ends = own[:, [0, -1]].reshape(-1, *frames.shape[1:])
    return Rows(readings, readers.realistic(ends, limits).reshape(-1, 2))
