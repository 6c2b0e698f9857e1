"""Run files are checked, and figures drawn, without PyTorch, which takes seconds to load."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import importlib, sys

for name in sys.argv[1:]:
    importlib.import_module(name)
    if "torch" in sys.modules:
        sys.exit(f"{name} loads torch")
"""
LOAD = """
import sys
from repro.runs.load import load_run

load_run(sys.argv[1])
sys.exit("a run file is checked with torch" if "torch" in sys.modules else 0)
"""


def run(program: str, *words: str, folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stderr


@pytest.mark.parametrize("module", ["options", "charts", "tables", "figure"])
def test_no_such_module_of_any_experiment_loads_torch(module: str, repository: Path) -> None:
    files = sorted(repository.glob(f"experiments/*/{module}.py"))
    names = [f"experiments.{file.parent.name}.{module}" for file in files]
    assert f"experiments._template.{module}" in names
    assert run(PROGRAM, *names, folder=repository) == (0, "")


def test_one_that_does_is_found(repository: Path) -> None:
    code, said = run(PROGRAM, "experiments._template.measure", folder=repository)
    assert (code, said) == (1, "experiments._template.measure loads torch\n")


@pytest.mark.parametrize("name", ["tiny", "demo", "paper"])
def test_a_run_file_is_checked_without_torch(name: str, repository: Path) -> None:
    assert run(LOAD, f"config/{name}.yaml", folder=repository) == (0, "")
