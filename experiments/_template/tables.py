"""The table of the sharpness of pictures. Part of figure.py; loads no PyTorch."""

import numpy as np
import pandas as pd

from experiments._template.charts import KINDS


def sharpness_table(sharp: dict[str, np.ndarray]) -> pd.DataFrame:
    """One row per kind of picture: number, mean and standard deviation in grey levels per pixel."""
    return pd.DataFrame(
        [
            {"pictures": label, "n": len(values), "mean": values.mean(), "sd": values.std()}
            for kind, (label, _) in KINDS.items()
            for values in (sharp[kind],)
        ]
    )
