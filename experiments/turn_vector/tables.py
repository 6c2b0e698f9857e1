"""The table of Fig 8: every axis with its numbers, and how well the judge reads it.

Part of figure.py.
"""

from collections.abc import Mapping

import pandas as pd

from experiments.turn_vector.names import measurement_name
from repro.claims.measurement import Measurement

QUANTITIES = {
    "rank_correlation": "rank correlation",
    "rank_correlation_random_direction": "the same, random direction (either way)",
    "monotone_rows": "monotone rows",
    "change": "change",
    "change_random_direction": "change, random direction (either way)",
    "others_flipped": "others flipped",
    "others_flipped_random_direction": "others flipped, random direction",
    "realistic_ends": "realistic ends",
    "realistic_ends_random_direction": "realistic ends, random direction",
}


def table(numbers: Mapping[str, Measurement], names: list[str]) -> pd.DataFrame:
    """A row per axis: every quantity with its interval, and the judge's own accuracy."""
    rows = []
    for place, name in enumerate(names):
        row: dict[str, object] = {"axis": name}
        columns = {measurement_name(names, place, q): words for q, words in QUANTITIES.items()}
        columns |= {
            f"judge_correlation_{name}": "judge's correlation",
            f"judge_error_{name}": "judge's error",
        }
        for measurement, words in columns.items():
            one = numbers.get(measurement)
            if one is not None:
                row |= {words: one.value, f"{words} low": one.low, f"{words} high": one.high}
        rows.append(row)
    return pd.DataFrame(rows).round(4)
