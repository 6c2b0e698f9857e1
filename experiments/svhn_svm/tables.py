"""Table 2 with the paper's rows as cited, and the table of the random search.

Part of figure.py. Alone: `table2(numbers, arrays)`, from the measurements and arrays.npz.
"""

import numpy as np
import pandas as pd

from repro.claims.measurement import Measurement, with_interval

# Table 2 of the paper: model, error %, on which images. None of these rows was run here.
CITED = (
    ("KNN", 77.93, "test"),
    ("TSVM", 66.55, "test"),
    ("M1+KNN", 65.63, "test"),
    ("M1+TSVM", 54.33, "test"),
    ("M1+M2", 36.02, "test"),
    ("SWWAE without dropout", 27.83, "test"),
    ("SWWAE with dropout", 23.56, "test"),
    ("DCGAN (paper) + L2-SVM", 22.48, "test"),
    ("Supervised CNN with the same architecture", 28.87, "validation"),
)
ROWS = {  # all rows that may be run here, in the order of the table
    "knn": "KNN on pixels",
    "pixels": "raw pixels + L2-SVM",
    "self_training": "self-training on pixels",
    "random": "D with random weights + L2-SVM",
    "cnn": "supervised CNN with the same architecture",
    "dcgan": "DCGAN features + L2-SVM",
}


def rows_run(arrays: dict[str, np.ndarray]) -> list[str]:
    """Names of the rows that were run."""
    return [name for name in ROWS if f"errors_{name}" in arrays]


def table2(numbers: dict[str, Measurement], arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    """The paper's rows, then ours: test error and, where something was chosen, validation error."""
    cited = [
        {
            "model": model,
            "test error (%)": f"{error:.2f}" if kind == "test" else "",
            "validation error (%)": f"{error:.2f}" if kind == "validation" else "",
            "labels": 1000,
            "source": "cited: paper T2",
        }
        for model, error, kind in CITED
    ]
    ours = [
        {
            "model": ROWS[name],
            "test error (%)": _error(numbers[f"error_{name}"], single=name == "cnn"),
            "validation error (%)": _value(numbers.get(f"validation_error_{name}")),
            "labels": int(arrays["labels"]),
            "source": _source(name, arrays),
        }
        for name in rows_run(arrays)
    ]
    return pd.DataFrame(cited + ours)


def trials(arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    """Settings and validation error of every trial, the best first; empty without a search."""
    columns = ["validation error (%)", "pass", "learning rate", "L2", "dropout", "batch", "weights"]
    if "trial_errors" not in arrays:
        return pd.DataFrame(columns=["trial", *columns])
    weights = [
        "fan-in" if init == "fan_in" else f"N(0, {sd:.3g})"
        for init, sd in zip(arrays["trial_init"], arrays["trial_init_sd"], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "trial": np.arange(len(weights)),
            "validation error (%)": [f"{error:.2f}" for error in arrays["trial_errors"]],
            "pass": arrays["trial_passes"],
            "learning rate": [f"{rate:.2g}" for rate in arrays["trial_learning_rate"]],
            "L2": [f"{l2:.2g}" for l2 in arrays["trial_l2"]],
            "dropout": [f"{share:.2f}" for share in arrays["trial_dropout"]],
            "batch": arrays["trial_batch"],
            "weights": weights,
        }
    )
    return frame.iloc[np.argsort(arrays["trial_errors"], kind="stable")]


def _error(number: Measurement, *, single: bool) -> str:
    assert number.value is not None
    if single or number.high is None:
        return with_interval(number)
    return f"{number.value:.2f} ± {number.high - number.value:.2f}"


def _value(number: Measurement | None) -> str:
    return "" if number is None or number.value is None else f"{number.value:.2f}"


def _source(name: str, arrays: dict[str, np.ndarray]) -> str:
    if name == "cnn":
        return f"this run (best of {len(arrays['trial_errors'])} trials, 1 draw of labels)"
    draws = f"{len(arrays[f'errors_{name}'])} draws"
    features = arrays.get(f"features_{name}")
    return (
        f"this run ({draws})"
        if features is None
        else f"this run ({int(features)} features, {draws})"
    )
