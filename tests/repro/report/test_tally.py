"""repro/report/tally.py: what a run decides, counted by hand."""

from typing import Any

from repro.report.tally import summarise_findings, tally


def row(source: str, kind: str, verdict: str) -> dict[str, Any]:
    return {"source": source, "kind": kind, "verdict": verdict}


ROWS = [
    row("paper", "value", "not reproduced"),
    row("paper", "value", "not comparable"),
    row("paper", "direction", "holds on synthetic data"),
    row("paper", "direction", "not decided (no control)"),
    row("paper", "direction", "fails on other data"),
    row("paper", "direction", "undecided"),
    row("ours", "direction", "holds on other data"),
    row("authors_code", "value", "not run"),
]


def test_all_claims_are_counted_by_who_states_them() -> None:
    assert tally(ROWS) == [
        "The paper's own numbers: 1 of 2 decided (1 not reproduced, 1 not comparable).",
        "Its stated directions: 2 of 4 decided (1 holds on synthetic data, 1 undecided, "
        "1 fails on other data, 1 not decided (no control)).",
        "Claims of its authors' repository: 0 of 1 decided (1 not run).",
        "Ours, counted apart: 1 of 1 decided (1 holds on other data).",
    ]


def test_two_sentences_on_what_the_paper_states() -> None:
    assert summarise_findings(ROWS) == [
        "Of the 6 claims that the paper states (2 numbers, 4 directions), 3 are decided: "
        "1 not reproduced, 1 holds on synthetic data, 1 fails on other data.",
        "3 are not decided: 1 undecided, 1 not decided (no control), 1 not comparable.",
    ]
    assert summarise_findings(ROWS[-2:]) == []
    assert summarise_findings(ROWS[:1])[1] == "None is left open."
