"""How realistic the results of Fig 7 are, and real images, blends and plain samples beside them.

Part of face_arithmetic/measure.py. Four measures: distance to the nearest real image (features of
the judge), sharpness, a classifier of blends, and the model's own discriminator. Blend score and
sharpness decide which results count as realistic, by limits taken from plain samples; the README
says why these two.
"""

import numpy as np

from experiments.face_arithmetic.judging import OVER_TRIALS, Classifiers
from experiments.face_arithmetic.trials import VARIANTS
from repro.claims.constructors import mean_over, share_over
from repro.claims.measurement import Measurement
from repro.internals.attribute_classifier import predict
from repro.internals.realism import (
    SUM,
    TRAINED,
    RealismLimits,
    blend_scores,
    blended,
    discriminator_scores,
    planted_blends,
    roughened,
    train_blend_judge,
)
from repro.networks.dcgan import Discriminator
from repro.networks.model_folder import CheckpointError, ModelFolder
from repro.quality.kernel_distance import sharpness
from repro.quality.neighbours import nearest_rows

JUDGES = {  # measure -> kinds of blends that its classifier learnt
    "blend_score": TRAINED,
    "wider_blend_score": (*TRAINED, SUM),
}
RULES = {"realistic": "blend_score", "realistic_wider": "wider_blend_score"}
PLAIN = "plain_samples"
CALIBRATION = {  # what the reader is shown beside the variants
    "real_images": "held-out real images",
    "blurred_real_images": "held-out real images in other contrasts, half of them blurred",
    "real_blends": "blends of held-out real images: means of two and of three, a - b + c",
    "real_sums_of_three": "sums of held-out real images, mean of three - mean of three + mean of "
    "three",
    PLAIN: "plain samples that the limits were not taken from",
    "sample_blends": "blends of plain samples: means of two and of three, a - b + c",
}
OWN = ("real_images", "blurred_real_images")  # themselves among the references of nearest_real
Rated = dict[str, np.ndarray]  # measure -> (N,)


