"""The numbers of Fig 7: how often sums have the wanted attributes, and how good the judge is.

Part of measure.py; realism_results.py computes the numbers of realism.
"""

import numpy as np

from experiments.face_arithmetic.trials import VARIANTS
from repro.claims.constructors import mean_over, share_over
from repro.claims.measurement import Measurement

OVER_TRIALS = "random choices of exemplars, all sums together; one model, one pool of samples"
OF_ONE_SUM = "random choices of exemplars"
FOUND = "results in which the judge finds every wanted attribute"
LIKE_SAMPLES = "that lie where plain samples mostly do in sharpness and in"
QUANTITIES = {  # of results -> description; the last two by realism_study.RULES
    "success": FOUND,
    "success_and_realistic": f"{FOUND} and {LIKE_SAMPLES} blend score",
    "success_and_realistic_wider": f"{FOUND} and {LIKE_SAMPLES} wider blend score",
}
Hits = dict[str, list[np.ndarray]]  # variant -> for each sum, bool (trials,)


def judge_accuracies(found: np.ndarray, truth: np.ndarray, names: list[str]) -> list[Measurement]:
    """The judge's accuracy for each attribute: bool (n, attributes) of held-out real images."""
    present = truth.mean(axis=0)
    commoner = np.maximum(present, 1 - present)
    return [
        share_over(
            f"judge_accuracy_{name}",
            found[:, column] == truth[:, column],
            over="held-out real images",
            protocol="held-out real images on which the judging classifier is right; the "
            f"commoner answer alone is right on {commoner[column]:.3f}",
        )
        for column, name in enumerate(names)
    ]


def confirmed(found: list[np.ndarray]) -> Measurement:
    """Share of the candidates for exemplars in which the judge also finds the concept."""
    return share_over(
        "exemplars_confirmed",
        np.concatenate(found),
        over="the candidates of all concepts",
        protocol="candidates for exemplars in which the judge finds the whole concept as well",
    )


def shares(
    quantity: str, hits: Hits, names: list[str], *, exemplars: dict[str, int], seed: int
) -> list[Measurement]:
    """Shares of every variant, over all sums and one by one, and their differences.

    quantity: one of QUANTITIES; names: the results' names ("smiling man"); exemplars: variant ->
    how many it averages, where it averages any. Trials of the variants are paired.
    """
    protocol = QUANTITIES[quantity]
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
                purpose=f"face arithmetic, {quantity}, {first} minus {second}",
                over=OVER_TRIALS,
                by="paired bootstrap interval",
                protocol=f"difference of shares: {protocol}",
            )
        )
    return made


def picked_shares(
    result: str, about: np.ndarray, singles: np.ndarray, *, noise: float
) -> list[Measurement]:
    """Success of the picked sums with one result: bool, for noisy Y and for single exemplars."""
    words = "exemplars picked by hand: pictures in which the judge finds every wanted attribute"
    return [
        share_over(
            f"success_picked: {result}",
            about,
            over="noise about the result of all picked exemplars",
            protocol=f"{words}, of Y and of Y with noise of half-width {noise:g}",
        ),
        share_over(
            f"success_picked_one_exemplar: {result}",
            singles,
            over="choices of one picked exemplar a concept",
            protocol=f"{words}, of sums of single ones",
        ),
    ]
