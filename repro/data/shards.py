"""A part of a dataset that one job works on: shard 3/8 is the third of eight.

Where in the flow: `data_prep.prepare` and `data_prep.dedup` make one part each with `--shard 3/8`
and join the parts to the result of a single job.
"""

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from repro.errors import UnusableError


class Shard(NamedTuple):
    """Part `number` (from 1) of `of` parts, which cut the data into runs of equal length."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """From 3/8 or Snakemake's 3-of-8. Raises argparse.ArgumentTypeError."""
        match = re.fullmatch(r"(\d+)(?:/|-of-)(\d+)", text)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise argparse.ArgumentTypeError(f"found '{text}', expected a shard such as 3/8")
        return cls(int(match[1]), int(match[2]))

    def of_these(self, positions: Sequence[int]) -> Sequence[int]:
        """The positions that belong to this part; all parts together have all of them, in order."""
        first, behind = (n * len(positions) // self.of for n in (self.number - 1, self.number))
        return positions[first:behind]

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


WHOLE = Shard(1, 1)


def in_order(parts: Iterable[tuple[Shard, Path]]) -> list[Path]:
    """The folders of all parts of one set, sorted by number.

    Raises UnusableError where a part is given twice or is missing.
    """
    found: dict[Shard, Path] = {}
    for shard, part in parts:
        if shard in found:
            raise UnusableError(f"{part} and {found[shard]} are both part {shard}")
        found[shard] = part
    expected = [Shard(n, min(found).of) for n in range(1, min(found).of + 1)]
    if sorted(found) != expected:
        raise UnusableError(
            f"found parts {', '.join(map(str, sorted(found)))}, expected "
            f"{', '.join(map(str, expected))}"
        )
    return [found[shard] for shard in expected]
