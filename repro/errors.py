"""Errors that the user can fix: the base of all errors that a command reports as a message.

Where in the flow: every package derives its own errors from ExpectedError, and
`repro.command_line.run_main` prints their message without a traceback. Any other exception, except
an OSError, is a bug of this repository and keeps its traceback.
"""


class ExpectedError(Exception):
    """Files, settings or data that cannot be used; the message says what was found and what to do.

    A subclass may also derive from the built-in error that callers of the library expect.
    """

    lost_in_a_log = False  # the log of a step may be on a full disk, where it cannot be written


class StoppedError(KeyboardInterrupt):
    """A command was asked to stop by a signal and has saved its work; the message says so."""

    def __init__(self, message: str, *, signal_number: int) -> None:
        super().__init__(message)
        self.status = 128 + signal_number  # as in shells


class UnusableError(ExpectedError, ValueError):
    """Images, labels or settings that a computation cannot work with."""
