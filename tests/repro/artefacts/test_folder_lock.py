"""A folder that one process writes is refused to others until it has ended, in whatever way."""

import subprocess
import sys
from pathlib import Path

import pytest

from repro.artefacts.folder_lock import InUseError, exclusive_lock
from repro.artefacts.step_folder import step_folder

HOLDER = """
import os, sys, time
from pathlib import Path
from repro.artefacts.folder_lock import exclusive_lock
with exclusive_lock(Path(sys.argv[1])):
    if os.fork() == 0:  # a child that outlives its parent, as a pool's workers may
        time.sleep(5)
        os._exit(0)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path, repository: Path) -> subprocess.Popen[str]:
    """A process that holds `out` until its standard input ends; it has a child."""
    words = [sys.executable, "-c", HOLDER, str(tmp_path / "out")]
    process = subprocess.Popen(
        words, cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_refused_while_another_process_holds_it(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    message = r"out: another process is writing it; wait .* start the same command again"
    with pytest.raises(InUseError, match=message), exclusive_lock(tmp_path / "out"):
        pass
    with pytest.raises(InUseError), step_folder(tmp_path / "out", inputs={}):
        pass
    with exclusive_lock(tmp_path / "other"):
        pass
    assert holder.stdin is not None
    holder.stdin.close()
    holder.wait()
    with exclusive_lock(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_free_once_its_holder_was_killed(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert (tmp_path / ".out.lock").exists()
    with exclusive_lock(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []
