"""The table of the ablations: a row per change.

Part of figure.py. Alone: `changes_table(arrays, numbers)`, from arrays.npz and the measurements.
"""

import numpy as np
import pandas as pd

from repro.claims.measurement import Measurement


def changes_table(arrays: dict[str, np.ndarray], numbers: dict[str, Measurement]) -> pd.DataFrame:
    """One row per change, the recipe first."""
    rows = []
    for row, name in enumerate(arrays["names"]):
        change = numbers.get(f"change_in_distance_{name}")
        rows.append(
            {
                "change": arrays["words"][row],
                "distance": numbers[f"distance_{name}"].value,
                "sd": arrays["distance"][row].std(ddof=1),
                "change_in_distance": change.value if change else None,
                "low": change.low if change else None,
                "high": change.high if change else None,
                "diversity": numbers[f"diversity_{name}"].value,
                "trouble": int(arrays["troubled"][row]),
                "trainings": numbers[f"distance_{name}"].n,
                "D_steps": int(arrays["steps_d"][row]),
            }
        )
    return pd.DataFrame(rows)
