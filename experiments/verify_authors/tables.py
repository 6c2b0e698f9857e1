"""The table of both checks: what ran on which weights, next to the paper's numbers.

Part of figure.py. Alone: `check_table(numbers, parts)`, from the measurements and parts.json.
"""

from typing import Any

import pandas as pd

from experiments.verify_authors.names import number_name
from repro.claims.measurement import Measurement, with_interval

TITLES = {"svhn": "SVHN", "imagenet": "ImageNet 32x32"}
# By check: measured quantity, the paper's number for the whole discriminator, and in words.
STATED: dict[str, tuple[str, float, str]] = {
    "cifar10": ("accuracy", 82.8, "82.8 (Table 1)"),
    "svhn": ("error", 22.48, "22.48 (Table 2); the authors' later number: 22.18 ± 1.13"),
}
ROWS = {
    "released": "released D",
    "released_standardised": "released D, standardised",
    "random": "random weights",
    "random_standardised": "random weights, standardised",
    "kmeans": "K-means, standardised",
    "pixels": "raw pixels",
}
WITHOUT_NETWORK = ("kmeans", "pixels")


def numbers_run(
    name: str, numbers: dict[str, Measurement], parts: dict[str, Any]
) -> dict[str, Measurement]:
    """The main number of every row of a completed check."""
    network = parts["networks"].get(parts["checks"][name]["network"])
    if network is None:
        return {}
    names = {row: number_name(name, STATED[name][0], row, network["complete_layers"])
             for row in ROWS}  # fmt: skip
    return {row: numbers[number] for row, number in names.items() if number in numbers}


def check_table(numbers: dict[str, Measurement], parts: dict[str, Any]) -> pd.DataFrame:
    """The rows of all checks."""
    return pd.DataFrame([row for name in STATED for row in _rows(name, numbers, parts)])


def _rows(
    name: str, numbers: dict[str, Measurement], parts: dict[str, Any]
) -> list[dict[str, object]]:
    """One row per kind of features; where the check was not run, one with the reason."""
    check = parts["checks"][name]
    quantity, _, paper = STATED[name]
    network = parts["networks"].get(check["network"], {})
    found = numbers_run(name, numbers, parts)
    rows = []
    for row in found or ["released"]:
        number, of_network = found.get(row), {} if row in WITHOUT_NETWORK else network
        rows.append(
            {
                "network": TITLES[check["network"]] if row not in WITHOUT_NETWORK else "",
                "weights": ROWS[row],
                "layers used": of_network.get("complete_layers", ""),
                "of layers": of_network.get("layers", ""),
                "missing files": " ".join(network.get("missing", [])) if row == "released" else "",
                "features": check["features"][row] if number else "",
                "data": name,
                "training images": check.get("training_images", ""),
                "labels": check.get("labels", "all") if number else "",
                "test images": check.get("test_images", ""),
                "measured": f"{quantity}, %",
                "ours": with_interval(number) if number else f"not run: {check['not_run']}",
                "paper's, whole D": paper if row == "released" else "",
            }
        )
    return rows
