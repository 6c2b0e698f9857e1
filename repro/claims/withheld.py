"""Numbers that an experiment withholds: nothing was measured, or what was decides nothing.

Where in the flow: `measure.py` of an experiment replaces such numbers before it writes them, and
the verdict on the claim quotes the reason (repro.claims.verdict).

Alone: `no_value("jumps", because="the model draws no rooms")`.
"""

from collections.abc import Collection

from repro.claims.constructors import single_number
from repro.claims.measurement import Measurement


def no_value(name: str, *, because: str) -> Measurement:
    """A measurement that could not be made."""
    nothing = single_number(name, None, n=0, why="not measured", protocol="")
    return nothing.model_copy(update={"no_value_because": because})


def without_value(one: Measurement, *, because: str) -> Measurement:
    """The measurement without its value and interval."""
    none = {"value": None, "low": None, "high": None, "no_value_because": because}
    return one.model_copy(update=none)


def withheld(
    made: list[Measurement], names: Collection[str], *, because: str, prefix: str
) -> list[Measurement]:
    """All measurements; those of `names` lose their value, and keep it as `prefix` + name."""
    kept = []
    for one in made:
        if one.name in names:
            kept.append(without_value(one, because=because))
            kept.append(one.model_copy(update={"name": prefix + one.name}))
        else:
            kept.append(one)
    return kept
