"""FIDs and KIDs of single comparisons combined into measurements, named by their protocol.

Part of measure.py. One training gives a bare FID, and a KID with its spread over subsets; several
trainings give both a Student interval over the trainings. Alone: `measurements(comparisons)`.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from repro.claims.constructors import deviation_around, single_number, student_over
from repro.claims.measurement import Measurement
from repro.quality.fid import Scores, count_suffix, describe_subsets

SAMPLES = "samples"
FLOOR = "real"  # held-out images in place of samples
FULL = 2048  # features of true FID and KID


@dataclass(frozen=True)
class Comparison:
    """Two sets of pictures compared. kind: what was compared; against: "training" or "validation".

    training: the training of the role that drew the samples, from 1; 0 where both sets are real.
    """

    role: str
    kind: str
    against: str
    training: int
    scores: Scores
    protocol: str

    @property
    def name(self) -> str:
        """The suffix of its measurements' names, after fid or kid: 10k_faces_training."""
        count = count_suffix(self.scores.first) if self.kind == SAMPLES else "_real"
        features = "" if self.scores.width == FULL else f"_{self.scores.width}_features"
        return f"{count}_{self.role}_{self.against}{features}"

    def described(self) -> dict[str, Any]:
        """The comparison as stored in parts.json."""
        return {**asdict(self), "name": self.name, "warning": self.scores.warning}


def measurements(rows: list[Comparison]) -> list[Measurement]:
    """FID and KID of every role, kind and reference, e.g. fid10k_faces_training."""
    groups: dict[str, list[Comparison]] = {}
    for row in rows:
        groups.setdefault(row.name, []).append(row)
    return [
        one
        for name, group in groups.items()
        for one in (_fid(f"fid{name}", group), _kid(f"kid{name}", group))
    ]


def _fid(name: str, group: list[Comparison]) -> Measurement:
    found = group[0].scores
    warning = f"; {found.warning}" if found.warning else ""
    words = f"{group[0].protocol}{warning}; depends on the numbers of images"
    if len(group) > 1:
        values = np.array([row.scores.fid for row in group])
        return student_over(name, values, over="trained networks", protocol=words)
    return single_number(name, found.fid, n=1, why=_of_one(group[0]), protocol=words)


def _kid(name: str, group: list[Comparison]) -> Measurement:
    found = group[0].scores
    words = f"{group[0].protocol}; kernel (x.y/F + 1)^3, mean over {describe_subsets(found)}"
    if len(group) > 1:
        values = np.array([row.scores.kid for row in group])
        return student_over(name, values, over="trained networks", protocol=words)
    return deviation_around(
        name,
        found.kid,
        found.kid_sd,
        over=f"subsets, which overlap: no confidence interval; {_of_one(group[0])}",
        by="± one standard deviation",
        n=1,
        protocol=words,
    )


def _of_one(row: Comparison) -> str:
    return "one trained network" if row.training else "no network of the run plays a part"
