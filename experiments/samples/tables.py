"""The table of the samples' quality: a row per role and kind. Part of figure.py."""

from collections.abc import Mapping

import pandas as pd

from experiments.samples.charts import LABELS, PANELS, measured_roles
from experiments.samples.names import measurement_name
from repro.claims.measurement import Measurement


def quality_table(numbers: Mapping[str, Measurement]) -> pd.DataFrame:
    """Realism, coverage and diversity, each with its 95 % interval."""
    rows = []
    for role in measured_roles(numbers):
        for kind, label in LABELS.items():
            row: dict[str, object] = {"model": role, "pictures": label}
            for quantity in PANELS:
                one = numbers[measurement_name(quantity, role, kind)]
                row |= {
                    quantity: one.value,
                    f"{quantity} low": one.low,
                    f"{quantity} high": one.high,
                }
            rows.append(row)
    return pd.DataFrame(rows)
