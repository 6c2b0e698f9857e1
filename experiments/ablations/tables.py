"""The table of the ablations: a row per change.

Part of figure.py. Alone: `changes_table(arrays, numbers)`, from arrays.npz and the measurements.
"""

import numpy as np
import pandas as pd

from experiments.ablations.options import TROUBLES
from repro.claims.measurement import Measurement


def changes_table(arrays: dict[str, np.ndarray], numbers: dict[str, Measurement]) -> pd.DataFrame:
    """One row per change, the recipe first."""
    rows = []
    for row, name in enumerate(arrays["names"]):
        effect = numbers.get(f"times_distance_{name}")
        more = {q: numbers.get(f"{q}_{name}") for q in ("diversity", "features", "restlessness")}
        rows.append(
            {
                "change": arrays["words"][row],
                "distance": numbers[f"distance_{name}"].value,
                "sd": arrays["distance"][row].std(ddof=1),
                "times_the_recipes": effect.value if effect else None,
                "low": effect.low if effect else None,
                "high": effect.high if effect else None,
                **{quantity: one.value if one else None for quantity, one in more.items()},
                **dict(zip(TROUBLES.values(), arrays["troubles"][row].tolist(), strict=True)),
                "trainings": numbers[f"distance_{name}"].n,
                "D_steps": int(arrays["steps_d"][row]),
            }
        )
    return pd.DataFrame(rows)
