"""A multiverse counted by hand: effects that stay and that flip; cards and files that are wrong."""

import copy
from pathlib import Path

import pytest
import yaml
from test_claims import CARD

from repro.claims.card import read_card
from repro.claims.choices import alternatives
from repro.claims.claim import Claim
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement
from repro.claims.multiverse import (
    Stability,
    Universe,
    Universes,
    read_multiverse,
    stability,
    write_multiverse,
)
from repro.claims.verdict import Judgement, Verdict, judge
from repro.runs.extensions import card_options, experiment_cards
from repro.runs.scales import options_at_scale
from repro.specs.run_file import RunSpec
from repro.specs.validation import SpecError

CHOICES = {
    "claims": ["smooth"],
    "choices": {"radius": {"values": [0, 4, 8], "why": "the paper is silent"}},
}


def measured(value: float | None, *, half: float = 0.1, n: int = 10) -> Measurement:
    ends = (None, None) if value is None else (value - half, value + half)
    return Measurement(name="m", value=value, low=ends[0], high=ends[1], n=n)


def claim(**more: object) -> Claim:
    return Claim.model_validate(CARD["claims"][0] | more)  # type: ignore[index]


def judged(value: float | None, of: Claim, ground: Ground = Ground.SYNTHETIC) -> Judgement:
    return judge(of, measured(value), ground=ground)


def universes(found: dict[tuple[int, str], float | None]) -> Universes:
    others = [
        Universe(choices={"radius": radius, "space": space}, measurement=measured(value))
        for (radius, space), value in found.items()
    ]
    return Universes(default={"radius": 0, "space": "pixels"}, others=others)


def stable(found: dict[tuple[int, str], float | None]) -> Stability:
    """The claim: below 0.5; its own number is 0.2 ± 0.1."""
    of = claim()
    made = stability(judged(0.2, of), universes(found), ground=Ground.SYNTHETIC)
    assert made is not None
    return made


def test_all_combinations_but_the_claims_own() -> None:
    values = {"layer": [1, 2], "strength": [0.1, 1]}
    own = {"layer": 1, "strength": 1.0}
    assert alternatives(values, default=own) == [
        {"layer": 1, "strength": 0.1},
        {"layer": 2, "strength": 1.0},
        {"layer": 2, "strength": 0.1},
    ]
    # a run's own value counts although the card does not name it
    other = alternatives({"layer": [1, 2]}, default={"layer": 3, "strength": 1})
    assert other == [{"layer": 1}, {"layer": 2}]


def test_an_effect_that_stays_under_all_choices() -> None:
    found = stable({(0, "features"): 0.3, (4, "pixels"): 0.1, (4, "features"): 0.39})
    assert (found.stays, len(found.others)) == (3, 3)
    assert found.words == "The verdict stays in all 3 other choices (radius, space)."


def test_an_effect_that_flips_at_a_known_value() -> None:
    found = stable(
        {
            (0, "features"): 0.3,
            (4, "pixels"): 0.45,  # [0.35, 0.55]: undecided
            (4, "features"): 0.2,
            (8, "pixels"): 0.9,
            (8, "features"): 0.8,
        }
    )
    assert (found.stays, len(found.others)) == (2, 5)
    assert [one.verdict for one in found.others] == [
        Verdict.HOLDS_SYNTHETIC,
        Verdict.UNDECIDED,
        Verdict.HOLDS_SYNTHETIC,
        Verdict.FAILS_SYNTHETIC,
        Verdict.FAILS_SYNTHETIC,
    ]
    assert found.words == (
        "The verdict stays in 2 of 5 other choices (radius, space) and changes in the "
        "rest: fails on synthetic data (2), undecided (1). It always changes with radius 8."
    )


def test_where_no_value_always_flips_it_the_worst_ones_are_named() -> None:
    found = stable({(0, "features"): 0.9, (4, "pixels"): 0.9, (4, "features"): 0.2})
    assert found.words.endswith(
        "(2). It changes most often with radius 0 (1 of 2), space features (1 of 2), "
        "radius 4 (1 of 2)."
    )


