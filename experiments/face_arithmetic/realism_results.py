"""The numbers of realism in Fig 7: what classifiers of blends and other measures say of results.

Part of measure.py; realism_study.py measures the values.
"""

import numpy as np

from experiments.face_arithmetic.realism_study import (
    CALIBRATION,
    JUDGES,
    PLAIN,
    RULES,
    Rated,
    RealismStudy,
)
from experiments.face_arithmetic.results import OVER_TRIALS
from experiments.face_arithmetic.trials import VARIANTS
from repro.claims.constructors import mean_over, share_over
from repro.claims.measurement import Measurement
from repro.internals.realism import TRAINED


def realism_numbers(study: RealismStudy, results: dict[str, Rated]) -> list[Measurement]:
    """All numbers of realism. results: variant -> ratings of all its results."""
    named = study.calibration | results
    made = []
    for measure in JUDGES:
        made += _of_blend_judge(measure, named)
    for rule in RULES:
        made += _admitted(study, rule, named)
    return [*made, *_means(study, results)]


def _of_blend_judge(measure: str, named: dict[str, Rated]) -> list[Measurement]:
    """What one classifier says of single real images, of planted blends and of results."""
    wider = "wider_" * (measure != "blend_score")
    learnt = ", ".join(JUDGES[measure])
    single, mixed = (named[kind][measure] for kind in ("blurred_real_images", "real_blends"))
    accuracy = share_over(
        f"{wider}blend_judge_accuracy",
        np.concatenate([single <= 0, mixed > 0]),
        over="held-out real images and blends of them",
        protocol="held-out real images, blurred and in other contrasts, and blends of them "
        f"({', '.join(TRAINED)}), half and half, that the classifier of blends labels correctly; "
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


def _admitted(study: RealismStudy, rule: str, named: dict[str, Rated]) -> list[Measurement]:
    """How many pictures of every kind a rule of realism admits."""
    limits = study.limits[RULES[rule]]
    words = (
        f"{RULES[rule].replace('_', ' ')} at most {limits.highest_blend_score:.3g} and "
        f"sharpness from {limits.lowest_sharpness:.3g} to {limits.highest_sharpness:.3g} grey "
        "levels per pixel, as in most other plain samples"
    )
    return [
        share_over(
            f"{rule}_{kind}",
            study.realistic(rated, rule),
            over=_over(kind),
            protocol=f"{CALIBRATION.get(kind, 'results')} with {words}",
        )
        for kind, rated in named.items()
    ]


def _means(study: RealismStudy, results: dict[str, Rated]) -> list[Measurement]:
    """The mean of each measure for the variants, against its mean over plain samples."""
    made = []
    for name, values_of_plain in study.calibration[PLAIN].items():
        plain = float(values_of_plain.mean())
        for kind in VARIANTS:
            values, words, unit = _against(results[kind][name], plain, name)
            made.append(
                mean_over(
                    f"{name}_{kind}",
                    values,
                    seed=study.seed,
                    purpose=f"face arithmetic, {name} {kind}",
                    over=OVER_TRIALS,
                    protocol=words,
                    unit=unit,
                )
            )
    return made


def _against(values: np.ndarray, plain: float, name: str) -> tuple[np.ndarray, str, str]:
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
    return values - plain, f"{what}, minus the mean of plain samples", "logits"


def _over(kind: str) -> str:
    return CALIBRATION[kind].partition(",")[0] if kind in CALIBRATION else OVER_TRIALS
