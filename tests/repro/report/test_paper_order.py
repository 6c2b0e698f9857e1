"""repro/report/paper_order.py: the order of the paper, and the leads of this checkout's cards."""

from pathlib import Path

import pytest

from repro.claims.card import ExperimentCard
from repro.report.paper_order import in_paper_order, section_key
from repro.report.results import ExperimentResult
from repro.runs.extensions import experiment_cards


def result(name: str, card: ExperimentCard) -> ExperimentResult:
    return ExperimentResult(
        name=name, folder=Path(name), card=card, readme="", command="", judgements=[],
        measurements=[], figures=[], tables=[], pages=[], steps=[], unbound=[],
    )  # fmt: skip


def test_sections_are_compared_as_numbers() -> None:
    sections = ["6.3.2", "10", "4.1.1", "6.1", "4.1", "4"]
    assert sorted(sections, key=section_key) == ["4", "4.1", "4.1.1", "6.1", "6.3.2", "10"]


def test_the_figures_and_tables_of_the_paper_come_in_its_order() -> None:
    ordered = in_paper_order(result(name, card) for name, card in experiment_cards().items())
    places = [place for one in ordered if one.card.lead for place in one.card.paper.figures]
    assert places == [
        "Fig 1", "Fig 2", "Fig 3", "Fig 10", "Fig 11",  # of sections 4.2 and 4.3
        "Table 1", "Table 2",  # the authors' own weights
        "Table 1", "Table 2", "Fig 4", "Fig 5", "Fig 6", "Fig 7", "Fig 8", "Table 3", "Fig 9",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lead", "found"),
    [
        ({"picture": "b.png", "claim": "c", "words": "w"}, "no caption of 'b.png'"),
        ({"picture": "a.png", "claim": "d", "words": "w"}, "no claim 'd'; claims: c"),
    ],
)
def test_a_lead_names_a_claim_and_a_picture_of_its_card(lead: dict, found: str) -> None:
    claim = {
        "id": "c", "section": "4", "statement": "s", "paper": "p", "measurement": "m",
        "kind": "direction", "rule": {"below": 1}, "source": "paper",
    }  # fmt: skip
    card = {
        "title": "t", "paper": {"section": "4"}, "inputs": ["bedrooms.data"],
        "captions": {"a.png": "what to look for"}, "claims": [claim], "lead": lead,
    }  # fmt: skip
    with pytest.raises(ValueError, match=found):
        ExperimentCard.model_validate(card)
