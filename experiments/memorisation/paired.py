"""The model trained on de-duplicated images against the one trained on all, from the same z.

Part of measure.py. Each model's samples are ranked among real images of its own training set, in
its own features, so that the ranks of both can be compared z by z; distances could not.
"""

import numpy as np

from experiments.memorisation.options import Options
from experiments.memorisation.rank_tests import ranks
from experiments.memorisation.study import Study
from repro.claims.constructors import mean_over
from repro.claims.measurement import Measurement
from repro.networks.model_folder import CheckpointError, ModelFolder


def refuse_unpaired(model: ModelFolder, baseline: ModelFolder) -> None:
    """Raise CheckpointError unless the two models take the same z."""
    own, other = (
        (one.spec.network.z_dim, one.spec.network.z_distribution, one.spec.network.classes)
        for one in (model, baseline)
    )
    if own != other:
        raise CheckpointError(
            f"{baseline.folder} takes z of {other[0]} numbers ({other[1]}, {other[2]} classes), "
            f"{model.folder} of {own[0]} ({own[1]}, {own[2]}): the same z cannot be given to both; "
            "train the two with the same network"
        )


def differences(with_: Study, without: Study, options: Options, *, seed: int) -> list[Measurement]:
    """How much more the model without de-duplication copies, z by z, in each space both have."""
    made = []
    for space in with_.nearest:
        if space not in without.nearest:
            continue
        both = (with_.references(space), without.references(space))
        for suffix in both[0]:
            if suffix not in both[1]:
                continue
            nearest = [one.nearest[space]["samples"] for one in (with_, without)]
            rank = [ranks(own, real[suffix]) for own, real in zip(nearest, both, strict=True)]
            limits = [_limit(real[suffix], options.quantile) for real in both]
            below = [own < limit for own, limit in zip(nearest, limits, strict=True)]
            made += [
                _difference(
                    f"nearer_probability_lessened_{space}{suffix}",
                    rank[0] - rank[1],
                    "chance that a sample is nearer than a real image",
                    seed=seed,
                ),
                _difference(
                    f"suspicious_share_lessened_{space}{suffix}",
                    below[1].astype(float) - below[0],
                    f"share of samples nearer than {100 * options.quantile:g} % of real images are",
                    seed=seed,
                ),
            ]
    return made


def _limit(real: np.ndarray, quantile: float) -> np.floating:
    return np.quantile(real, quantile, method="inverted_cdf")


def _difference(name: str, values: np.ndarray, what: str, *, seed: int) -> Measurement:
    return mean_over(
        name,
        values,
        seed=seed,
        purpose=f"memorisation, {name}",
        over="z, given to both models; real images taken as given",
        protocol=f"{what}: trained on all images less trained on de-duplicated ones, the same z; "
        "each model against its own training images; above 0: de-duplication lessens it",
    )
