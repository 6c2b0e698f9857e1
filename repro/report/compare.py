"""Two runs side by side: which claims changed their verdict, and which numbers moved beyond chance.

Where in the flow: after the reports. It reads the claims.csv of two runs, made or published:

    python -m repro compare results/published/demo results/demo [--out compared.csv]

A number moved *beyond the spread* where the difference is larger than the intervals of the two
runs, as independent, together allow: |a - b| > sqrt(half_a^2 + half_b^2). The intervals are those
that the claims state: where they are over images of one network, two trainings differ by more.
Numbers of another measurement or in another unit are not subtracted.
"""

import math
from enum import StrEnum
from pathlib import Path

import pandas as pd

from repro.claims.measurement import number
from repro.claims.verdict import HOLDING, NOT_MEASURED, Verdict
from repro.command_line import file_to_write, new_parser
from repro.figures.drawing import save_table
from repro.specs.validation import SpecError

KEY = ["experiment", "id"]
SHOWN = ["statement", "verdict", "value", "low", "high", "n", "unit", "measurement"]


class Change(StrEnum):
    """What became of a claim's number from the first run to the second."""

    SAME = "same"
    WITHIN = "within the spread"
    BEYOND = "beyond the spread"
    UNKNOWN = "no spread stated"
    OTHER = "another measurement"
    ONLY_FIRST = "only in the first"
    ONLY_SECOND = "only in the second"
    NEITHER = "in neither"


def read_claims(run: Path) -> pd.DataFrame:
    """claims.csv of a run's folder, of its report, of results/published, or the file itself.

    A claim that an earlier version let hold without a measured control is not decided. Raises
    SpecError naming what was looked for, or the missing columns.
    """
    places = [run, run / "report" / "claims.csv", run / "claims.csv"]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise SpecError(
            f"{run}: no claims.csv there or in report/; run `snakemake report` for it, or give "
            "another folder (results/demo, results/published/demo)"
        )
    numbers = {"value": "", "low": "", "high": ""}
    try:
        frame = pd.read_csv(path, keep_default_na=False, na_values=numbers)
    except ValueError as error:  # of pandas for an empty or odd file, and no UTF-8
        raise SpecError(f"{path}: not a readable CSV ({error})") from None
    missing = [name for name in [*KEY, *SHOWN] if name not in frame.columns]
    if missing:
        raise SpecError(f"{path}: no column {', '.join(missing)}; it is not a report's claims.csv")
    if "control" in frame:
        bare = frame["verdict"].isin(HOLDING) & (frame["control"] == NOT_MEASURED)
        frame.loc[bare, "verdict"] = Verdict.NO_CONTROL.value
    return frame


def compared(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """One row a claim of either run, in the first one's order: verdicts, values, what moved."""
    both = first[[*KEY, *SHOWN]].merge(
        second[[*KEY, *SHOWN]], on=KEY, how="outer", suffixes=("_a", "_b"), sort=False
    )
    order = {tuple(row): place for place, row in enumerate(first[KEY].to_numpy().tolist())}
    places = [order.get(tuple(row), len(order)) for row in both[KEY].to_numpy().tolist()]
    both = both.iloc[sorted(range(len(both)), key=places.__getitem__)]
    rows = both.to_dict("records")
    moved = [_moved(row) for row in rows]
    return pd.DataFrame(
        {
            "experiment": both["experiment"].to_list(),
            "claim": both["id"].to_list(),
            "statement": both["statement_a"].fillna(both["statement_b"]).to_list(),
            "verdict a": both["verdict_a"].fillna("not in this run").to_list(),
            "verdict b": both["verdict_b"].fillna("not in this run").to_list(),
            "a": [_describe_side(row, "a") for row in rows],
            "b": [_describe_side(row, "b") for row in rows],
            "difference": [_difference(row) for row in rows],
            "moved": [one.value for one in moved],
        }
    )


def _moved(row: dict) -> Change:
    there = [not _missing(row[f"value_{run}"]) for run in "ab"]
    if not all(there):
        if not any(there):
            return Change.NEITHER
        return Change.ONLY_FIRST if there[0] else Change.ONLY_SECOND
    if not _same_quantity(row):
        return Change.OTHER
    difference = abs(row["value_b"] - row["value_a"])
    if difference == 0:
        return Change.SAME
    halves = [_half(row, run) for run in "ab"]
    if not any(halves):
        return Change.UNKNOWN
    return Change.BEYOND if difference > math.hypot(*halves) else Change.WITHIN


def _same_quantity(row: dict) -> bool:
    """Whether the numbers of the two runs are of one measurement, in one unit."""
    return all(row[f"{name}_a"] == row[f"{name}_b"] for name in ("measurement", "unit"))


def _half(row: dict, run: str) -> float:
    """Half of the interval's width; 0 where none is stated."""
    low, high = row[f"low_{run}"], row[f"high_{run}"]
    return 0.0 if _missing(low) or _missing(high) else (high - low) / 2


def _missing(value: object) -> bool:
    return not isinstance(value, int | float) or math.isnan(value)


def _difference(row: dict) -> float | None:
    if _missing(row["value_a"]) or _missing(row["value_b"]) or not _same_quantity(row):
        return None
    return row["value_b"] - row["value_a"]


def _describe_side(row: dict, run: str) -> str:
    value, low, high = (row[f"{name}_{run}"] for name in ("value", "low", "high"))
    if _missing(value):
        return "–"
    text = number(value)
    return text if _missing(low) or _missing(high) else f"{text} [{number(low)}, {number(high)}]"


def summary(table: pd.DataFrame, names: tuple[str, str]) -> str:
    """What changed, in plain text: verdicts first, then numbers beyond the spread."""
    changed = table[table["verdict a"] != table["verdict b"]]
    beyond = table[(table["moved"] == Change.BEYOND) & (table["verdict a"] == table["verdict b"])]
    lines = [f"a: {names[0]}", f"b: {names[1]}", ""]
    lines.append(f"{len(changed)} of {len(table)} claims have another verdict:")
    lines += [
        f"  {row['experiment']}.{row['claim']}: {row['verdict a']} -> {row['verdict b']}"
        f"   {row['a']} -> {row['b']}  ({row['moved']})"
        for row in changed.to_dict("records")
    ] or ["  none"]
    lines += ["", f"{len(beyond)} more moved beyond the spread, the verdict unchanged:"]
    lines += [
        f"  {row['experiment']}.{row['claim']} ({row['verdict a']})   {row['a']} -> {row['b']}"
        for row in beyond.to_dict("records")
    ] or ["  none"]
    counts = table["moved"].value_counts()
    return "\n".join(
        [*lines, "", "numbers: " + ", ".join(f"{n} {word}" for word, n in counts.items())]
    )


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("compare", __doc__)
    parser.add_argument(
        "first", type=Path, metavar="RUN_A", help="results/<run> or published/<run>"
    )
    parser.add_argument("second", type=Path, metavar="RUN_B", help="the run compared with it")
    parser.add_argument("--out", type=file_to_write, help="CSV of all claims to write")
    given = parser.parse_args(argv)
    table = compared(read_claims(given.first), read_claims(given.second))
    print(summary(table, (str(given.first), str(given.second))))
    if given.out:
        save_table(given.out, table)
        print(f"all claims: {given.out}")
