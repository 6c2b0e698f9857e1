"""Who chooses exemplars and who judges results in Fig 7, and the shares stated of the results.

Part of face_arithmetic/measure.py. Choosing and judging by one classifier would reward results
that share its errors, so two are trained on disjoint real images, and the judge's accuracy is
measured on a third part. How realistic results are is the business of realism_study.py.
"""

import numpy as np

from experiments.face_arithmetic.trials import VARIANTS
from repro.claims.constructors import mean_over, share_over
from repro.claims.measurement import Measurement
from repro.data.store import ImageStore
from repro.internals.attribute_classifier import predict
from repro.internals.independent_classifiers import LabelledParts
from repro.internals.realism import WEIGHTS
from repro.specs.validation import SpecError

FEWEST = max(map(len, WEIGHTS.values()))  # held-out images: the members of the largest blend
REFERENCES = 2000  # real images at most among which the nearest is looked for
OVER_TRIALS = "random choices of exemplars, all sums together; one model, one pool of samples"
OF_ONE_SUM = "random choices of exemplars"


class Classifiers:
    """Chooser and judge, and what the judge makes of real images it was not trained on."""

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

    def accuracies(self, names: list[str]) -> list[Measurement]:
        """The judge's held-out accuracy for each attribute."""
        present = self.test_truth.mean(axis=0)
        commoner = np.maximum(present, 1 - present)
        return [
            share_over(
                f"judge_accuracy_{name}",
                self.test_found[:, column] == self.test_truth[:, column],
                over="held-out real images",
                protocol="held-out real images on which the judging classifier is right; the "
                f"commoner answer alone is right on {commoner[column]:.3f}",
            )
            for column, name in enumerate(names)
        ]

    def finds(self, pictures: np.ndarray, concept: dict[int, int]) -> np.ndarray:
        """Whether the judge finds all of a concept's attributes, (N, H, W, C) -> bool (N,)."""
        found = predict(self.judge, pictures)[0] > 0.5
        return np.all([found[:, column] == bool(v) for column, v in concept.items()], axis=0)


def confirmed(found: list[np.ndarray]) -> Measurement:
    """Share of the candidates for exemplars that the judge agrees with."""
    return share_over(
        "exemplars_confirmed",
        np.concatenate(found),
        over="the candidates of all concepts",
        protocol="candidates for exemplars in which the judge finds the whole concept as well",
    )


def shares(
    quantity: str,
    hits: dict[str, list[np.ndarray]],
    names: list[str],
    *,
    protocol: str,
    exemplars: dict[str, int],
    seed: int,
) -> list[Measurement]:
    """Shares of every variant, over all sums and one by one, and their differences.

    quantity: "success", ...; hits: variant -> for each sum, bool (trials,); names: the results'
    names ("smiling man"); exemplars: variant -> how many are averaged, where it averages any.
    Trials of the variants are paired.
    """
    pooled = {variant: np.concatenate(parts) for variant, parts in hits.items()}
    words = {
        v: f"{protocol}; {exemplars[v]} exemplars a concept" if v in exemplars else protocol
        for v in VARIANTS
    }
    made = [
        share_over(f"{quantity}_{v}", pooled[v], over=OVER_TRIALS, protocol=words[v])
        for v in VARIANTS
    ]
    for variant in VARIANTS:
        for name, part in zip(names, hits[variant], strict=True):
            title = f"{quantity}_{variant}: {name}"
            made.append(share_over(title, part, over=OF_ONE_SUM, protocol=words[variant]))
    pairs = [("three_exemplars", other) for other in VARIANTS[1:]]
    for first, second in [*pairs, ("many_exemplars", "pixel_space")]:
        made.append(
            mean_over(
                f"{quantity}_{first}_minus_{second}",
                pooled[first].astype(float) - pooled[second],
                seed=seed,
                purpose=f"face arithmetic, {_draws(quantity, first, second)}",
                over=OVER_TRIALS,
                by="paired bootstrap interval",
                protocol=f"difference of shares: {protocol}",
            )
        )
    return made


def _draws(quantity: str, first: str, second: str) -> str:
    return " ".join(
        word for word in (quantity, first, second) if word not in ("success", "three_exemplars")
    )
