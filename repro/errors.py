"""What the user can mend: the base of all errors that a command reports in words.

Where in the flow: every package derives its own errors from ExpectedError, and
`repro.command_line.run_main` prints their message without a traceback. Whatever else is raised,
apart from an OSError, is a mistake of this repository and keeps its traceback. Nothing to run
alone.
"""


class ExpectedError(Exception):
    """Files, settings or data that cannot be used; the message says what was found and what to do.

    A subclass may also derive from the built-in error that callers of the library expect.
    """

    lost_in_a_log = False  # the log of a step may lie where it cannot be written, on a full disk


class StoppedError(KeyboardInterrupt):
    """A command that was asked to stop by a signal, and has saved its work; the message says so."""

    def __init__(self, message: str, *, signal_number: int) -> None:
        super().__init__(message)
        self.status = 128 + signal_number  # as shells count


class UnusableError(ExpectedError, ValueError):
    """Images, labels or settings that a computation cannot work with."""
