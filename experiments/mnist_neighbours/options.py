"""Options of the nearest-neighbour table of MNIST (Table 3), as a run file may set them.

A module apart from measure.py, so that a run file is checked without loading PyTorch.
"""

from itertools import pairwise

from pydantic import Field, model_validator

from repro.specs.validation import Device, Strict


class Options(Strict):
    """Numbers of samples and how to draw them; the defaults are the paper's."""

    counts: tuple[int, ...] = Field(
        (1_000, 10_000, 50_000, 100_000, 1_000_000, 10_000_000),
        min_length=1,
        description="numbers of samples at which the error is read, ascending (Table 3: 50,000 "
        "and 10,000,000; the authors watched 1,000, 10,000 and 100,000)",
    )
    few: int = Field(50_000, ge=1, description="the count of Table 3's first column")
    selection_samples: int = Field(
        50_000,
        ge=10,
        multiple_of=10,
        description="samples by whose validation error a generator is chosen",
    )
    untrained: int = Field(
        3,
        ge=1,
        description="networks with initial weights of each kind, the control; at least as many as "
        "there are trainings",
    )
    block: int = Field(
        10_000, ge=10, le=100_000, description="samples drawn at a time; other blocks, other z"
    )
    device: Device = "auto"

    @model_validator(mode="after")
    def _ascending(self) -> "Options":
        if self.counts[0] < 1 or any(low >= high for low, high in pairwise(self.counts)):
            raise ValueError(f"counts must ascend from at least 1, found {list(self.counts)}")
        if odd := [count for count in self.counts if count % 10]:
            raise ValueError(f"counts must be multiples of the ten classes, found {odd}")
        if self.few not in self.counts:
            raise ValueError(f"few {self.few} must be one of the counts, {list(self.counts)}")
        return self
