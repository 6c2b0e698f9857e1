"""repro/report/quantities.py against words written by hand."""

from typing import Any

import pytest

from repro.claims.measurement import Measurement
from repro.report.quantities import counted, duration, format_value, memory, rounded


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.44, "0.4 s"),
        (59.4, "59 s"),
        (60, "1 min 0 s"),
        (3599.6, "1 h 0 min"),
        (9e4, "25 h 0 min"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_memory() -> None:
    assert (memory(640), memory(2458)) == ("640 MB", "2.4 GB")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "none"),
        (True, "yes"),
        ([], "none"),
        ([0.5, "a", False], "0.5, a, no"),
        ({"flip": 0.5, "crop": None}, "flip 0.5, crop none"),
    ],
)
def test_value_in_words(value: Any, words: str) -> None:
    assert format_value(value) == words


def test_counted() -> None:
    assert [counted(n, "epoch", "epochs") for n in (0, 1, 2500)] == [
        "0 epochs",
        "1 epoch",
        "2,500 epochs",
    ]


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "words"),
    [
        (0.5784, 0.5312, 0.6284, "", "0.58 [0.53, 0.63]"),
        (86.25, 84.67, 87.69, "%", "86.3 [84.7, 87.7] %"),
        (0.12871, 0.12683, 0.13054, "", "0.1287 [0.1268, 0.1305]"),  # half: 0.0019
        (0.12871, 0.12583, 0.13054, "", "0.129 [0.126, 0.131]"),  # half: 0.0024
        (15.56, -4.757, 35.88, "", "16 [−5, 36]"),
        (0.0, 0.0, 0.01763, "", "0 [0, 0.018]"),
        (0.95, 0.041, 1.9, "", "0.95 [0.04, 1.90]"),  # 0.0 would hide that it is above 0
        (12345.6, 11345.6, 13345.6, "images", "12,346 [11,346, 13,346] images"),
        (2.178, None, None, "%", "2.178 %"),
        (61.0, 61.0, 61.0, "pixels", "61 pixels"),
        (None, None, None, "", "–"),
        (float("nan"), None, None, "", "–"),
    ],
)
def test_numbers_have_the_digits_that_their_interval_warrants(
    value: float | None, low: float | None, high: float | None, unit: str, words: str
) -> None:
    found = Measurement(name="a", value=value, low=low, high=high, n=1, unit=unit)
    assert rounded(found) == words


def test_nothing_measured_is_a_dash() -> None:
    assert rounded(None) == "–"
