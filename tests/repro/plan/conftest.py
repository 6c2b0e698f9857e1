"""A run file from plain values, loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from repro.runs.load import load_run
from repro.runs.run import Run


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    monkeypatch.chdir(tmp_path)

    def loader(values: dict[str, Any]) -> Run:
        Path("small.yaml").write_text(yaml.safe_dump(values))
        return load_run("small.yaml")

    return loader
