"""The three parts of SVHN for the rows of Table 2, and the draws of labels that the rows share.

Part of measure.py. A draw depends on the seed and its number alone, so all rows are trained on the
same images. Alone: `split(inputs, "data").draws(100, 10, seed=42)`.
"""

import numpy as np

from experiments.contract import Inputs
from repro.classification.choose_c import balanced_draws
from repro.classification.few_labels import LabelledImages
from repro.rng import generator

PURPOSE = "svhn svm"


class Split(LabelledImages):
    """Images (N, H, W, C) uint8 and their digits (N,)."""

    def draws(
        self, per_class: int, number: int, *, seed: int, use: str = "to test"
    ) -> list[np.ndarray]:
        """Row numbers of `per_class` random images of each digit, `number` draws for one use.

        The draws "to test" are the same as for the rows of features
        (repro.classification.few_labels).
        Raises ValueError naming a digit with fewer images.
        """
        purpose = f"{PURPOSE}, {use}"
        return balanced_draws(self.labels, per_class, number, seed=seed, purpose=purpose)

    def only(self, rows: np.ndarray) -> "Split":
        """The images of these row numbers."""
        return Split(self.images[rows], self.labels[rows])

    def some(self, count: int, *, seed: int, purpose: str) -> np.ndarray:
        """Random row numbers (count,), ascending; all of them where there are fewer."""
        source = generator(seed, f"{PURPOSE}, {purpose}")
        return np.sort(source.choice(len(self.labels), min(count, len(self.labels)), replace=False))


def split(inputs: Inputs, slot: str) -> Split:
    """svhn.data, svhn.validation or svhn.test."""
    store = inputs.dataset(f"svhn.{slot}")
    return Split(store.images, store.label("class").astype(np.int64))
