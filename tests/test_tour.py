"""docs/tour.ipynb: every cell runs, and what it says of its results is true."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does; returns the value of its last line, if it is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@pytest.mark.slow
def test_the_tour(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = json.loads((repository / "docs/tour.ipynb").read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict[str, Any] = {}
    shown = [run_cell(source, names) for source in sources]
    pictures = [value for value in shown if isinstance(value, Image.Image)]
    assert len(pictures) == 3  # samples, a walk, a sum
    assert all(np.asarray(picture).std() > 20 for picture in pictures)
    planted = {"03 darker.jpg", "08 darker.jpg", "15 darker.jpg", "21 darker.jpg"}
    assert set(names["duplicates"]) <= planted
    printed = capsys.readouterr().out
    assert re.search(r"36 pictures, [34] near-duplicates", printed)


def test_its_stored_outputs_are_small_and_name_no_place(repository: Path) -> None:
    text = (repository / "docs/tour.ipynb").read_text(encoding="utf-8")
    assert not re.search(r"Traceback|\W/(home|root|tmp)/", text)
    assert len(text) < 1_000_000
