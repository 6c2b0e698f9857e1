"""Two classifiers for choosing samples and judging results, trained on disjoint real images.

Where in the flow: experiments/face_arithmetic (Fig 7), turn_vector (Fig 8) and playable, paper
§6.3.2. The chooser finds the samples that show an attribute most clearly, the judge reports which
attributes the results show. A single network would reward results that share its errors. Labelled
images that neither has seen measure how good the judge is. The networks are from
repro.internals.attribute_classifier.

Alone: `LabelledParts.of(store, images=3000, seed=1, purpose="p").chooser(truth, epochs=8)`.
"""

from dataclasses import dataclass

import numpy as np

from repro.data.store import ImageStore
from repro.internals.attribute_classifier import (
    AttributeNetwork,
    ValueReader,
    train_attributes,
    train_values,
)
from repro.rng import shuffled


@dataclass(frozen=True)
class LabelledParts:
    """Disjoint parts of a store's labelled images, one for each classifier."""

    store: ImageStore
    held_out: np.ndarray  # rows (n,), in neither part
    for_chooser: np.ndarray
    for_judge: np.ndarray
    seed: int
    purpose: str  # names the experiment in all draws

    @classmethod
    def of(
        cls, store: ImageStore, *, images: int, seed: int, purpose: str, hold_out: bool = True
    ) -> "LabelledParts":
        """At most `images` random rows: a fifth held out and two fifths each, or else halves."""
        rows = shuffled(len(store), seed=seed, purpose=f"{purpose}, labelled images")[:images]
        used = len(rows)
        cuts = [used // 5, used * 3 // 5] if hold_out else [0, (used + 1) // 2]
        held_out, for_chooser, for_judge = np.split(rows, cuts)
        return cls(store, held_out, for_chooser, for_judge, seed, purpose)

    def chooser(self, truth: np.ndarray, *, epochs: int) -> AttributeNetwork:
        """Train on attributes, truth (len(store), A) bool, with its own part."""
        return self._attributes(self.for_chooser, truth, role="chooser", epochs=epochs)

    def judge(self, truth: np.ndarray, *, epochs: int) -> AttributeNetwork:
        """Train on the other part, with other initial weights."""
        return self._attributes(self.for_judge, truth, role="judge", epochs=epochs)

    def reader(self, values: np.ndarray, *, epochs: int) -> ValueReader:
        """Train a judge on the other part that reads values, (len(store), K), from pictures."""
        rows, purpose = self.for_judge, f"{self.purpose}, judge"
        return train_values(
            self.store.images[rows], values[rows], seed=self.seed, purpose=purpose, epochs=epochs
        )

    def _attributes(
        self, rows: np.ndarray, truth: np.ndarray, *, role: str, epochs: int
    ) -> AttributeNetwork:
        purpose = f"{self.purpose}, {role}"
        return train_attributes(
            self.store.images[rows], truth[rows], seed=self.seed, purpose=purpose, epochs=epochs
        )
