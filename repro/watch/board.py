"""The steps of the current run: which wait, run, are done or have failed, and when that began.

Where in the flow: repro.watch.snakemake_log feeds it with Snakemake's messages;
repro.watch.terminal and repro.watch.page show it. The progress of a running step is read from the
last line of its log (repro.progress). Several threads may use it.

Alone: `Board(clock=time.time).plan([Step(...)])`.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from repro.progress import Reading, read

State = Literal["waiting", "running", "done", "failed"]
TAIL_BYTES = 4096  # of a log, for its last line


@dataclass
class Step:
    """A job of Snakemake. Times are those of the board's clock, in seconds."""

    id: int
    rule: str
    name: str
    stage: str
    description: str
    outputs: list[Path] = field(default_factory=list)
    log: Path | None = None
    log_began: int = 0  # bytes that the log held when the step began: those of earlier attempts
    expected: float | None = 0.0  # seconds that it is expected to take; None: unknown
    state: State = "waiting"
    started: float = 0.0
    ended: float = 0.0

    def reading(self) -> Reading | None:
        """The progress in the newest lines of its log that it has written since it began, or None.

        The end of a failed step's log is shown whole: a step may fail before it is known to have
        begun.
        """
        for line in reversed(last_lines(self.log, most=5, start=self.log_began)):
            if found := read(line):
                return found
        return None


def last_lines(path: Path | None, *, most: int, start: int = 0) -> list[str]:
    """The last lines of a file after `start` bytes, without empty ones; [] where unreadable."""
    if path is None:
        return []
    try:
        with path.open("rb") as stream:
            stream.seek(max(start, stream.seek(0, 2) - TAIL_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return []
    lines = [line.rstrip() for line in text.replace("\r", "\n").splitlines()]
    return [line for line in lines if line][-most:]


def _size(path: Path | None) -> int:
    """Bytes of a file; 0 where there is none."""
    try:
        return 0 if path is None else path.stat().st_size
    except OSError:
        return 0


class Board:
    """All steps of the run by Snakemake's number; `clock` gives seconds from any origin."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.began = clock()
        self.ended: float | None = None
        self.cores = 1
        self._steps: dict[int, Step] = {}
        self._lock = threading.RLock()

    def plan(self, steps: Iterable[Step]) -> None:
        """Set the steps that will be made."""
        with self._lock:
            for step in steps:
                self._steps.setdefault(step.id, step)

    def start(self, number: int, *, log: Path | None = None) -> Step | None:
        """Record that a step has begun, or begun again; None for one that is not planned."""
        return self._change(number, "running", log=log)

    def finish(self, number: int) -> Step | None:
        return self._change(number, "done")

    def fail(self, number: int) -> Step | None:
        """Record a failure; None also where it is known already: Snakemake reports it twice."""
        with self._lock:
            step = self._steps.get(number)
            return (
                None if step is None or step.state != "running" else self._change(number, "failed")
            )

    def _change(self, number: int, state: State, *, log: Path | None = None) -> Step | None:
        with self._lock:
            step = self._steps.get(number)
            if step is None:
                return None
            step.state = state
            step.log = log or step.log
            if state == "running":
                step.started = self.clock()
                step.log_began = _size(step.log)
            else:
                step.ended = self.clock()
            return step

    def steps(self, *states: State) -> list[Step]:
        """The steps in these states, or all: by the time they began, then by Snakemake's numbers.

        Those that have not begun come last.
        """
        with self._lock:
            found = [step for step in self._steps.values() if not states or step.state in states]
        return sorted(found, key=lambda step: (step.started or float("inf"), step.id))

    @property
    def done(self) -> int:
        return len(self.steps("done"))

    @property
    def total(self) -> int:
        return len(self._steps)

    def close(self) -> None:
        """Record that the run has ended."""
        self.ended = self.ended or self.clock()

    def elapsed(self) -> float:
        """Seconds since the run began, or its duration once it has ended."""
        return (self.clock() if self.ended is None else self.ended) - self.began
