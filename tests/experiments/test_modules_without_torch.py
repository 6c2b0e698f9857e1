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

for name in sys.argv[1:]:
    load_run(name)
    if "torch" in sys.modules:
        sys.exit(f"{name} is checked with torch")
"""
MODULES = ("options", "charts", "tables", "figure")


def run(program: str, *words: str, folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stderr


@pytest.mark.slow
def test_no_such_module_of_any_experiment_loads_torch(repository: Path) -> None:
    files = [f for name in MODULES for f in sorted(repository.glob(f"experiments/*/{name}.py"))]
    names = [f"experiments.{file.parent.name}.{file.stem}" for file in files]
    assert {f"experiments._template.{name}" for name in MODULES} <= set(names)
    assert run(PROGRAM, *names, folder=repository) == (0, "")


def test_one_that_does_is_found(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text("import torch")
    (tmp_path / "torch.py").touch()  # in place of the real one
    assert run(PROGRAM, "planted", folder=tmp_path) == (1, "planted loads torch\n")


@pytest.mark.slow
def test_a_run_file_is_checked_without_torch(repository: Path) -> None:
    files = [f"config/{name}.yaml" for name in ("tiny", "demo", "paper")]
    assert run(LOAD, *files, folder=repository) == (0, "")
