"""A run in progress keeps its specs and stamps, whatever else is started in its folder."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from repro.artefacts.folder_lock import InUseError
from repro.runs.adopt import main as adopt
from repro.runs.in_progress import alone, begin
from repro.runs.load import load_run
from repro.runs.run import Run

OTHER = """
import sys
from repro.runs.in_progress import begin
from repro.runs.load import load_run
begin(load_run(sys.argv[1]), dry=sys.argv[2] == "dry")
print("begun", flush=True)
sys.stdin.read()
"""
MORE = {"models": {"bedrooms": {"training": {"epochs": 77}}}}


@pytest.fixture
def run(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return load_run(str(repository / "config/tiny.yaml"))


@pytest.fixture
def other(
    request: pytest.FixtureRequest, run: Run, repository: Path
) -> Iterator[subprocess.Popen[str]]:
    """Another process that has begun the run and lives on."""
    words = [sys.executable, "-c", OTHER, run.file, request.param]
    with subprocess.Popen(
        words,
        env={"PYTHONPATH": str(repository)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("other", ["make"], indirect=True)
@pytest.mark.parametrize("dry", [True, False])
def test_a_run_in_progress_keeps_its_specs_until_it_ends(
    run: Run, other: subprocess.Popen[str], dry: bool
) -> None:
    spec = run.spec_file("models", "bedrooms")
    before = spec.read_text()
    edited = load_run(run.file, MORE)
    words = "the run in results/tiny is in progress: .* wait until it has ended, or stop it"
    with pytest.raises(InUseError, match=words):
        begin(edited, dry=dry)
    with pytest.raises(InUseError, match=words):
        adopt([run.file])
    assert spec.read_text() == before
    with alone(load_run(run.file, {"run": "another"})):
        pass
    other.kill()
    other.wait()
    begin(edited, dry=True)
    assert '"epochs": 77' in spec.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("other", ["dry"], indirect=True)
def test_a_dry_run_holds_nothing_once_it_has_begun(run: Run, other: subprocess.Popen[str]) -> None:
    assert other.poll() is None
    with alone(run):
        pass
