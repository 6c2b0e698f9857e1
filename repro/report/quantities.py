"""Quantities in words: durations, memory, counts and any value of a JSON file.

Where in the flow: the lowest layer of the report; its other modules and its templates call these,
and a test that the README quotes numbers as the report shows them.

Alone: `duration(725)` is "12 min 5 s".
"""

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from repro.claims.measurement import Measurement, number

MOST_DIGITS = 4  # behind the point


def duration(seconds: float) -> str:
    """Seconds in words: 0.4 s, 48 s, 12 min 5 s, 3 h 20 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def memory(megabytes: float) -> str:
    """Peak memory in words: 640 MB, 2.4 GB."""
    return f"{megabytes / 1024:.1f} GB" if megabytes >= 1024 else f"{megabytes:.0f} MB"


def format_value(value: Any) -> str:
    """Any JSON value for reading."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(float(value))
    if isinstance(value, dict):
        pairs = (f"{key} {format_value(v)}" for key, v in value.items())
        return ", ".join(pairs) or "none"
    if isinstance(value, list):
        return ", ".join(format_value(v) for v in value) or "none"
    return str(value)


def rounded(found: Measurement | None) -> str:
    """E.g. "0.58 [0.53, 0.63]" or "86.3 [84.7, 87.7] %": as many digits as the interval warrants.

    Half an interval keeps one significant digit, two where the first is 1; an end that is not 0 is
    not shown as 0. A number without interval reads as everywhere. "–" where nothing was measured.
    """
    if found is None or found.value is None or found.hull is None:
        return "–"
    if found.low is None or found.high is None or not found.low < found.high:
        return f"{number(found.value)} {found.unit}".strip()
    numbers = (found.value, found.low, found.high)
    digits = _digits((found.high - found.low) / 2)
    while digits < MOST_DIGITS and any(x and not round(x, digits) for x in numbers):
        digits += 1
    value, low, high = (_half_up(x, digits) for x in numbers)
    return f"{value} [{low}, {high}] {found.unit}".strip()


def _half_up(x: float, digits: int) -> str:
    exact = Decimal(str(x)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{exact:,}".replace("-", "−") if exact else "0"


def _digits(half: float) -> int:
    """Digits behind the point with which half an interval has one or two significant ones."""
    magnitude = math.floor(math.log10(half))
    first = half / 10**magnitude
    return min(MOST_DIGITS, max(0, -magnitude + (first < 2)))


def counted(count: int, one: str, more: str) -> str:
    """A number with its noun: counted(1, "D step", "D steps") is "1 D step"."""
    return f"{count:,} {one if count == 1 else more}"
