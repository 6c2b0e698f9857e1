"""The three parts of SVHN as the rows of Table 2 get them, and the draws of labels they share.

Part of measure.py. Where the labels of a draw fall depends on the seed and its number alone, so all
rows are trained on the same images.
"""

import numpy as np

from experiments.contract import Inputs
from experiments.svhn_svm.options import Options
from repro.classification.choose_c import balanced_draw
from repro.classification.few_labels import LabelledImages
from repro.rng import generator

PURPOSE = "svhn svm"


class Split(LabelledImages):
    """Images (N, H, W, C) uint8 and their digits (N,)."""

    def drawn(self, options: Options, seed: int, index: int, *, use: str = "to test") -> np.ndarray:
        """Rows of `per_class` images of each digit, draw number `index` of those for one use."""
        purpose = f"{PURPOSE}, {use}"
        return balanced_draw(
            self.labels, options.per_class, seed=seed, purpose=purpose, index=index
        )

    def some(self, count: int, *, seed: int, purpose: str) -> np.ndarray:
        """Rows (count,) at random, ascending; all where there are fewer."""
        source = generator(seed, f"{PURPOSE}, {purpose}")
        return np.sort(source.choice(len(self.labels), min(count, len(self.labels)), replace=False))


def split(inputs: Inputs, slot: str) -> Split:
    """svhn.data, svhn.validation or svhn.test."""
    store = inputs.dataset(f"svhn.{slot}")
    return Split(store.images, store.label("class").astype(np.int64))
