"""How many channels respond to beds, windows and lamps: trained, random filters, untrained.

Part of measure.py, which passes the chances of things.py for each of SIDES. Alone:
`thing_measurements(chances_by_side, words="...", seed=1)`.
"""

import numpy as np

from data_prep.generated.drawing.scene import THINGS
from repro.claims.constructors import difference_over, estimate_over, share_over
from repro.claims.intervals import DRAWS, bootstrap_draws, percentiles
from repro.claims.measurement import Measurement
from repro.claims.withheld import no_value

LEVEL = 0.01  # of the test that decides whether a channel responds to a thing
CONTROLS = ("random_filters", "untrained")
SIDES = {
    "trained": "trained D",
    "random_filters": "the trained D with its last convolution at initial weights",
    "untrained": "D with initial weights",
}
NOT_DRAWN = (
    "nobody knows where the beds are in these pictures: it is measured on synthetic rooms, "
    "where the run's own bedrooms are"
)


def thing_measurements(
    chances: dict[str, np.ndarray], *, words: str, seed: int
) -> list[Measurement]:
    """Share of channels with a chance of LEVEL or less, by thing and side, and trained minus each.

    chances: (channels, things) by side, things as in THINGS; words: description of the rooms, for
    the protocol.
    """
    made = []
    for column, thing in enumerate(THINGS):
        hits = {side: found[:, column] <= LEVEL for side, found in chances.items()}
        protocol = _protocol(thing, words)
        for side, hit in hits.items():
            over = f"channels: {SIDES[side]}"
            made.append(share_over(f"{thing}_channels_{side}", hit, over=over, protocol=protocol))
        for control in CONTROLS:
            made.append(
                difference_over(
                    f"{thing}_channels_trained_minus_{control}",
                    hits["trained"].astype(float),
                    hits[control].astype(float),
                    over="channels; one training",
                    seed=seed,
                    purpose=f"filters, {thing}, {control}",
                    protocol=protocol,
                )
            )
        made.append(_minus_controls(thing, hits, protocol=protocol, seed=seed))
    return made


def none_known() -> list[Measurement]:
    """The claims' measurements where the places of beds are unknown, without a value."""
    names = [f"{thing}_channels_trained_minus_controls" for thing in THINGS]
    names.append(f"{THINGS[0]}_channels_trained_minus_untrained")
    return [no_value(name, because=NOT_DRAWN) for name in names]


def _protocol(thing: str, words: str) -> str:
    return (
        f"share of the channels of D's last layer whose guided gradients lie on the {thing} more "
        f"than on the {thing}s of other rooms (one-sided permutation test at {LEVEL:g}, which "
        f"{100 * LEVEL:g} % of the channels would pass by chance); {words}"
    )


def _minus_controls(
    thing: str, hits: dict[str, np.ndarray], *, protocol: str, seed: int
) -> Measurement:
    """The trained share minus the higher of the controls', channels resampled in each network."""
    drawn = {
        side: bootstrap_draws(
            lambda rows, hit=hit: float(hit[rows].mean()),  # type: ignore[misc]
            len(hit),
            seed=seed,
            purpose=f"filters, {thing}, channels of {side}",
            draws=DRAWS,
        )
        for side, hit in hits.items()
    }
    higher = max(CONTROLS, key=lambda side: hits[side].mean())
    return estimate_over(
        f"{thing}_channels_trained_minus_controls",
        float(hits["trained"].mean() - hits[higher].mean()),
        percentiles(drawn["trained"] - np.maximum(*(drawn[side] for side in CONTROLS))),
        over="channels; one training",
        by="bootstrap interval",
        n=min(len(hit) for hit in hits.values()),
        protocol=f"{protocol}; trained minus the higher of both controls, here {SIDES[higher]}",
    )
