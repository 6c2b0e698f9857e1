"""Means of losses and probabilities over a window of minibatches, without waiting for the device.

Where in the flow: repro.train.trainer adds values at each step, and from time to time
repro.train.loop requests a line of the log. Sums stay on the device, so a step never waits for a
number to arrive; the first minibatch with a loss that is not finite is recorded there too. Each
process keeps its own sums; `means` and `not_finite` are reduced over all processes, so every
process must call them.
"""

from typing import Any

import torch
from torch import Tensor

from repro.train.processes import ALONE, Processes

LOGGED_MEANS = ("loss_d", "loss_g", "d_real", "d_fake_before", "d_fake_after")


class RunningMeans:
    """Sums and counts of LOGGED_MEANS since the last line, (5, 2) float64 on the device."""

    def __init__(self, device: torch.device, processes: Processes = ALONE) -> None:
        self.processes = processes
        kind = torch.float32 if device.type == "mps" else torch.float64
        self.sums = torch.zeros(len(LOGGED_MEANS), 2, device=device, dtype=kind)
        # first minibatch (from 1) where each was not finite; 0 = none
        self.bad = torch.zeros(len(LOGGED_MEANS), device=device, dtype=torch.int64)

    def note(self, minibatch: Tensor, *, weight: int, **values: Tensor) -> None:
        """Add means over `weight` images of minibatch number `minibatch` (from 1; a scalar)."""
        for name, value in values.items():
            value = value.detach()
            row = LOGGED_MEANS.index(name)
            self.sums[row, 0] += value * weight
            self.sums[row, 1] += weight
            first = (self.bad[row] == 0) & ~torch.isfinite(value)
            # in place, for recorded steps
            self.bad[row] = torch.where(first, minibatch, self.bad[row])

    def means(self) -> dict[str, float]:
        """Means of the noted values since the last call, rounded to 6 digits; resets the sums."""
        sums, counts = self.processes.gathered(self.sums).sum(0).T.tolist()
        self.sums.zero_()
        pairs = zip(LOGGED_MEANS, sums, counts, strict=True)
        return {name: round(s / n, 6) for name, s, n in pairs if n > 0}

    def not_finite(self) -> dict[str, int]:
        """First minibatch (from 1) of every meter that was NaN or infinite."""
        first: dict[str, int] = {}
        for of_one in self.processes.gathered(self.bad).tolist():
            for name, minibatch in zip(LOGGED_MEANS, of_one, strict=True):
                if minibatch:
                    first[name] = min(minibatch, first.get(name, minibatch))
        return first

    def state(self) -> dict[str, Any]:
        """Sums (processes, 5, 2) and first bad minibatches (processes, 5) of all processes."""
        gathered = self.processes.gathered
        return {"sums": gathered(self.sums), "bad": gathered(self.bad)}

    def load(self, state: dict[str, Any]) -> None:
        """Load this process's part of a state."""
        self.sums.copy_(state["sums"][self.processes.rank])
        self.bad.copy_(state["bad"][self.processes.rank])
