"""The README's table of five claims: paper, ours on real data, an untrained network, verdict.

Where in the flow: docs/fill_numbers.py writes it into the page after `make publish`. Its numbers
and verdicts are those of the published run on real images.
"""

from dataclasses import dataclass

import pandas as pd
from published_runs import PERCENT, measurements_of, row_of, scaled, todays_cards

from repro.claims.measurement import Measurement
from repro.claims.verdict import wholly_inside
from repro.report.quantities import rounded

RUN = "two_cores"  # the run on real images
OPPOSITE = {"less": "more", "more": "less"}


@dataclass(frozen=True)
class Shown:
    """A claim in the README's table: words, unit, what its interval is over, figure.

    more: the unit of a difference above 0; below 0 the amount is shown with the opposite word.
    """

    experiment: str
    claim: str
    words: str
    unit: str
    over: str
    picture: str
    name: str
    more: str = ""
    times: float = 1.0


FIVE = [
    Shown("cifar10_svm", "beats_kmeans",
          "D's features classify more of CIFAR-10 correctly than one layer of K-means",
          "percentage points", "test images", "fig_table1.png", "Table 1", more="more"),
    Shown("latent_walk", "smooth_transitions",
          "Walks in latent space change smoothly: no step has 30 % of a walk's whole change",
          "% in the largest of 10 steps", "walks", "fig04_steps.png", "Fig 4", times=PERCENT),
    Shown("face_arithmetic", "three_beat_one",
          "Arithmetic on averages of three exemplars succeeds more often than on single ones",
          "percentage points", "choices of exemplars", "fig07_success.png", "Fig 7",
          more="more", times=PERCENT),
    Shown("mnist_neighbours", "beats_gan_few",
          "As the training set of a 1-nearest-neighbour classifier on MNIST, 50,000 DCGAN samples "
          "give less error than 50,000 of a fully connected GAN",
          "percentage points", "test digits", "fig_mnist_errors.png", "Table 3", more="less"),
    Shown("mnist_neighbours", "as_good_as_real",
          "50,000 DCGAN samples give at most half a point more error than the 50,000 real digits",
          "percentage points", "test digits", "fig_mnist_classes.png", "Table 3", more="less"),
]  # fmt: skip


def five_claims() -> str:
    """The README's table: claim, paper, ours on real data, untrained, verdict, picture."""
    lines = [
        "| claim | paper | ours, real data | untrained network | verdict | figure |",
        "|---|---|---|---|---|---|",
    ]
    for one in FIVE:
        row = row_of(RUN, one.experiment, one.claim)
        low, high = (None if pd.isna(row[end]) else row[end] for end in ("low", "high"))
        ours = Measurement(name="ours", value=row["value"], low=low, high=high, n=int(row["n"]))
        cells = [
            one.words,
            row["paper"],
            f"{in_unit(ours, one)}; {int(row['n']):,} {one.over}",
            control_cell(one),
            row["verdict"],
            f"[{one.name}](results/published/{RUN}/{one.experiment}/{one.picture})",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def in_unit(found: Measurement, one: Shown) -> str:
    """E.g. "4.5 [3.5, 5.4] percentage points less": of a difference below 0 the amount."""
    if not one.more:
        return rounded(scaled(found, one.times, one.unit))
    down = found.value is not None and found.value < 0
    word = OPPOSITE[one.more] if down else one.more
    return rounded(scaled(found, -one.times if down else one.times, f"{one.unit} {word}"))


def control_cell(one: Shown) -> str:
    """Whether the untrained control, measured in the same run, passes the claim's rule."""
    claims = todays_cards()[one.experiment].claims
    claim = next(claim for claim in claims if claim.id == one.claim)
    if claim.without_control:
        return "none needed"
    found = measurements_of(RUN, one.experiment).get(claim.control)
    if found is None or found.hull is None:
        return "not measured"
    passes = "passes too" if wholly_inside(claim, found) else "does not pass"
    return f"{passes}: {in_unit(found, one)}"
