"""Numbers of a row of features under an SVM: its error over draws of labels, the choice of its C.

Part of results.py of the experiments on Tables 1 and 2, which must state equal quantities alike;
functions of arrays. Alone: `error_over_draws(hits, "{}_pixels".format, protocol="raw pixels")`.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from repro.claims.constructors import deviation_around, single_number
from repro.claims.intervals import deviation_within
from repro.claims.measurement import Measurement
from repro.classification.choose_c import Choice


def error_over_draws(
    right: np.ndarray, named: Callable[[str], str], *, protocol: str
) -> list[Measurement]:
    """Mean test error ± one standard deviation over draws, and 1.96 of them like the authors.

    right: (networks, draws, T) bool, at least two draws. The deviation is that within a network; of
    several networks the one between their means is a number of its own. named: the name of a
    quantity of this row, e.g. "error" -> "error_dcgan".
    """
    errors = 100 * (1 - right.mean(axis=2))  # (networks, draws)
    networks, draws = errors.shape
    sd = deviation_within(errors)
    several = f", mean of {networks} networks" if networks > 1 else ""
    made = [
        deviation_around(
            named("error"),
            float(errors.mean()),
            sd,
            over=f"{draws} draws of labels{several}",
            n=draws,
            protocol=f"{protocol}; {right.shape[2]} test images once",
            unit="%",
        ),
        single_number(
            named("spread"),
            1.96 * sd,
            n=draws,
            why="it is a spread",
            unit="percentage points",
            protocol="1.96 standard deviations over draws of labels, the authors' ±",
        ),
    ]
    if networks > 1:
        name, protocol = named("sd_over_networks"), "over networks, of the mean test error"
        made.append(sd_over_networks(name, errors.mean(axis=1), protocol=protocol))
    return made


def sd_over_networks(name: str, percents: np.ndarray, *, protocol: str) -> Measurement:
    """Standard deviation of percentages (networks,), one each; protocol: over what, of what."""
    return single_number(
        name,
        float(percents.std(ddof=1)),
        n=len(percents),
        why="it is a spread",
        unit="percentage points",
        protocol=f"standard deviation, {protocol}",
    )


def of_the_choice(name: str, percent: float, *, held_out: int, protocol: str) -> Measurement:
    """Accuracy or error, in percent, on the held-out images that chose C."""
    return single_number(
        name,
        percent,
        n=held_out,
        why="it chose C, so it is optimistic",
        unit="%",
        protocol=protocol,
    )


def chosen_value(name: str, choices: Sequence[Choice], *, by: str) -> Measurement:
    """The C chosen, of several networks the most frequent; by: what was best at it."""
    edge = "; still at the edge of the grid" if any(one.at_edge for one in choices) else ""
    return single_number(
        name,
        Counter(one.C for one in choices).most_common(1)[0][0],
        n=len(choices),
        why="a choice",
        protocol=f"{by} of {len(choices[0].tried)} values{edge}",
    )


def mean_accuracy(choices: Sequence[Choice]) -> float:
    """Held-out accuracy in percent at the C chosen, mean over networks."""
    return 100 * float(np.mean([one.accuracy for one in choices]))
