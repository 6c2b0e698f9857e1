"""The numbers of the page: the gain of its directions, and the cost of the exported generator.

Part of measure.py.
"""

import numpy as np

from repro.claims.constructors import mean_over, single_number
from repro.claims.measurement import Measurement

OVER = "samples of one model"
GAINED = "share of samples in which the judge finds the attribute at +1, minus that at -1"


def gains(
    names: list[str], found: np.ndarray, control: np.ndarray, *, seed: int
) -> list[Measurement]:
    """How much more often each direction's attribute is found at +1 than at -1; over all as well.

    found, control: bool (directions, ends, N), along the directions and along random ones.
    """
    gained = found[:, 1].astype(float) - found[:, 0]
    made = [
        mean_over(
            f"gained_{name}",
            one,
            seed=seed,
            purpose=f"playable, gained {name}",
            over=OVER,
            protocol=GAINED,
        )
        for name, one in zip(names, gained, strict=True)
    ]
    return [*made, gained_over_random(found, control, seed=seed)]


def gained_over_random(
    found: np.ndarray, control: np.ndarray, *, seed: int, suffix: str = ""
) -> Measurement:
    """The same mean over directions, minus that along random ones; bool (directions, ends, N) each.

    suffix: "_untrained" for an untrained generator, in which directions are found the same way.
    """
    gained, by_chance = (ends[:, 1].astype(float) - ends[:, 0] for ends in (found, control))
    return mean_over(
        f"gained_over_random_direction{suffix}",
        (gained - by_chance).mean(axis=0),
        seed=seed,
        purpose="playable, gained over random",
        over=OVER,
        protocol=f"{GAINED}; mean over directions, minus the same along random directions of "
        f"their lengths{'; untrained generator' if suffix else ''}",
    )


def export_numbers(errors: np.ndarray, *, array_bytes: int) -> list[Measurement]:
    """The effect of rounding the weights, and the size of the generator in the page.

    errors (N,): the largest difference of each picture, in grey levels; array_bytes: of its arrays.
    """
    return [
        single_number(
            "largest_rounding_error",
            float(errors.max()),
            n=len(errors),
            why="the largest of all pixels of n pictures",
            unit="grey levels",
            protocol="pictures by weights of 16 bits against those of the model",
        ),
        single_number(
            "generator_megabytes",
            array_bytes * 4 / 3 / 1e6,
            n=1,
            why="the size of one generator",
            unit="MB",
            protocol="the generator's arrays as text within the page",
        ),
    ]
