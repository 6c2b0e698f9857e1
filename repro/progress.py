"""Show how far a step is: a bar in a terminal, a line every twenty seconds in a log.

Where in the flow: within everything that may take longer than a few seconds. A loop states its
number of turns and counts them (`Progress`, `tracked`); a step's folder reports that it is being
made (`working`). Work that ends sooner than in `EVERY` seconds prints nothing. A separate thread
prints the lines, so that they appear in time even where one turn takes minutes, and they go to the
standard error, which the pipeline sends to the step's log:

    [12:41:07] training of faces: 320 of 2,500 minibatches (13 %), 2.1/s, 17 min left, loss_d 0.91

`read` parses such a line; repro.watch uses it to draw a bar for each running step.

Alone: `for row in tracked(range(9), "rows", unit="rows"): ...`
"""

import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO, TypeVar

from tqdm import tqdm

EVERY = 20.0  # seconds between two lines
Item = TypeVar("Item")
Clock = Callable[[], float]


class Reporter:
    """The running tasks of one process, outermost first, and the time of the last line.

    stream: None is the current standard error. clock: seconds, from any origin.
    """

    def __init__(self, stream: TextIO | None = None, clock: Clock = time.monotonic) -> None:
        self._stream, self.clock = stream, clock
        self._at_work: list[Progress] = []
        self._said = clock()
        self._lock = threading.RLock()
        self._heart: threading.Thread | None = None

    @property
    def stream(self) -> TextIO:
        return self._stream or sys.stderr

    def enter(self, one: "Progress") -> None:
        with self._lock:
            if not self._at_work:
                self._said = self.clock()
            self._at_work.append(one)

    def leave(self, one: "Progress") -> None:
        with self._lock:
            self._at_work.remove(one)

    def start_heartbeat(self) -> None:
        """Call `print_if_due` every second from now on."""
        with self._lock:
            if self._heart is None or not self._heart.is_alive():
                self._heart = threading.Thread(target=self._beats, daemon=True, name="progress")
                self._heart.start()

    def _beats(self) -> None:
        while True:
            time.sleep(1)
            self.print_if_due()

    def print_if_due(self) -> None:
        """Print the state of the work if the last line is `EVERY` seconds old."""
        with self._lock:
            now = self.clock()
            if not self._at_work or now - self._said < EVERY:
                return
            counted = [one for one in self._at_work if one.counts]
            if not any(one.bar for one in counted):  # a bar shows it all the time
                self.say("; ".join(one.line(now) for one in counted or self._at_work[:1]))
            for one in counted or self._at_work[:1]:
                one.was_said = True
            self._said = now

    def say(self, text: str) -> None:
        print(f"[{time.strftime('%H:%M:%S')}] {text}", file=self.stream, flush=True)


REPORTER = Reporter()  # of this process


class Progress:
    """A loop: its description, the unit of its turns, their number (None: unknown).

    initial: turns done by an earlier process. shown: False prints nothing (the other processes of a
    training). With unit "" it is a piece of work without turns.
    """

    def __init__(
        self,
        what: str,
        *,
        unit: str,
        total: int | None = None,
        initial: int = 0,
        shown: bool = True,
        reporter: Reporter = REPORTER,
    ) -> None:
        self.what, self.unit, self.total, self.shown = what, unit, total, shown
        self.initial = self.done = initial
        self.remark = ""
        self.was_said = False
        self.bar: tqdm | None = None
        self._reporter = reporter

    @property
    def counts(self) -> bool:
        return bool(self.unit)

    def __enter__(self) -> "Progress":
        self.began = self._reporter.clock()
        if not self.shown:
            return self
        self._reporter.enter(self)
        if self.counts and self._reporter.stream.isatty():
            self.bar = tqdm(
                desc=self.what,
                total=self.total,
                initial=self.initial,
                unit=f" {self.unit}",
                file=self._reporter.stream,
                dynamic_ncols=True,
            )
        if self._reporter is REPORTER:
            self._reporter.start_heartbeat()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self.shown:
            return
        if self.bar is not None:
            self.bar.close()
        self._reporter.leave(self)
        if self.was_said and kind is None and self.counts and self.bar is None:
            taken = format_duration(self._reporter.clock() - self.began)
            self._reporter.say(f"{self.what}: {self._count()} done in {taken}{self._remark()}")

    def update(self, turns: int = 1) -> None:
        """Count `turns` more as done."""
        self.done += turns
        if self.bar is not None:
            self.bar.update(turns)

    def note(self, remark: str) -> None:
        """Set further text for the next lines, such as losses, until the next call."""
        self.remark = remark
        if self.bar is not None:
            self.bar.set_postfix_str(remark, refresh=False)

    def line(self, now: float) -> str:
        """The line for the time `now` of the reporter's clock."""
        seconds = now - self.began
        if not self.counts:
            return f"{self.what}: at work for {format_duration(seconds)}"
        turns = self.done - self.initial
        parts = [f"{self.what}: {self._count()}"]
        if turns and seconds > 0:
            rate = turns / seconds
            parts.append(f"{rate:,.1f}/s" if rate >= 1 else f"{1 / rate:,.1f} s each")
            if self.total is not None:
                parts.append(f"{format_duration((self.total - self.done) / rate)} left")
        return ", ".join(parts) + self._remark()

    def _count(self) -> str:
        if self.total is None:
            return f"{self.done:,} {self.unit}"
        share = 100 * self.done // self.total if self.total else 100
        return f"{self.done:,} of {self.total:,} {self.unit} ({share} %)"

    def _remark(self) -> str:
        return f", {self.remark}" if self.remark else ""


def tracked(
    items: Iterable[Item],
    what: str,
    *,
    unit: str,
    total: int | None = None,
    reporter: Reporter = REPORTER,
) -> Iterator[Item]:
    """The items one by one; each is a turn, done when the next is requested.

    total: the number of items, where `items` has no length.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with Progress(what, unit=unit, total=total, reporter=reporter) as progress:
        for item in items:
            yield item
            progress.update()


@contextmanager
def working(what: str, *, reporter: Reporter = REPORTER) -> Iterator[None]:
    """While the block runs, report `what` as being at work where no loop within it counts."""
    with Progress(what, unit="", reporter=reporter):
        yield


def format_duration(seconds: float) -> str:
    """A duration to two places: 45 s, 12 min, 3 h 5 min."""
    whole = round(max(0.0, seconds))
    if whole < 100:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


@dataclass(frozen=True)
class Reading:
    """Contents of a log line: turns done and in all, seconds left (None: not stated), the line."""

    done: int
    total: int
    left: float | None
    text: str


LINE = re.compile(r"^\[\d\d:\d\d:\d\d\] (?P<text>[^:]+: (?P<done>[\d,]+) of (?P<total>[\d,]+) .*)$")
LEFT = re.compile(r", (?:(?P<h>\d+) h )?(?:(?P<min>\d+) min|(?P<s>\d+) s) left")


def read(line: str) -> Reading | None:
    """Parse a line that `Progress` printed, or its outermost loop; None for any other line."""
    found = LINE.match(line.strip())
    if not found:
        return None
    done, total = (int(found[name].replace(",", "")) for name in ("done", "total"))
    left = LEFT.search(found["text"].split("; ")[0])
    seconds = None
    if left:
        hours, minutes, rest = (int(left[name] or 0) for name in ("h", "min", "s"))
        seconds = 3600.0 * hours + 60 * minutes + rest
    return Reading(done, total, seconds, found["text"])
