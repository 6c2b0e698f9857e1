"""Who chooses the exemplars of Fig 7 and who judges the results.

Part of measure.py. Choosing and judging by a single classifier would reward results that share its
errors, so two are trained on disjoint real images (repro.internals.independent_classifiers), and
the judge's accuracy is measured on a third part. realism_study.py measures how realistic results
are.
"""

import numpy as np

from repro.data.store import ImageStore
from repro.internals.attribute_classifier import predict
from repro.internals.independent_classifiers import LabelledParts
from repro.internals.realism import WEIGHTS
from repro.specs.validation import SpecError

FEWEST = max(map(len, WEIGHTS.values()))  # held-out images: the members of the largest blend
REFERENCES = 2000  # real images, at most, searched for the nearest


class Classifiers:
    """Chooser and judge, and the judge's output on real images on which it was not trained."""

    def __init__(
        self, store: ImageStore, truth: np.ndarray, *, images: int, epochs: int, seed: int
    ) -> None:
        """Trains both on at most `images` rows of the store; a fifth of them is held out.

        truth: bool (len(store), attributes). Raises SpecError where the images are too few.
        """
        parts = LabelledParts.of(store, images=images, seed=seed, purpose="face arithmetic")
        test, for_chooser = parts.held_out, parts.for_chooser
        if len(test) < FEWEST:
            used = min(images, len(store))
            raise SpecError(
                f"{store.folder}: {used} labelled images are used, a fifth of them held out; "
                f"expected {5 * FEWEST} at least, since blends are made of up to {FEWEST} of those "
                "held out: give more images, or a larger `classifier_images`"
            )
        self.chooser = parts.chooser(truth, epochs=epochs)
        self.judge = parts.judge(truth, epochs=epochs)
        self.test_truth = truth[test]
        self.test_images: np.ndarray = store.images[test]
        self.chooser_images: np.ndarray = store.images[for_chooser]  # the judge has not seen them
        self.test_found = predict(self.judge, self.test_images)[0] > 0.5
        unseen = np.concatenate([test, for_chooser])[:REFERENCES]
        self.real_embeddings = predict(self.judge, store.images[unseen])[1]

    def finds(self, pictures: np.ndarray, concept: dict[int, int]) -> np.ndarray:
        """Whether the judge finds all of a concept's attributes, (N, H, W, C) -> bool (N,)."""
        found = predict(self.judge, pictures)[0] > 0.5
        return np.all([found[:, column] == bool(v) for column, v in concept.items()], axis=0)
