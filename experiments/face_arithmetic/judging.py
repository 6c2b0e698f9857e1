"""Who chooses exemplars and who judges results in Fig 7, and the numbers stated of the results.

Part of face_arithmetic/measure.py. Choosing and judging by one classifier would reward results
that share its errors, so two are trained on disjoint real images, and the judge's accuracy is
measured on a third part.
"""

import numpy as np

from experiments.contract import Measurement, mean_measurement
from experiments.face_arithmetic.trials import VARIANTS
from repro.attributes import AttributeNetwork, predict, train_attributes
from repro.intervals import wilson
from repro.neighbours import nearest_rows
from repro.quality import sharpness
from repro.random import shuffled
from repro.store import ImageStore

REFERENCES = 2000  # real images at most among which the nearest is looked for
OVER_TRIALS = "over random choices of exemplars, all sums together; one model, one pool of samples"


class Classifiers:
    """Chooser and judge, and what the judge makes of real images it was not trained on."""

    def __init__(
        self, store: ImageStore, truth: np.ndarray, *, images: int, epochs: int, seed: int
    ) -> None:
        """Trains both on at most `images` rows of the store; a fifth of them is held out.

        truth: bool (len(store), attributes).
        """
        rows = shuffled(len(store), seed=seed, purpose="face arithmetic, labelled images")[:images]
        test, for_chooser, for_judge = np.split(rows, [len(rows) // 5, len(rows) * 3 // 5])

        def trained(part: np.ndarray, role: str) -> AttributeNetwork:
            purpose = f"face arithmetic, {role}"
            return train_attributes(
                store.images[part], truth[part], seed=seed, purpose=purpose, epochs=epochs
            )

        self.chooser = trained(for_chooser, "chooser")
        self.judge = trained(for_judge, "judge")
        self.test_truth = truth[test]
        self.test_found = predict(self.judge, store.images[test])[0] > 0.5
        unseen = np.concatenate([test, for_chooser])[:REFERENCES]
        self.real_embeddings = predict(self.judge, store.images[unseen])[1]

    def accuracies(self, names: list[str]) -> list[Measurement]:
        """The judge's held-out accuracy for each attribute."""
        present = self.test_truth.mean(axis=0)
        commoner = np.maximum(present, 1 - present)
        return [
            _share(
                f"judge_accuracy_{name}",
                self.test_found[:, column] == self.test_truth[:, column],
                spread="95 % Wilson interval over held-out real images",
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
    return _share(
        "exemplars_confirmed",
        np.concatenate(found),
        spread="95 % Wilson interval over the candidates of all concepts",
        protocol="candidates for exemplars in which the judge finds the whole concept as well",
    )


def successes(
    found: dict[str, list[np.ndarray]], names: list[str], *, seed: int
) -> list[Measurement]:
    """Success rates of every variant, over all sums and one by one, and their differences.

    found: variant -> for each sum whether each trial's result has all the wanted attributes;
    names: the results' names ("smiling man"). Trials of the variants are paired.
    """
    protocol = "results in which the judge finds every wanted attribute"
    pooled = {variant: np.concatenate(parts) for variant, parts in found.items()}
    spread = f"95 % Wilson interval {OVER_TRIALS}"
    made = [_share(f"success_{v}", pooled[v], spread=spread, protocol=protocol) for v in VARIANTS]
    for variant in VARIANTS:
        for name, part in zip(names, found[variant], strict=True):
            spread = "95 % Wilson interval over random choices of exemplars"
            title = f"success_{variant}: {name}"
            made.append(_share(title, part, spread=spread, protocol=protocol))
    for other in VARIANTS[1:]:
        difference = pooled["three_exemplars"].astype(float) - pooled[other]
        made.append(
            mean_measurement(
                f"success_three_exemplars_minus_{other}",
                difference,
                seed=seed,
                purpose=f"face arithmetic, {other}",
                spread=f"95 % paired bootstrap interval {OVER_TRIALS}",
                protocol=f"difference of shares: {protocol}",
            )
        )
    return made


def realism(
    classifiers: Classifiers, results: dict[str, np.ndarray], samples: np.ndarray, *, seed: int
) -> list[Measurement]:
    """Sharpness and nearness to real images of every variant, relative to plain samples.

    results: variant -> pictures (N, H, W, C) of all sums; samples: plain samples of G.
    """

    def distance(pictures: np.ndarray) -> np.ndarray:
        embedded = predict(classifiers.judge, pictures)[1]
        return nearest_rows(embedded, classifiers.real_embeddings)[0][:, 0]

    kinds = {
        "sharpness": (sharpness, "mean gradient magnitude"),
        "nearest_real": (distance, "distance to the nearest real image in the judge's features"),
    }
    made = []
    for kind, (rate, what) in kinds.items():
        plain = rate(samples).mean()
        for variant in VARIANTS:
            ratio = rate(results[variant]) / max(plain, 1e-12)
            made.append(
                mean_measurement(
                    f"{kind}_{variant}",
                    ratio,
                    seed=seed,
                    purpose=f"face arithmetic, {kind} {variant}",
                    spread=f"95 % bootstrap interval {OVER_TRIALS}",
                    protocol=f"{what} of the results, over that of plain samples",
                )
            )
    return made


def _share(name: str, hits: np.ndarray, *, spread: str, protocol: str) -> Measurement:
    low, high = wilson(successes=int(hits.sum()), n=len(hits))
    return Measurement(
        name=name,
        value=float(hits.mean()),
        low=low,
        high=high,
        n=len(hits),
        spread=spread,
        protocol=protocol,
    )
