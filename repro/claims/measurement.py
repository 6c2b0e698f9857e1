"""A number as an experiment leaves it: value, interval, n, unit and protocol, and how it reads.

Where in the flow: `measure.py` of an experiment writes `measurements.json`; verdicts
(repro.claims.verdict), tables and the report read it.
"""

import json
import math
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from repro.specs.validation import SpecError, Strict, validated


class Measurement(Strict):
    """A number with its interval, its n and how it was measured."""

    model_config = ConfigDict(allow_inf_nan=True)  # NaN: nothing could be measured

    name: str = Field(min_length=1, description="what a claim refers to")
    value: float | None = Field(description="null or NaN: nothing could be measured")
    low: float | None = Field(None, description="lower end of the interval, in `unit`")
    high: float | None = Field(None, description="upper end of the interval, in `unit`")
    n: int = Field(ge=0, description="number of independent observations")
    spread: str = Field(
        "none: a single number", description="what the interval is, e.g. 95 % bootstrap over images"
    )
    unit: str = Field("", description='"%", "images", ... or "" for a pure number')
    protocol: str = Field("", description="how it was measured, in words")
    no_value_because: str = Field("", description="why nothing could be stated")
    at_edge: str = Field(
        "",
        description="choices behind it that stayed at the edge of what was tried: decides nothing",
    )
    setting: str = Field(
        "", description='key of the setting whose change it is the effect of: "network.kernel"'
    )
    changed_to: str = Field("", description="what that setting was changed to")
    corrected_over: int = Field(
        0, ge=0, description="effects over which its interval is corrected (Holm); 0: it is not"
    )

    @model_validator(mode="after")
    def _ends_in_order(self) -> "Measurement":
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"{self.name}: low {self.low:g} is above high {self.high:g}")
        return self

    @property
    def hull(self) -> tuple[float, float] | None:
        """Smallest interval holding the value and both ends; None when there is no value."""
        if self.value is None or math.isnan(self.value):
            return None
        ends = [x for x in (self.low, self.value, self.high) if x is not None and not math.isnan(x)]
        return min(ends), max(ends)


def number(x: float) -> str:
    """A number for reading: four significant digits, thousands set off, a real minus sign."""
    x = 0.0 if abs(x) < 1e-14 else x  # no minus before zero, no rounding error as a number
    if math.isinf(x):
        text = "∞" if x > 0 else "-∞"
    elif x == round(x) or abs(x) >= 1000:
        text = f"{x:,.0f}" if abs(x) < 1e9 else f"{x:.3e}"
    else:
        text = f"{x:.4g}"
    return text.replace("-", "−")


def format_measurement(measurement: Measurement) -> str:
    """E.g. "73.8 % [73.1, 74.5], n = 100"."""
    if measurement.hull is None or measurement.value is None:
        return "no value"
    text = f"{number(measurement.value)} {measurement.unit}".strip()
    if measurement.low is not None and measurement.high is not None:
        text += f" [{number(measurement.low)}, {number(measurement.high)}]"
    return f"{text}, n = {measurement.n:,}"


def with_interval(measurement: Measurement, *, digits: int = 2) -> str:
    """For a cell of a table: "73.84 [73.10, 74.52]", or the value alone where it has no interval.

    Raises ValueError for a measurement without a value.
    """
    if measurement.value is None:
        raise ValueError(f"{measurement.name} has no value to write into a table")
    if measurement.low is None or measurement.high is None:
        return f"{measurement.value:.{digits}f}"
    numbers = (measurement.value, measurement.low, measurement.high)
    value, low, high = (f"{one:.{digits}f}" for one in numbers)
    return f"{value} [{low}, {high}]"


def read_measurements(folder: Path) -> dict[str, Measurement]:
    """measurements.json of a `measured` folder, by name. Raises SpecError naming file and key."""
    path = folder / "measurements.json"
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError(f"{path}: no such file; run the experiment's measure step") from None
    except ValueError as error:  # no JSON, or no UTF-8
        raise SpecError(f"{path}: not valid JSON: {error}; run its measure step again") from None
    if not isinstance(content, dict):
        raise SpecError(f"{path}: expected measurements by name, found {type(content).__name__}")
    found: dict[str, Measurement] = {}
    for name, values in content.items():
        found[name] = validated(Measurement, values, where=str(path), key=name)
        if found[name].name != name:
            raise SpecError(f"{path}: '{name}.name' is '{found[name].name}'; it must be '{name}'")
    return found
