"""The verdict on a claim: its rule from the card against the measurement that answers it.

Where in the flow: the report calls `judge` for every claim of every experiment. A number from other
data or another scale is never set against the paper's number: such a claim (`kind: value`) is "not
comparable", while claims of direction are decided.
"""

from dataclasses import dataclass

from repro.claims.card import Claim
from repro.claims.measurement import Measurement, Verdict


@dataclass(frozen=True)
class Judgement:
    """A claim, what was measured (if anything), and the verdict with its reason in words."""

    claim: Claim
    measurement: Measurement | None
    verdict: Verdict
    reason: str


def judge(
    claim: Claim, measurement: Measurement | None, *, not_comparable_because: str = ""
) -> Judgement:
    """Decide one claim. `not_comparable_because`: why data or scale are not the paper's, or "".

    Nothing measured: not run. A paper's number under other conditions: not comparable. Else the
    interval (or the bare value): wholly inside the rule: reproduced; only the value inside: partly;
    the value outside: not.
    """
    hull = measurement.hull if measurement else None
    if measurement is None or measurement.value is None or hull is None:
        why = measurement.no_value_because if measurement else "not measured"
        reason = why or "measured without a result"
        if claim.kind == "value" and not_comparable_because:
            reason += f" in this run ({not_comparable_because})"
        return Judgement(claim, measurement, Verdict.NOT_RUN, reason)
    if claim.kind == "value" and not_comparable_because:
        return Judgement(claim, measurement, Verdict.NOT_COMPARABLE, not_comparable_because)
    bare = measurement.low is None and measurement.high is None
    if not claim.rule.holds(measurement.value):
        return Judgement(claim, measurement, Verdict.NOT, f"the value is not {claim.rule.words}")
    if claim.rule.holds(hull[0]) and claim.rule.holds(hull[1]):
        what = "the value, which has no interval, is" if bare else "the whole interval is"
        return Judgement(claim, measurement, Verdict.REPRODUCED, f"{what} {claim.rule.words}")
    reason = f"the value is {claim.rule.words}, its interval is not wholly"
    return Judgement(claim, measurement, Verdict.PARTLY, reason)
