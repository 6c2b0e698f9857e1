"""Watches a training by the lines of its log, and names what goes wrong and since when."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Finding:
    """A trouble, the minibatch where it began, and what was seen, in words."""

    trouble: str
    step: int
    words: str


class Monitor:
    """Sees every line of a log in order; each trouble is found once."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def see(self, line: dict[str, Any]) -> list[Finding]:
        """Troubles that this line makes certain."""
        return []


def diversity(images: np.ndarray) -> float:
    """How unlike each other images (N, H, W, C) uint8 are."""
    return 1.0