def test_the_control_and_a_missing_number_count_as_other_verdicts() -> None:
    of = claim(control="c")
    passing = Universe(choices={"k": 3}, measurement=measured(0.2), control=measured(0.1))
    missing = Universe(choices={"k": 5}, measurement=measured(None))
    own = judge(of, measured(0.2), ground=Ground.SYNTHETIC, control=measured(0.9))
    found = stability(
        own, Universes(default={"k": 1}, others=[passing, missing]), ground=Ground.SYNTHETIC
    )
    assert found is not None
    assert found.stays == 0
    assert [one.verdict for one in found.others] == [Verdict.CONTROL_PASSES, Verdict.NOT_RUN]
    assert found.words == (
        "The verdict changes in all 2 other choices (k): not decided (control passes) (1), "
        "not run (1)."
    )


def test_without_a_verdict_nothing_can_stay() -> None:
    some = universes({(4, "pixels"): 0.2})
    assert stability(judged(None, claim()), some, ground=Ground.SYNTHETIC) is None
    tiny = judged(0.2, claim(), Ground.TOO_SMALL)
    assert stability(tiny, some, ground=Ground.TOO_SMALL) is None
    value = judged(0.2, claim(kind="value"))
    assert stability(value, some, ground=Ground.SYNTHETIC) is None
    assert stability(judged(0.2, claim()), None, ground=Ground.SYNTHETIC) is None
    assert stability(judged(0.2, claim()), universes({}), ground=Ground.SYNTHETIC) is None


def test_written_and_read_again(tmp_path: Path) -> None:
    assert read_multiverse(tmp_path) == {}
    write_multiverse(tmp_path, {})
    assert not [*tmp_path.iterdir()]
    found = {"smooth": universes({(4, "pixels"): 0.2, (8, "features"): None})}
    write_multiverse(tmp_path, found)
    assert read_multiverse(tmp_path) == found
    (tmp_path / "multiverse.json").write_text('{"smooth": {"default": {}, "other": []}}')
    with pytest.raises(SpecError, match=r"multiverse\.json: .*'smooth\.others'.*must be given"):
        read_multiverse(tmp_path)
    (tmp_path / "multiverse.json").write_text("{")
    with pytest.raises(SpecError, match=r"multiverse\.json: not valid JSON.*measure step again"):
        read_multiverse(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"claims": ["smoth"]}, r"multiverse: no claim 'smoth'; .*smooth"),
        ({"claims": ["smooth", "smooth"]}, r"multiverse: claims given twice: smooth"),
        ({"claims": []}, r"multiverse\.0\.claims"),
        ({"choices": {}}, r"multiverse\.0\.choices"),
        ({"choices": {"k": {"values": [3], "why": "x"}}}, r"choices\.k\.values.* 2 "),
        ({"choices": {"k": {"values": [3, 3.0], "why": "x"}}}, r"given twice: 3"),
        ({"choices": {"k": {"values": [3, 5], "why": ""}}}, r"choices\.k\.why"),
        ({"choices": {"k": {"values": [3, 5]}}}, r"'multiverse\.0\.choices\.k\.why' is missing"),
        ({"choices": {"K 1": {"values": [3, 5], "why": "x"}}}, r"lower case.*found K 1"),
    ],
)
def test_a_wrong_card_is_refused(tmp_path: Path, change: dict, message: str) -> None:
    card = copy.deepcopy(CARD) | {"multiverse": [CHOICES]}
    path = tmp_path / "experiment.yaml"
    path.write_text(yaml.safe_dump(card))
    assert read_card(path).free_choices == {"smooth": {"radius": [0, 4, 8]}}
    path.write_text(yaml.safe_dump(card | {"multiverse": [CHOICES | change]}))
    with pytest.raises(SpecError, match=message):
        read_card(path)


def test_values_reach_the_experiment_unless_the_pictures_are_the_readers_own() -> None:
    cards = {"dedup": experiment_cards()["dedup"]}
    spec = RunSpec.model_validate({"title": "t", "datasets": {}, "models": {}, "roles": {}})
    given = options_at_scale(spec, cards)["dedup"]["multiverse"]
    assert given["recall"] == cards["dedup"].free_choices["recall"]
    own = spec.model_copy(update={"experiments": {"dedup": {"multiverse": {}}}})
    assert options_at_scale(own, cards)["dedup"]["multiverse"] == {}
    assert options_at_scale(spec.model_copy(update={"photos": "cats"}), cards) == {}


def test_a_choice_that_the_experiment_does_not_know_is_named() -> None:
    values = {"multiverse": {"recall": {"radius": [0, 1], "treshold": [0]}}}
    with pytest.raises(SpecError, match=r"'multiverse\.recall\.treshold'.*threshold"):
        card_options("dedup", values, key="")
