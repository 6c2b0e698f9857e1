"""Time several ways to the same end in turn, so that a busy machine slows all of them equally.

Where in the flow: the benches use it for timing.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Rates:
    """Results of one way in each run: seconds, units per second, processor microseconds a unit."""

    seconds: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    cpu_microseconds: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Median of the runs, units per second."""
        return round(median(self.per_second), 1)

    @property
    def cpu(self) -> float:
        """Median of the runs, microseconds of processor time per unit, including children."""
        return round(median(self.cpu_microseconds), 1)


def alternate(ways: Mapping[str, Callable[[], int]], *, repeats: int) -> dict[str, Rates]:
    """Run all ways, in order, `repeats` times; a way returns the number of units it processed."""
    found = {name: Rates() for name in ways}
    for number in range(repeats):
        for name, way in ways.items():
            cpu, wall = _cpu_seconds(), time.perf_counter()
            units = way()
            seconds, cpu = time.perf_counter() - wall, _cpu_seconds() - cpu
            found[name].seconds.append(seconds)
            found[name].per_second.append(round(units / seconds, 1))
            found[name].cpu_microseconds.append(round(1e6 * cpu / units, 1))
            print(f"run {number + 1} of {repeats}: {name} {units / seconds:,.0f}/s", flush=True)
    return found


def _cpu_seconds() -> float:
    """Processor time of this process and of children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
