"""How selective channels are, with other pools of images and other numbers of strongest ones.

Part of measure.py. The responses to the whole pool are known; a smaller pool is a random part of
it, the same for the trained and the random discriminators.
"""

from collections.abc import Mapping

import numpy as np

from experiments.filters.options import ResponseChoices
from experiments.filters.results import selectivity_difference
from repro.claims.choices import alternatives
from repro.claims.multiverse import Universe, Universes
from repro.internals.guided_backprop import selectivity
from repro.rng import shuffled

CLAIM = "trained_is_selective"


def selectivity_universes(
    peaks: Mapping[str, np.ndarray], *, given: ResponseChoices, top: int, words: str, seed: int
) -> dict[str, Universes]:
    """The claim's number under all other choices, by the claim's id.

    peaks: of the "trained" and the "random" discriminators, (N, channels), one response for each of
    N images; top: the claim's own choice, as is the pool of all N; words: the images. Larger pools
    and larger tops than there are images are left out.
    """
    images = len(peaks["trained"])
    pools = [pool for pool in given.pool if pool <= images]
    own = {"pool": images, "top": top}
    order = shuffled(images, seed=seed, purpose="filters, smaller pools")
    others = []
    for choices in alternatives({"pool": pools, "top": given.top}, default=own):
        searched = order[: choices["pool"]]
        if choices["top"] < len(searched):
            values = {
                side: selectivity(found[searched], choices["top"]) for side, found in peaks.items()
            }
            pool = f"{len(searched):,} of {words}"
            measured = selectivity_difference(values, top=choices["top"], pool=pool, seed=seed)
            others += [Universe(choices=choices, measurement=one) for one in measured]
    return {CLAIM: Universes(default=own, others=others)} if others else {}
