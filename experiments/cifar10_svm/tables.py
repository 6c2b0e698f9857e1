"""Table 1 with the paper's rows as cited, and the table of accuracy by number of labels.

Part of figure.py. Alone: `table1(numbers, arrays)`, from the measurements and arrays.npz.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from experiments.cifar10_svm.options import ALL
from repro.claims.measurement import Measurement, with_interval

# Table 1 of the paper: model, accuracy %, accuracy % with 400 labels per class, its ±, features.
# None of these rows was run here.
CITED = (
    ("1 Layer K-means", 80.6, 63.7, 0.7, 4800),
    ("3 Layer K-means Learned RF", 82.0, 70.7, 0.7, 3200),
    ("View Invariant K-means", 81.9, 72.6, 0.7, 6400),
    ("Exemplar CNN", 84.3, 77.4, 0.2, 1024),
    ("DCGAN (paper) + L2-SVM", 82.8, 73.8, 0.4, 512),
)
CITED_PER_CLASS, CITED_TRAINING_IMAGES = 400, 50_000
ROWS = {  # all rows that may be run here, in the order of the table
    "pixels": "raw pixels + L2-SVM",
    "random": "D with random weights + L2-SVM",
    "kmeans_fewer": "1 layer K-means, fewer centroids + L2-SVM",
    "kmeans_unscaled": "1 layer K-means, unscaled + L2-SVM",
    "kmeans": "1 layer K-means + L2-SVM",
    "own": "D trained on the target images + L2-SVM",
    "random_cut": "as many layers, random + L2-SVM",
    "dcgan_cut": "as many layers of ours + L2-SVM",
    "released": "layers the authors released + L2-SVM",
    "dcgan_scaled": "DCGAN features, scaled + L2-SVM",
    "dcgan": "DCGAN features + L2-SVM",
}


def rows_run(arrays: dict[str, np.ndarray]) -> list[str]:
    """Names of the rows that were run."""
    return [name for name in ROWS if f"{name}_curve" in arrays]


def table1(numbers: dict[str, Measurement], arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    """The paper's rows, then ours."""
    cited = [
        {
            "model": model,
            "accuracy, all labels (%)": f"{every:.1f}",
            "accuracy, few labels (%)": f"{few:.1f} ± {sd:.1f}",
            "labels per class, few": CITED_PER_CLASS,
            "training images": CITED_TRAINING_IMAGES,
            "feature units": units,
            "source": "cited: paper T1",
        }
        for model, every, few, sd, units in CITED
    ]
    ours = [
        {
            "model": ROWS[name],
            "accuracy, all labels (%)": with_interval(numbers[f"accuracy_{name}"]),
            "accuracy, few labels (%)": _with_sd(numbers[f"accuracy_{name}_per_class"]),
            "labels per class, few": int(arrays["per_class"]),
            "training images": int(arrays["training_images"]),
            "feature units": int(arrays[f"{name}_units"]),
            "source": f"this run ({int(arrays[f'{name}_features'])} features)",
        }
        for name in rows_run(arrays)
    ]
    return pd.DataFrame(cited + ours)


def accuracy_by_labels(arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    """Accuracy of every row by labels per class; the last number is for all labels."""
    return pd.DataFrame(list(_accuracies(arrays)))


def _accuracies(arrays: dict[str, np.ndarray]) -> Iterator[dict[str, object]]:
    for name in rows_run(arrays):
        curve = arrays[f"{name}_curve"]
        for count, mean, sd, draws in [*curve[curve[:, 0] != ALL], *curve[curve[:, 0] == ALL]]:
            yield {
                "model": ROWS[name],
                "labels per class": "all" if count == ALL else int(count),
                "accuracy (%)": f"{mean:.2f}",
                "sd over draws": "" if np.isnan(sd) else f"{sd:.2f}",
                "draws": int(draws),
            }


def _with_sd(number: Measurement) -> str:
    if number.value is None or number.high is None:  # no spread: a single draw
        return f"{number.value:.2f} (1 draw)"
    return f"{number.value:.2f} ± {number.high - number.value:.2f}"
