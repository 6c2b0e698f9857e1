"""Table 3, and further tables: the errors at every number of samples and for every digit.

Part of figure.py. Alone: `by_class(Errors(measured))`, from the folder of measure.py.
"""

import numpy as np
import pandas as pd

from experiments.mnist_neighbours.errors import ROWS, Errors
from experiments.mnist_neighbours.results import count_name
from repro.claims.measurement import Measurement, number, with_interval

# Table 3 of the paper, percent: with 50,000 references, with 10 million. None was run here; the
# paper presumably took the first two from Hauberg et al. (2015). The figures were not checked in
# the paper itself; they agree with everything in its text.
CITED = (
    ("AlignMNIST", "–", "1.4", "cited: paper T3*, from others"),
    ("InfiMNIST", "–", "2.6", "cited: paper T3*, from others"),
    ("Real Data", "3.1", "–", "cited: paper T3*"),
    ("GAN", "6.28", "5.65", "cited: paper T3*"),
    ("DCGAN (paper)", "2.98", "1.48", "cited: paper T3*"),
)
CITED_COUNTS = (50_000, 10_000_000)


def table3(errors: Errors, numbers: dict[str, Measurement]) -> pd.DataFrame:
    """One row per reference set: test error with few and with many references, in percent."""
    few, many = errors.few, errors.most
    columns = ["references", "few", "test error, few (%)", "many", "test error, many (%)", "source"]
    rows: list[tuple[object, ...]] = [
        (model, f"{CITED_COUNTS[0]:,}", at_few, f"{CITED_COUNTS[1]:,}", at_many, source)
        for model, at_few, at_many, source in CITED
    ]
    real = with_interval(numbers["error_real"])
    rows.append((ROWS["real"].label, f"{errors.real_count:,}", real, "–", "–", "this run"))
    for row in errors.models:
        cells = [_cell(numbers, row, count) for count in (few, many)]
        trainings = len(errors.wrong[row])
        several = f", mean of {trainings} trainings ± sd over them" if trainings > 1 else ""
        source = f"this run{several}"
        name = f"{ROWS[row].label} samples"
        rows.append((name, f"{few:,}", cells[0], f"{many:,}", cells[1], source))
    return pd.DataFrame(rows, columns=columns)


def _cell(numbers: dict[str, Measurement], row: str, count: int) -> str:
    suffix = f"{row}_{count_name(count)}"
    words = with_interval(numbers[f"error_{suffix}"])
    spread = numbers.get(f"sd_over_trainings_{suffix}")
    return words if spread is None else f"{words} ± {spread.value:.2f}"


def by_count(errors: Errors, numbers: dict[str, Measurement]) -> pd.DataFrame:
    """One row per model and number of samples."""
    rows = []
    for row in errors.models:
        for place, count in enumerate(errors.counts):
            suffix = f"{row}_{count_name(int(count))}"
            spread = numbers.get(f"sd_over_trainings_{suffix}")
            rows.append(
                {
                    "references": f"{ROWS[row].label} samples",
                    "number": f"{count:,}",
                    "test error (%)": with_interval(numbers[f"error_{suffix}"]),
                    "sd over trainings": f"{spread.value:.2f}" if spread else "one training",
                    "nearer than a training digit (%)": with_interval(numbers[f"nearer_{suffix}"]),
                    "mean distance": f"{errors.distances[row][:, place].mean():.3f}",
                }
            )
    real = {
        "references": ROWS["real"].label,
        "number": f"{errors.real_count:,}",
        "test error (%)": with_interval(numbers["error_real"]),
        "sd over trainings": "–",
        "nearer than a training digit (%)": "–",
        "mean distance": f"{errors.distances['real'].mean():.3f}",
    }
    return pd.DataFrame([real, *rows])


def by_class(errors: Errors) -> pd.DataFrame:
    """One row per digit: its number in the test set and the error of each row of Table 3."""
    columns: dict[str, list[str]] = {"digit": [], "test digits": []}
    for digit in errors.classes:
        chosen = errors.labels == digit
        columns["digit"].append(str(digit))
        columns["test digits"].append(number(int(chosen.sum())))
        for row, wrong in errors.wrong.items():
            places = {errors.real_count: 0} if row == "real" else errors.columns
            for count, place in places.items():
                name = f"{ROWS[row].label}, {count:,} (%)"
                share = 100 * np.mean(wrong[:, place][:, chosen])
                columns.setdefault(name, []).append(f"{share:.2f}")
    return pd.DataFrame(columns)