class RealismStudy:
    """Measures of realism, fitted once, and the limits that plain samples set."""

    def __init__(
        self,
        classifiers: Classifiers,
        model: ModelFolder,
        samples: np.ndarray,
        *,
        epochs: int,
        share: float,
        seed: int,
    ) -> None:
        """samples: plain samples (N, H, W, C) uint8; the first half of them sets the limits.

        The classifiers of blends learn from the real images that the chooser learnt from, which
        the judge of success has not seen, and are tested on those that none of them has seen.
        """
        self.classifiers, self.seed = classifiers, seed
        self.judges = {
            name: train_blend_judge(
                classifiers.chooser_images,
                seed=seed,
                purpose="face arithmetic, blends",
                epochs=epochs,
                kinds=kinds,
            )
            for name, kinds in JUDGES.items()
        }
        self.D = _discriminator(model)
        setting, self.plain = np.split(samples, [len(samples) // 2])
        self.limits = {
            name: RealismLimits.around(
                blend_scores(judge, setting), sharpness(setting), share=share
            )
            for name, judge in self.judges.items()
        }
        self.calibration = {
            kind: self.rated(pictures, in_references=kind in OWN)
            for kind, pictures in self._planted().items()
        }

    def _planted(self) -> dict[str, np.ndarray]:
        """Pictures of every kind of CALIBRATION."""
        real, seed = self.classifiers.test_images, self.seed
        purpose = "face arithmetic, planted"
        return {
            "real_images": real,
            "blurred_real_images": roughened(real, seed=seed, purpose=f"{purpose}, blurred"),
            "real_blends": planted_blends(real, seed=seed, purpose=f"{purpose}, real"),
            "real_sums_of_three": blended(
                real, SUM, count=len(real), seed=seed, purpose=f"{purpose}, unseen"
            ),
            PLAIN: self.plain,
            "sample_blends": planted_blends(self.plain, seed=seed, purpose=f"{purpose}, samples"),
        }

    def rated(self, pictures: np.ndarray, *, in_references: bool = False) -> Rated:
        """Every measure of pictures (N, H, W, C) uint8; no D, no score of it.

        in_references: they are the first of the real images among which the nearest is looked
        for, which must not find themselves.
        """
        embedded = predict(self.classifiers.judge, pictures)[1]
        references = self.classifiers.real_embeddings
        own = None
        if in_references:
            embedded = embedded[: len(references)]
            own = np.arange(len(embedded))
        measured = {
            **{name: blend_scores(judge, pictures) for name, judge in self.judges.items()},
            "sharpness": sharpness(pictures),
            "nearest_real": nearest_rows(embedded, references, exclude=own)[0][:, 0],
        }
        if self.D is not None:
            measured["discriminator_score"] = discriminator_scores(self.D, pictures)
        return measured

    def realistic(self, rated: Rated, rule: str = "realistic") -> np.ndarray:
        """Which pictures lie where plain samples mostly do, by one of RULES: bool (N,)."""
        measure = RULES[rule]
        return self.limits[measure].admit(rated[measure], rated["sharpness"])

    def measurements(self, results: dict[str, Rated]) -> list[Measurement]:
        """results: variant -> ratings of all its results. The classifiers' accuracy first."""
        named = self.calibration | results
        made = []
        for measure in JUDGES:
            made += self._of_blend_judge(measure, named)
        for rule, measure in RULES.items():
            made += self._shares(rule, self.limits[measure], named)
        return [*made, *self._means(results)]

    def _of_blend_judge(self, measure: str, named: dict[str, Rated]) -> list[Measurement]:
        """What one classifier makes of single real images, of planted blends and of results."""
        wider = "wider_" * (measure != "blend_score")
        learnt = ", ".join(JUDGES[measure])
        single, mixed = (
            self.calibration[kind][measure] for kind in ("blurred_real_images", "real_blends")
        )
        accuracy = share_over(
            f"{wider}blend_judge_accuracy",
            np.concatenate([single <= 0, mixed > 0]),
            over="held-out real images and blends of them",
            protocol="held-out real images, blurred and in other contrasts, and blends of them "
            f"({', '.join(TRAINED)}), half and half, that the classifier of blends names rightly; "
            f"it learnt {learnt}",
        )
        shares = [
            share_over(
                f"{wider}called_a_blend_{kind}",
                rated[measure] > 0,
                over=_over(kind),
                protocol=f"{CALIBRATION.get(kind, 'results')} that the classifier of blends calls "
                f"a blend; it learnt {learnt}, of real images",
            )
            for kind, rated in named.items()
        ]
        return [accuracy, *shares]

    def _shares(
        self, rule: str, limits: RealismLimits, named: dict[str, Rated]
    ) -> list[Measurement]:
        """How many of every kind a rule of realism admits."""
        words = (
            f"{RULES[rule].replace('_', ' ')} at most {limits.highest_blend_score:.3g} and "
            f"sharpness from {limits.lowest_sharpness:.3g} to {limits.highest_sharpness:.3g} grey "
            "levels per pixel, as other plain samples mostly have"
        )
        return [
            share_over(
                f"{rule}_{kind}",
                self.realistic(rated, rule),
                over=_over(kind),
                protocol=f"{CALIBRATION.get(kind, 'results')} with {words}",
            )
            for kind, rated in named.items()
        ]

    def _means(self, results: dict[str, Rated]) -> list[Measurement]:
        """Each measure of the variants beside its mean over plain samples."""
        made = []
        for name in self.calibration[PLAIN]:
            plain = float(self.calibration[PLAIN][name].mean())
            for kind in VARIANTS:
                values, words, unit = _beside(results[kind][name], plain, name)
                made.append(
                    mean_over(
                        f"{name}_{kind}",
                        values,
                        seed=self.seed,
                        purpose=f"face arithmetic, {name} {kind}",
                        over=OVER_TRIALS,
                        protocol=words,
                        unit=unit,
                    )
                )
        return made


def _beside(values: np.ndarray, plain: float, name: str) -> tuple[np.ndarray, str, str]:
    """Lengths as a ratio to plain samples' mean, logits as a difference from it; words, unit."""
    if name == "sharpness":
        what = "mean gradient magnitude of the results"
    elif name == "nearest_real":
        what = "distance of the results to the nearest real image in the judge's features"
    elif name in JUDGES:
        what = f"logit of the classifier of blends that learnt {', '.join(JUDGES[name])}"
    else:
        what = "logit of the model's own discriminator, positive for real"
    if name in ("sharpness", "nearest_real"):
        return values / max(plain, 1e-12), f"{what}, over the mean of plain samples", ""
    return values - plain, f"{what}, less the mean of plain samples", "logits"


def _over(kind: str) -> str:
    return CALIBRATION[kind].partition(",")[0] if kind in CALIBRATION else OVER_TRIALS


def _discriminator(model: ModelFolder) -> Discriminator | None:
    """The model's D, frozen; None for a model that has no convolutional one."""
    try:
        return model.discriminator()
    except CheckpointError:
        return None
