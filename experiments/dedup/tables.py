"""The tables of the de-duplication: recall, false pairs, precision by method and distance (§4.1.1).

Part of figure.py; tabulates the arrays of measure.py and measures nothing.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from repro.claims.intervals import wilson
from repro.claims.measurement import Measurement

Arrays = Mapping[str, np.ndarray]

LABELS = {
    "autoencoder": "autoencoder",
    "pixels": "equal pixels",
    "ahash": "aHash",
    "dhash": "dHash",
    "phash": "pHash",
    "whash": "wHash",
    "untrained": "untrained hash",
}
SHOWN = (*range(11), 12, 14, 16, 20, 24, 32)  # distances of the first table
SHOWN_BY_KIND = (0, 4, 8, 16)  # distances of the second table
DECIMALS = 4


def dedup_table(study: Arrays, truth: Arrays, numbers: Mapping[str, Measurement]) -> pd.DataFrame:
    """One row per method and distance.

    Columns: recall of the planted copies with its interval, pairs of different originals within
    that distance ("unjudged" without a truth file), precision in the stated mixture; for the truth
    file's copies, recall with its interval, and the share of all pairs found that show one
    original; the share of images that would be removed at the radius of the run's de-duplication.
    """
    wrong = "false_pairs" if truth else "unjudged_pairs"
    rows = []
    for k, method in enumerate(study["methods"].tolist()):
        for d in (d for d in SHOWN if study["false_pairs"][k, d] >= 0):
            row: dict[str, object] = {"method": LABELS[method], "distance": d}
            row |= {"recall": study["recall"][k, d], "low": study["recall_low"][k, d]}
            row |= {"high": study["recall_high"][k, d], "originals": int(study["originals"])}
            row |= {wrong: int(study["false_pairs"][k, d]), "precision": study["precision"][k, d]}
            if truth:
                row |= _of_truth(study, truth, k, d)
            if d == 0:
                row["removed_share"] = numbers[f"removed_share_{method}"].value
            rows.append(row)
    return pd.DataFrame(rows).round(DECIMALS)


def _of_truth(study: Arrays, truth: Arrays, k: int, d: int) -> dict[str, object]:
    """Cells of the truth file: its copies found, share of pairs found that show one original."""
    true, wrong = int(study["true_pairs"][k, d]), int(study["false_pairs"][k, d])
    cells: dict[str, object] = {"truth_pairs_found": true + wrong}
    cells["truth_pair_precision"] = true / (true + wrong) if true + wrong else np.nan
    if n := int(truth["copies"].sum()):
        found = int(truth["found"][k, :, d].sum())
        low, high = wilson(successes=found, n=n)
        cells |= {"truth_recall": found / n, "truth_low": low, "truth_high": high}
    return cells


def recall_table(study: Arrays, truth: Arrays) -> pd.DataFrame:
    """One row per method, distance, kind and strength: copies found of n, recall, Wilson interval.

    Copies of the truth file appear as "truth: <kind>", without a strength.
    """
    rows = []
    for k, method in enumerate(study["methods"].tolist()):
        for d in (d for d in SHOWN_BY_KIND if study["false_pairs"][k, d] >= 0):
            for kind, strength, found, n in by_kind(study, truth, k, d):
                low, high = wilson(successes=found, n=n)
                row = {"method": LABELS[method], "distance": d, "kind": kind, "strength": strength}
                rows.append(
                    {**row, "found": found, "n": n, "recall": found / n, "low": low, "high": high}
                )
    return pd.DataFrame(rows).round(DECIMALS)


def by_kind(study: Arrays, truth: Arrays, k: int, d: int) -> list[tuple[str, float, int, int]]:
    """(kind, strength, copies found, copies) of method k at distance d, the truth file's last."""
    planted = zip(
        study["kinds"].tolist(),
        study["strengths"].tolist(),
        study["found"][k, :, d].tolist(),
        study["copies"].tolist(),
        strict=True,
    )
    if not truth:
        return list(planted)
    names = [f"truth: {name}" for name in truth["names"].tolist()]
    counts = truth["found"][k, :, d].tolist(), truth["copies"].tolist()
    of_truth = zip(names, [np.nan] * len(names), *counts, strict=True)
    return [*planted, *of_truth]
