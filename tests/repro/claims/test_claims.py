"""Verdicts against hand-made truth tables and properties; cards and measurements that are wrong."""

import json
import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from repro.claims.card import ExperimentCard, read_card
from repro.claims.claim import Claim, Rule
from repro.claims.ground import Ground
from repro.claims.measurement import Measurement, format_measurement, number, read_measurements
from repro.claims.verdict import Verdict, judge
from repro.specs.validation import SpecError

CARD = {
    "title": "Walking in the latent space",
    "paper": {"section": "6.1", "figures": ["Fig 4"]},
    "inputs": ["bedrooms.model", "bedrooms.data", "faces.model"],
    "captions": {"fig04_latent_walk.png": "What to look for"},
    "claims": [
        {
            "id": "smooth",
            "section": "6.1",
            "statement": "No step is abrupt",
            "paper": "stated, no number",
            "measurement": "largest_step_share",
            "kind": "direction",
            "rule": {"below": 0.5},
            "source": "paper",
        }
    ],
    "departures": [],
}


def claim(rule: dict, kind: str = "direction") -> Claim:
    return Claim.model_validate(CARD["claims"][0] | {"rule": rule, "kind": kind})  # type: ignore[index]


def measured(
    value: float | None, low: float | None = None, high: float | None = None
) -> Measurement:
    return Measurement(name="largest_step_share", value=value, low=low, high=high, n=10)


@pytest.mark.parametrize(
    ("rule", "value", "low", "high", "verdict"),
    [
        ({"below": 0.5}, 0.3, 0.2, 0.4, "reproduced"),
        ({"below": 0.5}, 0.3, 0.2, 0.5, "partly"),  # the limit itself is outside
        ({"below": 0.5}, 0.3, 0.2, 0.6, "partly"),
        ({"below": 0.5}, 0.5, None, None, "not reproduced"),
        ({"below": 0.5}, 0.6, 0.4, 0.8, "undecided"),
        ({"below": 0.5}, 0.6, 0.5, 0.8, "not reproduced"),
        ({"below": 0.5}, 0.3, None, None, "reproduced"),
        ({"below": 0.5}, 0.3, 0.1, None, "reproduced"),  # one end: the value stands for the other
        ({"below": 0.5}, 0.3, None, 0.7, "partly"),
        ({"above": 0}, 2.0, 1.0, 3.0, "reproduced"),
        ({"above": 0}, 2.0, 0.0, 3.0, "partly"),
        ({"above": 0}, 2.0, -1.0, 5.0, "partly"),
        ({"above": 0}, 0.0, None, None, "not reproduced"),
        ({"above": 0}, -1.0, -2.0, 1.0, "undecided"),
        ({"above": 0}, -1.0, -2.0, 0.0, "not reproduced"),
        ({"above": 0}, 2.0, 1.0, math.inf, "reproduced"),
        ({"within": [72, 76]}, 74.0, 72.0, 76.0, "reproduced"),  # both ends belong to it
        ({"within": [72, 76]}, 74.0, 71.9, 75.0, "partly"),
        ({"within": [72, 76]}, 74.0, 73.0, 76.1, "partly"),
        ({"within": [72, 76]}, 76.1, 75.0, 77.0, "undecided"),
        ({"within": [72, 76]}, 60.0, 50.0, 90.0, "undecided"),
        ({"within": [72, 76]}, 60.0, 50.0, 71.0, "not reproduced"),
        ({"below": 0.5}, 0.6, 0.1, 0.2, "undecided"),  # a value outside its own interval counts too
        ({"below": 0.5}, 0.3, math.nan, math.nan, "reproduced"),  # no interval, or practically none
        ({"below": 0.5}, math.nan, 0.1, 0.2, "not run"),
        ({"below": 0.5}, None, None, None, "not run"),
    ],
)
def test_verdict_by_hand(
    rule: dict, value: float | None, low: float | None, high: float | None, verdict: str
) -> None:
    assert judge(claim(rule), measured(value, low, high), ground=Ground.PAPER).verdict == verdict
    as_value = claim(rule, kind="value")
    assert (
        judge(as_value, measured(value, low, high), ground=Ground.PAPER).verdict == verdict
    )  # paper's own conditions
    elsewhere = judge(
        as_value, measured(value, low, high), ground=Ground.OTHER, because="other data"
    )
    assert elsewhere.verdict == ("not run" if verdict == "not run" else "not comparable")
    if verdict != "not run":
        assert elsewhere.reason == "other data"


def test_nothing_measured_is_not_run() -> None:
    for kind in ("direction", "value"):
        found = judge(
            claim({"below": 1}, kind=kind), None, ground=Ground.SYNTHETIC, because="generated"
        )
        assert found.verdict is Verdict.NOT_RUN
        words = {"direction": "not measured", "value": "not measured in this run (generated)"}
        assert found.reason == words[kind]


reals = st.floats(-1e6, 1e6)
rules = st.one_of(
    st.builds(lambda x: {"below": x}, reals),
    st.builds(lambda x: {"above": x}, reals),
    st.builds(lambda a, b: {"within": [min(a, b), max(a, b)]}, reals, reals),
)
triples = st.lists(reals, min_size=3, max_size=3).map(sorted)


