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


class UnusableError(ExpectedError, ValueError):
    """Images, labels or settings that a computation cannot work with."""
