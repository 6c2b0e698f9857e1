"""Quantities in words: durations, memory, counts and any value of a JSON file.

Where in the flow: the lowest layer of the report; its other modules and its templates call these.

Alone: `duration(725)` is "12 min 5 s".
"""

from typing import Any

from repro.claims.measurement import number


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


def value_in_words(value: Any) -> str:
    """Any JSON value for reading."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(float(value))
    if isinstance(value, dict):
        pairs = (f"{key} {value_in_words(v)}" for key, v in value.items())
        return ", ".join(pairs) or "none"
    if isinstance(value, list):
        return ", ".join(value_in_words(v) for v in value) or "none"
    return str(value)


def counted(count: int, one: str, more: str) -> str:
    """A number with its noun: counted(1, "D step", "D steps") is "1 D step"."""
    return f"{count:,} {one if count == 1 else more}"
