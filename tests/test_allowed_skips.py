"""A run under ALLOWED_SKIPS fails if a test is skipped for another reason, and names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """\
import pytest

@pytest.mark.skipif(True, reason="needs a GPU")
def test_on_gpu(): ...

def test_passes(): ...
"""
OTHER = {  # processes -> a second file
    "0": "def test_passes(): ...",
    "2": "import pytest\npytest.importorskip('no_such_package')\n",
}
UNNOTICED = """
@pytest.mark.skipif(True, reason="no browser in PATH")
def test_in_browser(): ...
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "allowed", "status", "processes"),
    [
        (TESTS, "GPU", 0, "0"),
        (TESTS + UNNOTICED, "GPU", 1, "0"),
        (TESTS + UNNOTICED, "GPU", 1, "2"),
        (TESTS + UNNOTICED, "GPU|browser", 0, "0"),
        (TESTS + UNNOTICED, None, 0, "0"),
        (TESTS + "\ndef test_fails(): assert False\n", "GPU", 1, "0"),
    ],
)
def test_which_runs_fail(
    tmp_path: Path, text: str, allowed: str | None, status: int, processes: str
) -> None:
    (tmp_path / "test_some.py").write_text(text)
    (tmp_path / "test_other.py").write_text(OTHER[processes])
    environment = {key: value for key, value in os.environ.items() if key != "ALLOWED_SKIPS"}
    environment["PYTHONPATH"] = str(Path(__file__).parent)
    if allowed is not None:
        environment["ALLOWED_SKIPS"] = allowed
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "allowed_skips", "-n", processes, "."],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    said = "skipped, but not for ALLOWED_SKIPS" in done.stdout
    assert said is (status == 1 and "test_fails" not in text)
    assert ("test_other.py: could not import" in done.stdout) is (processes == "2")
    if said and UNNOTICED in text:
        assert "test_some.py::test_in_browser: no browser in PATH" in done.stdout
        assert "test_on_gpu: " not in done.stdout
