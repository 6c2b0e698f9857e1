"""The words of a verdict by what was decided, and what an untrained control does to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.claims.claim import Claim
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement
from repro.claims.verdict import DECIDED, HOLDING, Verdict, judge

WORDS = {  # ground -> interval inside the rule, value alone inside, interval outside
    Ground.PAPER: ("reproduced", "partly", "not reproduced"),
    Ground.OTHER: ("holds on other data", "undecided", "fails on other data"),
    Ground.SYNTHETIC: ("holds on synthetic data", "undecided", "fails on synthetic data"),
    Ground.TOO_SMALL: ("not decided (too small)",) * 3,
}


def claim(kind: str = "direction", **more: object) -> Claim:
    values = {"id": "a", "section": "1", "statement": "s", "paper": "p", "measurement": "m"}
    return Claim.model_validate(
        values | {"kind": kind, "rule": {"above": 0}, "source": "paper"} | more
    )


def around(value: float, half: float) -> Measurement:
    return Measurement(name="m", value=value, low=value - half, high=value + half, n=9)


CASES = (around(2, 1), around(2, 3), around(-4, 3))


@pytest.mark.parametrize("ground", list(Ground))
def test_the_words_say_on_what_a_direction_was_decided(ground: Ground) -> None:
    assert [judge(claim(), one, ground=ground).verdict for one in CASES] == list(WORDS[ground])


@pytest.mark.parametrize("ground", list(Ground))
def test_a_number_is_decided_on_the_papers_ground_alone(ground: Ground) -> None:
    found = [judge(claim("value"), one, ground=ground, because="b") for one in CASES]
    other = "not decided (too small)" if ground == Ground.TOO_SMALL else "not comparable"
    expected = WORDS[ground] if ground == Ground.PAPER else (other,) * 3
    assert [one.verdict for one in found] == list(expected)


@pytest.mark.parametrize("ground", [Ground.PAPER, Ground.OTHER, Ground.SYNTHETIC])
@pytest.mark.parametrize(
    ("control", "decided"),
    [
        (around(2, 1), False),  # as far above 0 as ours: the architecture does it
        (around(0.5, 1), True),  # above 0 by chance, perhaps
        (around(-2, 1), True),
        (Measurement(name="c", value=None, n=0), True),  # an untrained network gave no number
        (
            Measurement(name="c", value=1.0, n=1),
            False,
        ),  # a number without an interval passes as ours would
    ],
)
def test_what_the_control_passes_as_well_is_not_decided(
    ground: Ground, control: Measurement, decided: bool
) -> None:
    found = judge(claim(control="c"), around(2, 1), ground=ground, control=control)
    assert (found.verdict in DECIDED) is decided
    assert found.verdict == (WORDS[ground][0] if decided else "not decided (control passes)")
    assert found.control is control


@pytest.mark.parametrize("ground", [Ground.PAPER, Ground.OTHER, Ground.SYNTHETIC])
def test_what_holds_without_its_control_is_not_decided(ground: Ground) -> None:
    found = judge(claim(control="share_untrained"), around(2, 1), ground=ground)
    assert found.verdict == "not decided (no control)"
    assert found.reason == "its control (share untrained) was not measured"
    # what fails or is undecided needs no control
    for ours in (around(-2, 1), around(0.5, 1), around(-0.5, 1)):
        named = judge(claim(control="share_untrained"), ours, ground=ground)
        assert named.verdict == judge(claim(), ours, ground=ground).verdict


def edged(measurement: Measurement) -> Measurement:
    return measurement.model_copy(update={"at_edge": "C of pixels"})


@pytest.mark.parametrize("ground", [Ground.PAPER, Ground.OTHER, Ground.SYNTHETIC])
@pytest.mark.parametrize("case", CASES)
def test_a_choice_at_an_edge_decides_nothing(ground: Ground, case: Measurement) -> None:
    found = judge(claim(), edged(case), ground=ground)
    assert found.verdict == "not decided (choice at an edge)"
    assert found.verdict not in DECIDED
    assert "C of pixels" in found.reason


@pytest.mark.parametrize(("value", "verdict"), [(2, Verdict.CONTROL_PASSES), (-2, Verdict.AT_EDGE)])
def test_a_control_that_was_cut_short_may_pass_and_not_fail(value: float, verdict: Verdict) -> None:
    control = edged(around(value, 1))
    found = judge(claim(control="c"), around(2, 1), ground=Ground.PAPER, control=control)
    assert found.verdict == verdict
    alone = judge(claim(control="c"), around(-2, 1), ground=Ground.PAPER, control=control)
    assert alone.verdict == Verdict.NOT  # what fails needs no control


def test_a_claim_that_needs_no_control_says_nothing_of_one() -> None:
    found = judge(claim(without_control="a count"), around(2, 1), ground=Ground.PAPER)
    assert found.verdict == Verdict.REPRODUCED
    assert found.reason == "the whole interval is above 0"


values = st.floats(-100, 100)
halves = st.floats(0, 100)
measurements = st.builds(around, values, halves)


@given(ours=measurements, control=measurements, ground=st.sampled_from(list(Ground)))
def test_a_control_takes_back_what_holds_and_changes_nothing_else(
    ours: Measurement, control: Measurement, ground: Ground
) -> None:
    alone = judge(claim(without_control="a count"), ours, ground=ground).verdict
    beside = judge(claim(control="c"), ours, ground=ground, control=control).verdict
    assert control.low is not None
    passes = control.low > 0
    taken_back = alone in HOLDING and passes
    assert beside == (Verdict.CONTROL_PASSES if taken_back else alone)


@given(ours=measurements)
def test_the_same_numbers_are_decided_alike_on_every_ground(ours: Measurement) -> None:
    grounds = (Ground.PAPER, Ground.OTHER, Ground.SYNTHETIC)
    found = {ground: judge(claim(), ours, ground=ground).verdict for ground in grounds}
    if ours.value is not None and ours.value <= 0 and found[Ground.OTHER] == "undecided":
        assert set(found.values()) == {"undecided"}  # its interval reaches above 0
    else:
        assert len({WORDS[ground].index(verdict) for ground, verdict in found.items()}) == 1


@pytest.mark.parametrize(
    ("ends", "n", "word"),
    [
        ((0, 0, 0.0101), 380, Verdict.TOO_SMALL),
        ((0, 0, 0.0099), 381, Verdict.REPRODUCED),
        ((0.004, 0.02, 0.1), 50, Verdict.TOO_SMALL),  # outside, but by chance perhaps
        ((0.3, 0.5, 0.7), 50, Verdict.NOT),  # so few are enough to contradict it
    ],
)
def test_too_few_observations_decide_nothing_but_a_plain_contradiction(ends, n, word) -> None:
    low, value, high = ends
    one = Measurement(name="m", value=value, low=low, high=high, n=n)
    wanted = claim("value", rule={"below": 0.01}, least_n=381)
    assert judge(wanted, one, ground=Ground.PAPER).verdict == word
