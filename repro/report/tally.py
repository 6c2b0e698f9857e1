"""How many claims of a run are decided and how, in a sentence for each who states them.

Where in the flow: repro.report.page puts these at the head of the report.

Alone: `tally(pandas.read_csv("results/published/demo/claims.csv").to_dict("records"))`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from repro.claims.verdict import DECIDED, Verdict

Row = Mapping[str, Any]  # of claims.csv
PARTS: dict[str, Callable[[Row], bool]] = {
    "The paper's own numbers": lambda row: row["source"] == "paper" and row["kind"] == "value",
    "Its stated directions": lambda row: row["source"] == "paper" and row["kind"] == "direction",
    "Claims of its authors' repository": lambda row: row["source"] == "authors_code",
    "Ours, counted apart": lambda row: row["source"] == "ours",
}


def tally(rows: Iterable[Row]) -> list[str]:
    """E.g. "The paper's own numbers: 1 of 15 decided (1 reproduced, 14 not run)."; or []."""
    everything = list(rows)
    return [
        f"{name}: {_counted(part)}."
        for name, belongs in PARTS.items()
        if (part := [row for row in everything if belongs(row)])
    ]


def summarise_findings(rows: Iterable[Row]) -> list[str]:
    """Two sentences: what is decided of what the paper states, and what is not; [] of no claims."""
    stated = [row for row in rows if row["source"] == "paper"]
    if not stated:
        return []
    counts = _counts(stated)
    decided = {one: count for one, count in counts.items() if one in DECIDED}
    still = {one: count for one, count in counts.items() if one not in DECIDED}
    numbers = sum(row["kind"] == "value" for row in stated)
    whole = f"Of the {len(stated)} claims that the paper states ({numbers} numbers, "
    whole += f"{len(stated) - numbers} directions), {sum(decided.values())} are decided"
    return [
        f"{whole}: {_listed(decided)}." if decided else f"{whole}.",
        f"{sum(still.values())} are not decided: {_listed(still)}."
        if still
        else "None is left open.",
    ]


def _counts(rows: Iterable[Row]) -> dict[Verdict, int]:
    """In the order of the verdicts, those that occur."""
    counts = Counter(Verdict(row["verdict"]) for row in rows)
    return {verdict: counts[verdict] for verdict in Verdict if counts[verdict]}


def _listed(counts: Mapping[Verdict, int]) -> str:
    return ", ".join(_describe_count(verdict, count) for verdict, count in counts.items())


def _counted(rows: list[Row]) -> str:
    counts = _counts(rows)
    decided = sum(count for verdict, count in counts.items() if verdict in DECIDED)
    return f"{decided} of {len(rows)} decided ({_listed(counts)})"


def _describe_count(verdict: Verdict, count: int) -> str:
    words = verdict.value
    if count > 1:
        words = words.replace("holds", "hold").replace("fails", "fail")
    return f"{count} {words}"
