"""The table of Fig 7: success, realism and both together, by variant.

Part of figure.py.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.face_arithmetic.charts import SERIES, variant_names
from repro.claims.measurement import Measurement

MEASURES = ("blend_score", "wider_blend_score", "sharpness", "nearest_real", "discriminator_score")
SHARES = ("success", "realistic", "realistic_wider", *list(SERIES)[1:])


def table(numbers: Mapping[str, Measurement], realism: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """A row per variant: success, realism, both, with intervals, and the means of the measures."""
    rows = []
    for variant, name in variant_names(realism).items():
        row: dict[str, object] = {"sum of": name, "n": numbers[f"success_{variant}"].n}
        for quantity in (*SHARES, *MEASURES):
            one = numbers.get(f"{quantity}_{variant}")
            if one is None:
                continue
            words = quantity.replace("_", " ")
            if quantity in MEASURES:
                words += " less plain" if one.unit else " over plain"
            row |= {words: one.value, f"{words} low": one.low, f"{words} high": one.high}
        rows.append(row)
    return pd.DataFrame(rows).round(4)
