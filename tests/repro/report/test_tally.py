"""repro/report/tally.py: what a run decides, counted by hand."""

from typing import Any

from repro.report.tally import summarise_findings, tally


def row(source: str, kind: str, verdict: str, control: str = "untrained: 1") -> dict[str, Any]:
    return {"source": source, "kind": kind, "verdict": verdict, "control": control}


ROWS = [
    row("paper", "value", "not reproduced"),
    row("paper", "value", "not comparable"),
    row("paper", "direction", "holds on synthetic data"),
    row("paper", "direction", "holds on synthetic data", control="not measured yet"),
    row("paper", "direction", "fails on other data"),
    row("paper", "direction", "undecided"),
    row("ours", "direction", "holds on other data"),
    row("authors_code", "value", "not run"),
]


def test_all_claims_are_counted_by_who_states_them() -> None:
    assert tally(ROWS) == [
        "The paper's own numbers: 1 of 2 decided (1 not reproduced, 1 not comparable).",
        "Its stated directions: 3 of 4 decided (2 hold on synthetic data, 1 undecided, "
        "1 fails on other data).",
        "Claims of its authors' repository: 0 of 1 decided (1 not run).",
        "Ours, counted apart: 1 of 1 decided (1 holds on other data).",
        "No untrained control has been measured yet for 1 of those that hold.",
    ]


def test_two_sentences_on_what_the_paper_states() -> None:
    assert summarise_findings(ROWS) == [
        "Of the 6 claims that the paper states (2 numbers, 4 directions), 4 are decided: "
        "1 not reproduced, 2 hold on synthetic data, 1 fails on other data.",
        "2 are not: 1 undecided, 1 not comparable.",
    ]
    assert summarise_findings(ROWS[-2:]) == []
    assert summarise_findings(ROWS[:1])[1] == "None is left open."