@given(rule=rules, ends=triples)
def test_interval_decides_as_all_its_points_would(rule: dict, ends: list[float]) -> None:
    low, value, high = ends
    holds = [
        x < rule["below"] if "below" in rule
        else x > rule["above"] if "above" in rule
        else rule["within"][0] <= x <= rule["within"][1]
        for x in (low, value, high)
    ]  # fmt: skip
    crossing = "within" in rule and low < rule["within"][0] and high > rule["within"][1]
    if holds[1]:
        expected = "reproduced" if all(holds) else "partly"
    else:
        expected = "undecided" if any(holds) or crossing else "not reproduced"
    assert judge(claim(rule), measured(value, low, high), ground=Ground.PAPER).verdict == expected


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({}, "exactly one"),
        ({"below": 1, "above": 0}, "exactly one"),
        ({"within": [3, 2]}, "the first end 3 is above the second"),
    ],
)
def test_rules_that_decide_nothing_are_refused(rule: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Rule.model_validate(rule)


def test_interval_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match=r"low 0\.9 is above high 0\.1"):
        measured(0.5, 0.9, 0.1)


def write_card(folder: Path, **changes: object) -> Path:
    path = folder / "experiment.yaml"
    path.write_text(yaml.safe_dump(CARD | changes))
    return path


def test_card_is_read_whole(tmp_path: Path) -> None:
    card = read_card(write_card(tmp_path))
    assert card == ExperimentCard.model_validate(CARD)
    assert card.roles == ["bedrooms", "faces"]
    assert card.claims[0].rule_text == "largest step share below 0.5"
    more = read_card(write_card(tmp_path, optional=["svhn.data", "faces.data"]))
    assert more.roles == ["bedrooms", "faces", "svhn"]
    assert read_card(write_card(tmp_path, claims=[])).claims == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tilte": "x"}, r"experiment\.yaml: unknown key 'tilte'; did you mean 'title'"),
        ({"title": ""}, "'title'"),
        ({"inputs": ["bedrooms.pictures"]}, r"'bedrooms\.pictures' is not <role>\.<slot>"),
        ({"inputs": ["bedrooms"]}, "is not <role>"),
        ({"inputs": ["bedroms.data"]}, "no role 'bedroms'; did you mean 'bedrooms'"),
        ({"optional": ["svhn.pictures"]}, r"'svhn\.pictures' is not <role>\.<slot>"),
        (
            {"claims": [CARD["claims"][0] | {"roles": ["svhn"]}]},  # type: ignore[index]
            "roles that no input names: svhn",
        ),
        ({"claims": None}, r"'claims'"),
        ({"claims": CARD["claims"] * 2}, "claim ids given twice: smooth"),  # type: ignore[operator]
        ({"captions": {"fig.svg": "x"}}, r"found fig\.svg"),
        ({"claims": [CARD["claims"][0] | {"source": "nobody"}]}, r"'claims\.0\.source'"),  # type: ignore[index]
        (
            {"claims": [CARD["claims"][0] | {"control": "c", "without_control": "w"}]},  # type: ignore[index]
            "either `control:` or `without_control:`",
        ),
        (
            {"claims": [CARD["claims"][0] | {"control": "largest_step_share"}]},  # type: ignore[index]
            "is the measurement itself",
        ),
        ({"claims": [CARD["claims"][0] | {"kind": "guess"}]}, r"'claims\.0\.kind'"),  # type: ignore[index]
        ({"claims": [CARD["claims"][0] | {"rule": {"under": 1}}]}, r"'claims\.0\.rule\.under'"),  # type: ignore[index]
        ({"paper": {"section": 6.1}}, r"'paper\.section'.*found: 6\.1"),
    ],
)
def test_wrong_cards_are_refused_with_file_and_key(
    tmp_path: Path, changes: dict, message: str
) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        read_card(write_card(tmp_path, **changes))
    assert str(tmp_path / "experiment.yaml") in str(caught.value)


def test_measurements_are_read_back(tmp_path: Path) -> None:
    known = [measured(0.3, 0.2, 0.4), Measurement(name="b", value=None, n=0, unit="%")]
    content = {one.name: one.model_dump() for one in known}
    (tmp_path / "measurements.json").write_text(json.dumps(content))
    assert list(read_measurements(tmp_path).values()) == known


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "expected measurements by name, found list"),
        ('{"a": {"name": "a", "n": 1}}', r"'a\.value' is missing"),
        ('{"a": {"name": "b", "value": 1, "n": 1}}', r"'a\.name' is 'b'; it must be 'a'"),
        ('{"a": {"name": "a", "value": "many", "n": 1}}', r"'a\.value'"),
    ],
)
def test_wrong_measurements_are_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "measurements.json").write_text(content)
    with pytest.raises(SpecError, match=message):
        read_measurements(tmp_path)


def test_missing_measurements_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"measurements\.json: no such file"):
        read_measurements(tmp_path)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0, "0"), (-0.0, "0"), (3, "3"), (-1.5, "−1.5"), (0.123456, "0.1235"), (82.8, "82.8"),
        (1234567, "1,234,567"), (1234.5, "1,234"), (1e-5, "1e−05"), (-6e-19, "0"), (math.inf, "∞"),
    ],
)  # fmt: skip
def test_number_in_words(x: float, text: str) -> None:
    assert number(x) == text


def test_measurement_in_words() -> None:
    one = Measurement(name="a", value=73.8, low=73.1, high=74.5, n=1000, unit="%")
    assert format_measurement(one) == "73.8 % [73.1, 74.5], n = 1,000"
    assert format_measurement(measured(math.nan)) == "no value"
