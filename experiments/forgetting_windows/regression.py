"""The logistic regression of section 6.3.1: which maps of a layer of G respond to windows.

Part of measure.py. Its examples are activations at single positions, positive inside the boxes and
negative at random positions of the same samples; a map of positive weight counts as a window map.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from repro.internals.drop_maps import Cells, held_out_scores, labelled_cells, map_weights
from repro.rng import generator


@dataclass(frozen=True)
class WindowRegression:
    """The regression at one layer."""

    maps: np.ndarray  # (N, maps, side, side) activations of the marked samples
    boxes: list[np.ndarray]  # N arrays (n, 4) in [0, 1]
    negatives: float  # cells outside boxes per cell inside
    strength: float  # C, the inverse of the L2 penalty
    seed: int
    purpose: str  # identifies the layer in all draws

    @cached_property
    def cells(self) -> Cells:
        """The examples."""
        return labelled_cells(
            self.maps,
            self.boxes,
            negatives=self.negatives,
            seed=self.seed,
            purpose=f"{self.purpose}, negatives",
        )

    @cached_property
    def weights(self) -> np.ndarray:
        """Weight of each map, (maps,). Raises ValueError where the cells are not usable."""
        return map_weights(self.cells, C=self.strength)

    def held_out_accuracies(self, *, folds: int) -> np.ndarray:
        """Share of each sample's cells that a fit without this sample classifies correctly.

        (samples,) float64; samples that no fit could leave out are missing.
        """
        scores = held_out_scores(
            self.cells,
            C=self.strength,
            folds=folds,
            seed=self.seed,
            purpose="forgetting windows, folds",
        )
        scored = ~np.isnan(scores)
        right = (scores > 0) == self.cells.inside
        samples = np.unique(self.cells.sample[scored])
        return np.array([right[scored & (self.cells.sample == one)].mean() for one in samples])

    def refitted_weights(self, *, refits: int) -> list[np.ndarray]:
        """Weights (maps,) of fits on samples drawn with replacement and on other cells outside.

        Draws that cannot be fitted are left out.
        """
        made = []
        for number in range(refits):
            own = f"{self.purpose}, refit {number}"
            rows = generator(self.seed, own).integers(0, len(self.maps), len(self.maps))
            again = WindowRegression(
                self.maps[rows],
                [self.boxes[row] for row in rows],
                self.negatives,
                self.strength,
                self.seed,
                own,
            )
            if again.cells.usable:
                made.append(again.weights)
        return made
