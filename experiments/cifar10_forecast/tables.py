"""The ladder's rungs and the forecasts as tables. Part of figure.py; loads no PyTorch."""

import numpy as np
import pandas as pd

from experiments.cifar10_forecast.laws import LAWS

TOGETHER = "pooled, not widened, with a term for images and passes together"


def ladder_table(arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    """One row per rung: its sizes, C, accuracy with its interval, the fitted curves' value.

    The same networks with their initial weights follow after the rungs of the ladder.
    """
    rungs = [
        {
            "training": str(arrays["names"][number]),
            "maps": int(maps),
            "images": int(images),
            "passes": f"{passes:g}",
            "C": f"{C:g}",
            "accuracy (%)": _with_ends(accuracy, *ends),
            "fitted (%)": f"{curve:.1f}",
        }
        for number, (maps, images, passes), C, accuracy, ends, curve in zip(
            arrays["model"], arrays["sizes"], arrays["C"], arrays["accuracy"],
            arrays["accuracy_ends"], arrays["fitted"], strict=True,
        )
    ]  # fmt: skip
    untrained = [
        {
            "training": f"{arrays['names'][number]}, untrained",
            "maps": int(maps),
            "images": 0,
            "passes": "0",
            "C": f"{C:g}",
            "accuracy (%)": _with_ends(*accuracy),
            "fitted (%)": "",
        }
        for number, (maps, C, *accuracy) in zip(
            arrays["untrained_model"], arrays["untrained"], strict=True
        )
    ]
    return pd.DataFrame(rungs + untrained)


def forecast_table(arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    """The pooled forecast, what it would be otherwise, and the check on the largest rung."""
    measured = arrays["accuracy"][int(arrays["largest"])]
    rows = [
        ("the paper's sizes", "pooled", arrays["forecast"], ""),
        ("the paper's sizes", "pooled, not widened", arrays["forecast_not_widened"], ""),
        *(
            ("the paper's sizes", words, ends, "")
            for words, ends in zip(LAWS.values(), arrays["forecast_by_law"], strict=True)
        ),
        ("the paper's sizes", TOGETHER, arrays["forecast_together"], ""),
        ("largest rung, from the others", "pooled", arrays["largest_forecast"], f"{measured:.1f}"),
    ]
    return pd.DataFrame(
        [
            {
                "forecast of": what,
                "law": law,
                "accuracy (%)": _with_ends(*ends),
                "measured (%)": found,
            }
            for what, law, ends, found in rows
            if not np.isnan(ends[0])
        ]
    )


def _with_ends(value: float, low: float, high: float) -> str:
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"
