"""repro/report/quantities.py against words written by hand."""

from typing import Any

import pytest

from repro.report.quantities import counted, duration, memory, value_in_words


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
    assert value_in_words(value) == words


def test_counted() -> None:
    assert [counted(n, "epoch", "epochs") for n in (0, 1, 2500)] == [
        "0 epochs",
        "1 epoch",
        "2,500 epochs",
    ]
