"""Figure steps need no torch: restyling starts in half the time without it."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import importlib, sys

for name in sys.argv[1:]:
    importlib.import_module(f"experiments.{name}.figure")
    if "torch" in sys.modules:
        sys.exit(f"experiments/{name}/figure.py imports torch")
"""


def test_no_figure_step_imports_torch(repository: Path) -> None:
    names = sorted(path.parent.name for path in repository.glob("experiments/*/figure.py"))
    assert len(names) > 10
    words = [sys.executable, "-c", PROGRAM, *names]
    found = subprocess.run(words, cwd=repository, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")
