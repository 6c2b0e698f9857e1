"""How realistic the results of Fig 7 are, next to real images, blends and plain samples.

Part of measure.py; realism_results.py computes the numbers. There are four measures: a classifier
of blends, sharpness, the distance to the nearest real image (in the judge's features), and the
model's own discriminator. Blend score and sharpness decide which results count as realistic, by
limits taken from plain samples; the README explains why these two.
"""

import numpy as np

from experiments.face_arithmetic.classifiers import Classifiers
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
CALIBRATION = {  # kinds with which the variants are compared
    "real_images": "held-out real images",
    "blurred_real_images": "held-out real images in other contrasts, half of them blurred",
    "real_blends": "blends of held-out real images: means of two and of three, a - b + c",
    "real_sums_of_three": "sums of held-out real images, mean of three - mean of three + mean of "
    "three",
    PLAIN: "plain samples that the limits were not taken from",
    "sample_blends": "blends of plain samples: means of two and of three, a - b + c",
}
OWN = ("real_images", "blurred_real_images")  # are themselves references of nearest_real
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
        seed: int,
    ) -> None:
        """samples: plain samples (N, H, W, C) uint8; the first half of them sets the limits.

        The classifiers of blends learn from the chooser's real images, which the judge of success
        has not seen, and are tested on images that none of them has seen.
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
            name: RealismLimits.around(blend_scores(judge, setting), sharpness(setting))
            for name, judge in self.judges.items()
        }
        self.calibration = {
            kind: self.rated(pictures, in_references=kind in OWN)
            for kind, pictures in self._planted().items()
        }

    def _planted(self) -> dict[str, np.ndarray]:
        """Pictures of every kind in CALIBRATION."""
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
        """Every measure of pictures (N, H, W, C) uint8; no discriminator score without a D.

        in_references: the pictures are the first of the real images searched for the nearest, and
        must not find themselves.
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

    def realistic(self, rated: Rated, rule: str) -> np.ndarray:
        """Which pictures are in the range of most plain samples, by one of RULES: bool (N,)."""
        measure = RULES[rule]
        return self.limits[measure].admit(rated[measure], rated["sharpness"])


def pooled(by_sum: list[Rated]) -> Rated:
    """The ratings of the results of all sums, pooled."""
    return {name: np.concatenate([one[name] for one in by_sum]) for name in by_sum[0]}


def _discriminator(model: ModelFolder) -> Discriminator | None:
    """The model's D, frozen; None for a model that has no convolutional one."""
    try:
        return model.discriminator()
    except CheckpointError:
        return None
