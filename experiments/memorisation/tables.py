"""The table of memorisation: samples against each kind of real image, with intervals.

Part of figure.py; tabulates the measurements and measures nothing.
"""

import pandas as pd

from experiments.memorisation.names import (
    HELD_OUT,
    HELD_OUT_MATCHED,
    MATCHED,
    WITH_PARTNERS,
    WITHOUT_DEDUP,
)
from repro.claims.measurement import Measurement

QUANTITIES = ("median_ratio", "suspicious_share", "nearer_probability", "copying_z")
FOUND_AGAINST = MATCHED  # the real images that set the limit for planted copies
AGAINST = {  # suffix of a name -> the real images in words
    "": "training images",
    MATCHED: "training images blurred alike",
    WITH_PARTNERS: "training images, near-identical ones too",
    HELD_OUT: "held-out images",
    HELD_OUT_MATCHED: "held-out images blurred alike",
}
MODELS = {"": "the model", WITHOUT_DEDUP: "trained without de-duplication"}


def memorisation_table(numbers: dict[str, Measurement], spaces: list[str]) -> pd.DataFrame:
    """A row per model, space and kind of real image; each quantity with its interval.

    The share of planted copies found is in the rows with blur matched.
    """
    rows = []
    for model, of in MODELS.items():
        for space in spaces:
            for suffix, words in AGAINST.items():
                row: dict[str, object] = {"samples of": of, "space": space, "against": words}
                names = {one: f"{one}_{space}{suffix}{model}" for one in QUANTITIES}
                if suffix == FOUND_AGAINST:
                    names["copies_found"] = f"copies_found_{space}{model}"
                row |= _cells(numbers, names)
                if len(row) > 3:
                    rows.append(row)
    return pd.DataFrame(rows).round(4)


def _cells(numbers: dict[str, Measurement], names: dict[str, str]) -> dict[str, float | None]:
    """Values and intervals of a row; names: quantity -> name of its measurement."""
    row: dict[str, float | None] = {}
    for quantity, name in names.items():
        one = numbers.get(name)
        if one is None:
            continue
        words = quantity.replace("_", " ")
        row[words] = one.value
        if one.low is not None:
            row |= {f"{words} low": one.low, f"{words} high": one.high}
    return row
