"""Display the messages of a run: in a terminal with bars below the last lines, or as plain lines.

Where in the flow: repro.watch.narrator reports what happens. In a terminal the running steps are at
the bottom, each with a bar, and are redrawn every second. Elsewhere, and in continuous integration
(`CI` in the environment), there are only lines: no bar, no colour, no control character.

Alone: `display_for(sys.stderr, environment=os.environ).say("hello")`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, TextIO

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from repro.progress import format_duration
from repro.watch.board import Board, Step

COLOURS = {"plain": "", "good": "green", "bad": "bold red", "picture": "cyan"}


class Display(Protocol):
    """The methods that the narrator needs."""

    live: bool

    def say(self, text: str, kind: str = "plain") -> None: ...
    def draw(self, board: Board, left: float | None) -> None: ...
    def close(self) -> None: ...


class Lines:
    """Plain lines."""

    live = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def say(self, text: str, kind: str = "plain") -> None:
        print(text, file=self._stream, flush=True)

    def draw(self, board: Board, left: float | None) -> None:
        """Do nothing: a line is not redrawn."""

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


class Terminal:
    """Permanent lines, and below them the running steps."""

    live = True

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, markup=False, soft_wrap=True)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def say(self, text: str, kind: str = "plain") -> None:
        self._console.print(Text(text, style=COLOURS[kind]))

    def draw(self, board: Board, left: float | None) -> None:
        if not self._live.is_started:
            self._live.start()
        self._live.update(running_table(board, left), refresh=True)

    def close(self) -> None:
        """Remove the running steps from the terminal."""
        self._live.stop()


def running_table(board: Board, left: float | None) -> Table:
    """One line for all steps together, and one for each running step."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(width=24)
    table.add_column(no_wrap=True, justify="right")
    for step in board.steps("running"):
        table.add_row(*_row(step, now=board.clock()))
    for_all = f"{board.done} of {board.total} steps"
    times = format_duration(board.elapsed())
    times += f", about {format_duration(left)} left" if left is not None else ""
    table.add_row(
        Text(for_all, style="bold"), ProgressBar(max(1, board.total), board.done), Text(times)
    )
    return table


def _row(step: Step, *, now: float) -> Sequence[Text | ProgressBar]:
    reading = step.reading()
    if reading is None or not reading.total:
        return Text(step.description), Text(""), Text(format_duration(now - step.started))
    left = "" if reading.left is None else f"{format_duration(reading.left)} left"
    words = Text(f"{step.description}: {reading.done:,} of {reading.total:,}")
    return words, ProgressBar(reading.total, reading.done), Text(left)


def display_for(stream: TextIO, *, environment: Mapping[str, str]) -> Display:
    """Bars in an interactive terminal, plain lines elsewhere."""
    looked_at = stream.isatty() and environment.get("TERM") != "dumb"
    return Terminal(stream) if looked_at and not environment.get("CI") else Lines(stream)
