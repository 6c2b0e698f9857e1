"""A small run of made-up experiments, whose report the tests write."""

from pathlib import Path

import pytest
from test_report import make_experiments, make_run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with experiments/ and results/demo/, not to be changed."""
    home = tmp_path_factory.mktemp("made")
    make_experiments(home / "experiments")
    make_run(home / "results" / "demo")
    return home
