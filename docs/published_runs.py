"""The runs of results/published that README.md and results/README.md show, and their numbers.

Where in the flow: the blocks of both pages read from here (fill_numbers.py, readme_numbers.py,
five_claims.py), as does the bar of docs/overview.webp (make_pictures.py).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from repro.claims.card import ExperimentCard
from repro.claims.measurement import Measurement, read_measurements
from repro.claims.verdict import DECIDED, HOLDING, Verdict
from repro.report.compare import read_claims
from repro.runs.extensions import experiment_cards

ROOT = Path(__file__).parent.parent
PUBLISHED = ROOT / "results" / "published"
FAILING = DECIDED - HOLDING - {Verdict.PARTLY}
PERCENT = 100.0  # `times` of a share that is shown in %


@dataclass(frozen=True)
class Run:
    """A column of the tables: a run file of config/, the time it takes, its images by SUBJECTS."""

    name: str
    words: str
    time: str  # on 2 cores
    images: dict[str, str]


SUBJECTS = {  # what the images show -> figures and tables made from them
    "rooms": "Figs 1–6, §4.1.1",
    "faces": "Figs 7, 8, 10",
    "objects": "Table 1, Fig 11",
    "house numbers": "Table 2",
    "digits": "Table 3, Fig 9",
}
PAPER = Run(
    name="paper",
    words="not run yet",
    time="800 to 1,600 hours (predicted)",
    images={
        "rooms": "LSUN bedrooms",
        "faces": "faces from the web",
        "objects": "D: ImageNet-1k; classified: CIFAR-10",
        "house numbers": "SVHN",
        "digits": "MNIST",
    },
)
RUNS = (
    Run(
        name="demo",
        words="synthetic images, small digits",
        time="15 to 25 minutes",
        images={
            "rooms": "synthetic rooms",
            "faces": "synthetic faces",
            "objects": "synthetic objects",
            "house numbers": "synthetic house numbers",
            "digits": "scikit-learn's 8x8 digits",
        },
    ),
    Run(
        name="two_cores",
        words="real images",
        time="about 2.5 hours (bfloat16)",
        images={
            "rooms": "3,600 indoor scenes of Mini-Places (no numbers for §4.1.1)",
            "faces": "23,707 faces of UTKFace (no numbers for Fig 10)",
            "objects": "D: Tiny ImageNet's 100,000; classified: CIFAR-10's 50,000 training images "
            "(no numbers for Fig 11)",
            "digits": "MNIST",
        },
    ),
)


def claims_of(run: str) -> pd.DataFrame:
    """claims.csv of a published run without claims withdrawn since, verdicts as `Verdict`."""
    return _claims_in(PUBLISHED / run)


@cache
def _claims_in(folder: Path) -> pd.DataFrame:
    frame = read_claims(folder)
    cards = todays_cards()
    known = {(name, claim.id) for name, card in cards.items() for claim in card.claims}
    pairs = zip(frame["experiment"], frame["id"], strict=True)
    frame = frame[[pair in known for pair in pairs]]
    return frame.assign(verdict=[Verdict(one) for one in frame["verdict"]])


@cache
def todays_cards() -> dict[str, ExperimentCard]:
    """The card of every experiment."""
    return experiment_cards()


def row_of(run: str, experiment: str, claim: str) -> dict[str, Any]:
    """The row of claims.csv of one claim."""
    rows = claims_of(run)
    (row,) = rows[(rows["experiment"] == experiment) & (rows["id"] == claim)].to_dict("records")
    return {str(key): value for key, value in row.items()}


def stated_in_paper(claims: pd.DataFrame, kind: str) -> pd.DataFrame:
    """What the paper states: its numbers (kind "value") or its directions ("direction")."""
    return claims[(claims["source"] == "paper") & (claims["kind"] == kind)]


def measurements_of(run: str, experiment: str) -> dict[str, Measurement]:
    """The numbers of an experiment by name; none where the run has not published it."""
    folder = PUBLISHED / run / experiment
    return read_measurements(folder) if folder.is_dir() else {}


def scaled(found: Measurement, times: float, unit: str = "") -> Measurement:
    """The same number in another unit, its ends in order."""
    value, *ends = (None if x is None else x * times for x in (found.value, found.low, found.high))
    low, high = ends if times > 0 else reversed(ends)
    return found.model_copy(update={"value": value, "low": low, "high": high, "unit": unit})
