"""How many claims of a run are decided and how, in a sentence for each who states them.

Where in the flow: repro.report.build puts `tally` at the head of the report; the README quotes it
of the published runs, from their claims.csv.

Alone: `tally(pandas.read_csv("results/published/demo/claims.csv").to_dict("records"))`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from repro.claims.verdict import DECIDED, HOLDING, Verdict

Row = Mapping[str, Any]  # of claims.csv
PARTS: dict[str, Callable[[Row], bool]] = {
    "The paper's own numbers": lambda row: row["source"] == "paper" and row["kind"] == "value",
    "Its stated directions": lambda row: row["source"] == "paper" and row["kind"] == "direction",
    "Claims of its authors' repository": lambda row: row["source"] == "authors_code",
    "Ours, counted apart": lambda row: row["source"] == "ours",
}
NO_CONTROL = "not measured yet"  # in the column `control` of claims.csv


def tally(rows: Iterable[Row]) -> list[str]:
    """E.g. "The paper's own numbers: 1 of 15 decided (1 reproduced, 14 not run)."; [] of no claims.

    The last sentence: how many of the claims that hold have no untrained control yet.
    """
    everything = list(rows)
    found = [
        f"{name}: {_counted(part)}."
        for name, belongs in PARTS.items()
        if (part := [row for row in everything if belongs(row)])
    ]
    bare = sum(row["verdict"] in HOLDING and row["control"] == NO_CONTROL for row in everything)
    if bare:
        found.append(f"No untrained control has been measured yet for {bare} of those that hold.")
    return found


def _counted(rows: list[Row]) -> str:
    counts = Counter(Verdict(row["verdict"]) for row in rows)
    words = (_in_words(verdict, counts[verdict]) for verdict in Verdict if counts[verdict])
    return f"{sum(counts[one] for one in DECIDED)} of {len(rows)} decided ({', '.join(words)})"


def _in_words(verdict: Verdict, count: int) -> str:
    words = verdict.value
    if count > 1:
        words = words.replace("holds", "hold").replace("fails", "fail")
    return f"{count} {words}"
