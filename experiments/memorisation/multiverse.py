"""Whether samples are nearer than real images, under other choices of space and of real images.

Part of measure.py. Distances to the nearest training image are those of study.py; only those in
features of discriminators with initial weights are searched for here. Pixels are among the spaces
although flat pictures are near to everything there (README.md).
"""

from typing import Any

import numpy as np

from experiments.memorisation.options import DistanceChoices
from experiments.memorisation.results import nearer_measurement
from experiments.memorisation.search import Queries, feature_description, look_up
from experiments.memorisation.study import Study
from repro.claims.choices import Choices, alternatives
from repro.claims.measurement import Measurement
from repro.claims.multiverse import Universe, Universes
from repro.networks.model_folder import ModelFolder
from repro.quality.feature_spaces import untrained_networks
from repro.quality.training_images import mirrors

CLAIM = "not_nearer_than_real"
OWN: Choices = {
    "space": "features",
    "blur_matched": True,
    "with_partners": False,
}  # the claim's choices
KINDS = ("samples", "copies", "real", "blurred")
Nearest = dict[str, np.ndarray]  # kind -> distances (n,) to the nearest training image


def distance_universes(
    found: Study,
    model: ModelFolder,
    *,
    given: DistanceChoices,
    feature_width: int,
    seed: int,
) -> dict[str, Universes]:
    """The claim's number and its control, planted copies, under all other choices, by claim.

    A choice that makes no difference is left out: of blur where samples are as sharp as real
    images, of partners where no real image has one. {} for a discriminator without convolutions,
    whose features do not exist.
    """
    if OWN["space"] not in found.nearest:
        return {}
    spaces: dict[str, Nearest] = dict(found.nearest)
    if "untrained_features" in given.space:
        spaces["untrained_features"] = _in_untrained_features(
            found, model, widest=feature_width, seed=seed
        )
    values = given.model_dump()
    if "blurred" not in found.nearest["pixels"]:  # samples are as sharp: nothing to choose
        values["blur_matched"] = [True]
    if not found.partner.any():
        values["with_partners"] = [False]
    others = []
    for choices in alternatives(values, default=OWN):
        nearest = spaces[choices["space"]]
        real = nearest["real"]
        if choices["blur_matched"]:
            real = nearest.get("blurred", real)
        if not choices["with_partners"]:
            real = real[~found.partner]
        if len(real) > 1:
            others.append(_universe(nearest, real, choices))
    return {CLAIM: Universes(default=OWN, others=others)}


def _universe(nearest: Nearest, real: np.ndarray, choices: dict[str, Any]) -> Universe:
    """real (m,): distances of the real images that the samples are compared with."""

    def measured(kind: str) -> Measurement:
        words = f"{choices['space'].replace('_', ' ')}, {kind}"
        return nearer_measurement(f"{choices['space']}_{kind}", nearest[kind], real, words=words)

    return Universe(choices=choices, measurement=measured("samples"), control=measured("copies"))


def _in_untrained_features(found: Study, model: ModelFolder, *, widest: int, seed: int) -> Nearest:
    """Distances in features of untrained discriminators, which have learnt no image."""
    queries = found.queries
    kinds = [kind for kind in KINDS if kind in queries.images]
    real = queries.images["real"]
    purpose = "memorisation, untrained networks"
    networks = untrained_networks(model, real, seed=seed, purpose=purpose)
    describe = feature_description(model, real, widest=widest, seed=seed, networks=networks)
    assert describe is not None
    wanted = Queries(
        {kind: queries.images[kind] for kind in kinds}, {kind: queries.own[kind] for kind in kinds}
    )
    looked_up = look_up(describe, wanted, found.store, found.rows, mirrored=mirrors(model))
    return {kind: one.distances[:, 0] for kind, one in looked_up.items()}
