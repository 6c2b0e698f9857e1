"""The de-duplication command, called as from a shell."""

from collections.abc import Callable
from pathlib import Path

import pytest

from repro.command_line import run_main
from repro.dedup.__main__ import main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int | str | None]:
    """Calls the command in tmp_path; returns its exit code, or the message that stands for 1."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> int | str | None:
        try:
            run_main(main, [str(word) for word in words])
        except SystemExit as left:
            return left.code
        return 0

    return call
