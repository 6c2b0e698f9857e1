"""Where ALLOWED_SKIPS is set, a run that skips any other test has failed.

ALLOWED_SKIPS is a regular expression of reasons, e.g. "GPU": .ci/run sets it, so that
we notice tests skipped there because a program is missing. conftest.py imports these two hooks.
"""

import os
import re

import pytest


def _others(reporter: pytest.TerminalReporter) -> list[str]:
    """Place and reason of each skipped test whose reason is not among the allowed ones."""
    allowed = os.environ.get("ALLOWED_SKIPS")
    if allowed is None:
        return []
    found = []
    for report in reporter.getreports("skipped"):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longreprtext
        if not re.search(allowed, reason):
            found.append(f"{report.nodeid}: {reason.removeprefix('Skipped: ')}")
    return found


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that passed if it skipped a test that must not be skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _others(reporter) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests those are."""
    others = _others(terminalreporter)
    if others:
        terminalreporter.section("skipped, but not for ALLOWED_SKIPS", red=True)
        for line in others:
            terminalreporter.write_line(line)
