"""The verdict on a claim: its rule from the card against the measurement that answers it.

Where in the flow: the report calls `judge` for every claim of every experiment, with the ground on
which it is decided (repro.claims.ground). The words say what was decided: "reproduced" is kept for
the paper's data at its scale. A number from other data or another scale is never set against the
paper's (`kind: value`). A claim whose control passes as well, or whose control was not measured, is
not decided, nor is one that rests on a choice at the edge of what was tried.

Alone: `judge(claim, measurement, ground=Ground.SYNTHETIC)`.
"""

from dataclasses import dataclass
from enum import StrEnum

from repro.claims.claim import Claim
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement, format_measurement


class Verdict(StrEnum):
    """What a run says of a claim."""

    REPRODUCED = "reproduced"
    PARTLY = "partly"
    NOT = "not reproduced"
    HOLDS = "holds on other data"
    HOLDS_SYNTHETIC = "holds on synthetic data"
    UNDECIDED = "undecided"
    FAILS = "fails on other data"
    FAILS_SYNTHETIC = "fails on synthetic data"
    CONTROL_PASSES = "not decided (control passes)"
    NO_CONTROL = "not decided (no control)"
    TOO_SMALL = "not decided (too small)"
    AT_EDGE = "not decided (choice at an edge)"
    NOT_COMPARABLE = "not comparable"
    NOT_RUN = "not run"


# ground -> words for: the whole interval inside, the value alone, nothing of the interval inside;
# where the value is outside and its interval reaches inside, the claim is undecided on any ground
WORDS = {
    Ground.PAPER: (Verdict.REPRODUCED, Verdict.PARTLY, Verdict.NOT),
    Ground.OTHER: (Verdict.HOLDS, Verdict.UNDECIDED, Verdict.FAILS),
    Ground.SYNTHETIC: (Verdict.HOLDS_SYNTHETIC, Verdict.UNDECIDED, Verdict.FAILS_SYNTHETIC),
}
HOLDING = {inside for inside, _, _ in WORDS.values()}
DECIDED = HOLDING | {Verdict.PARTLY} | {outside for _, _, outside in WORDS.values()}
NOT_MEASURED = "not measured yet"  # in the column `control` of claims.csv
NEEDLESS = "none: "  # before the reason why a claim needs no control, in claims.csv


@dataclass(frozen=True)
class Judgement:
    """A claim, what was measured (if anything), and the verdict with its reason in words.

    control: the measurement of the claim's control, where there is one.
    """

    claim: Claim
    measurement: Measurement | None
    verdict: Verdict
    reason: str
    control: Measurement | None = None


def judge(
    claim: Claim,
    measurement: Measurement | None,
    *,
    ground: Ground,
    control: Measurement | None = None,
    because: str = "",
) -> Judgement:
    """Decide one claim. because: why the ground is not the paper's data and scale.

    In this order: nothing measured; a run that is too small; a paper's number on another ground;
    a choice at the edge of what was tried; fewer observations than the claim needs, unless the
    whole interval is outside the rule; the whole interval (or the bare value) outside; the value
    outside and a part of its interval inside; only the value inside; the whole interval (or the
    bare value) inside. A claim of the last kind that `control`, put to the same rule, passes in the
    same way is not decided, nor one whose control fails with a choice at an edge or, though the
    card names one, was not measured.
    """

    def judged(verdict: Verdict, reason: str) -> Judgement:
        return Judgement(claim, measurement, verdict, reason, control)

    hull = measurement.hull if measurement else None
    if measurement is None or measurement.value is None or hull is None:
        why = measurement.no_value_because if measurement else "not measured"
        reason = why or "measured without a result"
        if claim.kind == "value" and ground in (Ground.OTHER, Ground.SYNTHETIC):
            reason += f" in this run ({because})"
        return judged(Verdict.NOT_RUN, reason)
    if ground == Ground.TOO_SMALL:
        return judged(Verdict.TOO_SMALL, because or ground.value)
    if claim.kind == "value" and ground != Ground.PAPER:
        return judged(Verdict.NOT_COMPARABLE, because)
    if measurement.at_edge:
        return judged(Verdict.AT_EDGE, f"at the edge of what was tried: {measurement.at_edge}")
    if measurement.n < claim.least_n and claim.rule.meets(*hull):
        needed = f"n = {measurement.n:,}, at least {claim.least_n:,} are needed"
        return judged(Verdict.TOO_SMALL, needed)
    inside, partly, outside = WORDS[ground]
    if not claim.rule.meets(*hull):
        return judged(outside, f"the value is not {claim.rule.words}")
    if not claim.rule.holds(measurement.value):
        reaches = f"the value is not {claim.rule.words}, but its interval reaches there"
        return judged(Verdict.UNDECIDED, reaches)
    if not wholly_inside(claim, measurement):
        return judged(partly, f"the value is {claim.rule.words}, but not its whole interval")
    if control is None and claim.control:
        named = claim.control.replace("_", " ")
        return judged(Verdict.NO_CONTROL, f"its control ({named}) was not measured")
    if control is not None and wholly_inside(claim, control):
        named = claim.control.replace("_", " ")
        passes = (
            f"the control is {claim.rule.words} as well ({named}: {format_measurement(control)})"
        )
        return judged(Verdict.CONTROL_PASSES, passes)
    if control is not None and control.at_edge:
        why = f"at the edge of what was tried, for the control: {control.at_edge}"
        return judged(Verdict.AT_EDGE, why)
    bare = measurement.low is None and measurement.high is None
    within = ", of one training" if "one training" in measurement.spread else ""
    what = "the value, which has no interval, is" if bare else "the whole interval is"
    return judged(inside, f"{what} {claim.rule.words}{within}{_of_the_control(claim, control)}")


def wholly_inside(claim: Claim, measurement: Measurement) -> bool:
    """Whether value and interval lie inside the rule; what could not be measured does not."""
    hull = measurement.hull
    return hull is not None and claim.rule.holds(hull[0]) and claim.rule.holds(hull[1])


def _of_the_control(claim: Claim, control: Measurement | None) -> str:
    if control is None:
        return ""
    named = claim.control.replace("_", " ")
    return f", that of the control is not ({named}: {format_measurement(control)})"
