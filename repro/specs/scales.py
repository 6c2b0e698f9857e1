"""The scales below the paper's at which a whole run is possible; they are declared only here.

An experiment's card lists under `scales:` which of its options differ there from the paper's, and a
run file names the scale (`scale: tiny`), so that a new experiment needs no edit of a run file.
repro.runs.scales merges the two. A new scale is a field of `Scales`.

Alone: `Scales(tiny={"segments": 10}).options("tiny")`.
"""

from typing import Any

from pydantic import Field

from repro.specs.validation import Strict

TOO_SMALL = ("tiny",)  # runs at these scales decide no claim


class Scales(Strict):
    """Options of an experiment by scale; options not listed have the paper's value."""

    tiny: dict[str, Any] = Field({}, description="for tests: every step takes seconds")
    demo: dict[str, Any] = Field({}, description="a whole run in a few minutes on two cores")

    def options(self, scale: str | None) -> dict[str, Any]:
        """The options at a scale; {} at the paper's scale, None."""
        found: dict[str, Any] = getattr(self, scale) if scale is not None else {}
        return found
