"""Tell the user what happens in a run, in plain words, as it happens.

Where in the flow: repro.watch.snakemake_log reports that steps begin, end and fail; the narrator
keeps the board, prints each step with its number and the time left, names each picture as soon as
it exists, and writes progress.html. A separate thread calls `tick` every second.

Alone: `Narrator(run_folder, Lines(sys.stderr), Board(clock=time.time), write_page=print)`.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from repro.progress import format_duration
from repro.watch.board import Board, Step
from repro.watch.closing import INDENT, failure_lines
from repro.watch.remaining import remaining
from repro.watch.step_descriptions import pictures_of
from repro.watch.terminal import Display

REMINDER = 60.0  # seconds between plain lines that report progress
PAGE_EVERY = 5.0  # seconds


class Narrator:
    """Keeps the board and reports changes; calls write_page(board, left) every few seconds.

    left: seconds that the rest of the run is expected to take, None where it is unknown.
    """

    def __init__(
        self,
        folder: Path,
        display: Display,
        board: Board,
        *,
        write_page: Callable[[Board, float | None], None],
    ) -> None:
        self.folder, self.display, self.board = folder, display, board
        self._write_page = write_page
        self._lock = threading.RLock()
        self._reminded = self._written = board.clock()
        self._sheets: set[str] = set()  # models whose first sheet has been reported
        self.closed = False

    def planned(self, steps: Iterable[Step], *, page: Path) -> None:
        """The run begins, with these steps to make."""
        with self._lock:
            self.board.plan(steps)
            left = remaining(self.board)
            about = f", about {format_duration(left)}" if left is not None else ""
            self.display.say(f"{self.board.total} steps to make{about}. To watch: {page}")
            self._page(left)

    def started(self, number: int, *, log: Path | None) -> None:
        with self._lock:
            step = self.board.start(number, log=log)
            if step is not None and not self.display.live:  # a terminal shows it while it runs
                self.display.say(f"{self._place(left=True)} {step.description}")

    def finished(self, number: int) -> None:
        with self._lock:
            step = self.board.finish(number)
            if step is None:
                return
            pictures = pictures_of(step.rule, step.outputs)
            if self.display.live:
                taken = format_duration(step.ended - step.started)
                self.display.say(f"{self._place()} {step.description}: done in {taken}", "good")
            elif pictures:
                self.display.say(f"{self._place()} done: {step.description}")
            for path in pictures:
                self.display.say(f"{INDENT}{path}", "picture")

    def failed(self, number: int) -> None:
        with self._lock:
            step = self.board.fail(number)
            if step is not None:
                for line in failure_lines(step):
                    self.display.say(line, "bad")

    def _place(self, *, left: bool = False) -> str:
        """[ 3 of 60, 2 min, about 9 min left]: steps done, time since the beginning."""
        done = f"{self.board.done:>{len(str(self.board.total))}} of {self.board.total}"
        seconds = remaining(self.board) if left else None
        rest = f", about {format_duration(seconds)} left" if seconds is not None else ""
        return f"[{done}, {format_duration(self.board.elapsed())}{rest}]"

    def tick(self) -> None:
        """A second has passed."""
        with self._lock:
            if self.closed:
                return
            now = self.board.clock()
            for step in self.board.steps("running"):
                self._first_sheet(step)
            page_is_due = now - self._written >= PAGE_EVERY
            left = remaining(self.board) if self.display.live or page_is_due else None
            self.display.draw(self.board, left)
            if now - self._reminded >= REMINDER:
                self._reminded = now
                self._remind()
            if page_is_due:
                self._page(left)

    def _first_sheet(self, step: Step) -> None:
        if step.rule != "train_model" or step.name in self._sheets:
            return
        samples = self.folder / "state" / step.name / "samples"
        first = min(samples.glob("step_*.png"), default=None)
        if first is not None:
            self._sheets.add(step.name)
            self.display.say(f"{self._place()} first samples of {step.name}; more in {samples}")
            self.display.say(f"{INDENT}{first}", "picture")

    def _remind(self) -> None:
        if self.display.live or not self.board.total:
            return
        running = []
        for step in self.board.steps("running"):
            reading = step.reading()
            running.append(reading.text if reading else step.description)
        if not running:
            return
        self.display.say(f"{self._place(left=True)} still at: {'; '.join(running)}")

    def _page(self, left: float | None) -> None:
        self._written = self.board.clock()
        with suppress(OSError):  # a full disk ends a step with its own message
            self._write_page(self.board, left)

    def close(self) -> None:
        """The run has ended: the bars go, and the page is written for the last time."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
            self.display.close()
            self.board.close()
            self._page(None)
