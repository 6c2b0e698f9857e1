"""One training by several processes: who this one is, and its share of a minibatch.

Where in the flow: repro.train makes it, repro.trainer and repro.minibatches ask it. Alone, a
process is rank 0 of 1 and its share is everything.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from torch import Tensor, nn

Rows = TypeVar("Rows", np.ndarray, Tensor)


@dataclass(frozen=True)
class Processes:
    """This process among those of one training."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes: rank 0."""
        return self.rank == 0

    def share(self, rows: Rows) -> Rows:
        """Every size-th of the rows (n, ...), from this rank's on."""
        return rows[self.rank :: self.size]

    def parallel(self, network: nn.Module) -> nn.Module:
        """The network as it is called where gradients are wanted."""
        return network


ALONE = Processes()
