"""Only repro/runs/extensions.py names data_prep or experiments; what it finds is there.

The contracts of import-linter see import statements. The guard here sees those in strings as well:
modules imported by a computed name, code that is executed, commands started by `-m`, files and
folders of the checkout.
"""

import ast
import importlib
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from repro.runs import extensions
from repro.specs.validation import SpecError

OUTSIDE = ("data_prep", "experiments")
# places.py lists the packages, environment.py finds them before the other files next to them
EXEMPT = ("runs/extensions.py", "places.py", "environment.py")
FRONT_DOOR = "__main__.py"  # imports the modules that its own table names
IMPORTERS = {"import_module", "__import__", "find_spec", "run_module"}
EXECUTORS = {"exec", "eval"}  # of Python; a network's eval() is a method
LOADERS = {"pkgutil", "runpy"}  # modules of Python that import by name
OPENERS = {"Path", "open", "join", "listdir", "scandir", "walk", "glob", "iglob", "rglob"}
DOTTED = re.compile(r"(?<![\w./])(data_prep|experiments)\.(\w|$)")


def namings(library: Path) -> tuple[int, list[str]]:
    """The number of modules looked at, and "file:line: what" for every naming of the outside."""
    files = sorted(library.rglob("*.py"))
    found = []
    for path in files:
        name = path.relative_to(library).as_posix()
        if name not in EXEMPT:
            found += _in_text(path.read_text(encoding="utf-8"), name)
    return len(files), found


@cache
def _in_text(text: str, name: str) -> list[str]:
    return [f"{name}:{line}: {what}" for line, what in _in_module(ast.parse(text), name)]


def _in_module(tree: ast.Module, name: str) -> Iterator[tuple[int, str]]:
    plain = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or ""
            names = [module] if module else [alias.name for alias in node.names]
            if any(_outside(one) for one in names):
                yield node.lineno, "import statement"
            if any(one.partition(".")[0] in LOADERS for one in names):
                yield node.lineno, "a module that imports by name"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in EXECUTORS:
            yield node.lineno, "code that is executed"
        if isinstance(node, ast.Call) and _strays(node) and name != FRONT_DOOR:
            yield node.lineno, f"{_called(node)} of a computed or outside name"
        if isinstance(node, ast.Constant) and id(node) not in plain and _names(node.value):
            yield node.lineno, f"string {node.value!r}"
        if (folder := _folder(node)) is not None and _outside(
            folder.removeprefix("./").partition("/")[0]
        ):
            yield node.lineno, f"folder {folder!r}"  # type: ignore[attr-defined]


def _called(call: ast.Call) -> str:
    """The last word of what is called."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _names(value: object) -> bool:
    """Whether a constant is a string with a dotted name of the outside, or the bare data_prep."""
    return isinstance(value, str) and (value == OUTSIDE[0] or DOTTED.search(value) is not None)


def _outside(module: str) -> bool:
    return module.partition(".")[0] in OUTSIDE


def _strays(call: ast.Call) -> bool:
    """Whether a call imports a module whose name is computed, unless it begins with the library's,
    or is outside."""
    if _called(call) not in IMPORTERS or not call.args:
        return False
    name = call.args[0]
    if isinstance(name, ast.JoinedStr):
        first = name.values[0]
        return not (isinstance(first, ast.Constant) and str(first.value).startswith("repro."))
    return not isinstance(name, ast.Constant) or _outside(str(name.value))


def _first(path: str) -> str:
    return path.removeprefix("./").partition("/")[0]


def _folder(node: ast.AST) -> str | None:
    """`x` of ROOT / "x", of Path("x"), open("x") and others that take a path."""
    if isinstance(node, ast.BinOp) and getattr(node.left, "id", "") == "ROOT":
        part: ast.expr | None = node.right
    elif isinstance(node, ast.Call) and _called(node) in OPENERS and node.args:
        part = node.args[0]
    else:
        part = None
    if isinstance(part, ast.JoinedStr):
        part = part.values[0]  # type: ignore[assignment]
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else None


@pytest.mark.slow
def test_nothing_else_of_the_library_names_the_outside(repository: Path) -> None:
    modules, found = namings(repository / "repro")
    assert modules > 100
    assert found == []


@pytest.fixture(scope="module")
def copied(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the library, so that planting a dozen times is quick."""
    folder = tmp_path_factory.mktemp("copy") / "repro"
    for package in ("report", "runs"):
        shutil.copytree(repository / "repro" / package, folder / package)
    shutil.copy(repository / "repro" / "rng.py", folder)
    return folder


@pytest.mark.parametrize(
    "planted",
    [
        "import data_prep.lsun",
        "from experiments import contract",
        "def late():\n    from data_prep.prepare import prepare",
        'import importlib\nimportlib.import_module("data_prep.prepare")',
        'import importlib\nimportlib.import_module(f"experiments.{__name__}.cost")',
        'from importlib import import_module\nplace = "data_" "prep"\nimport_module(place)',
        'from importlib import import_module\nimport_module("exper" + "iments.contract")',
        '__import__("experiments")',
        'STEP = ["python", "-m", "data_prep.prepare"]',
        'module = "{}.{}".format("data_prep", "lsun")',
        'from repro.places import ROOT\ncards = ROOT / "experiments"',
        'from pathlib import Path\ncards = Path(f"experiments/{__name__}")',
        'import pkgutil\npkgutil.resolve_name("data_prep.lsun" if __name__ else "")',
        'from pkgutil import resolve_name as found\nfound("exper" + "iments.contract")',
        'import runpy\nrunpy.run_path("data" + "_prep/prepare.py")',
        'exec("import " + "data" + "_prep")',
        "contract = eval(\"__import__('exper' + 'iments')\")",
        'text = open("experiments/contract.py").read()',
        'import os\nnames = os.listdir("./experiments")',
        'import os\nplace = os.path.join("data_prep", "lsun.py")',
        'from repro.places import ROOT\ncards = list(ROOT.glob("experiments/*/experiment.yaml"))',
    ],
)
def test_a_planted_name_is_found(copied: Path, planted: str) -> None:
    assert found_in("rng.py", copied, planted)


def test_a_planted_name_is_found_in_a_package(copied: Path) -> None:
    for planted in ("import data_prep.lsun", 'names = ["data_prep.prepare"]'):
        assert found_in("report/build.py", copied, planted)


def found_in(file: str, copied: Path, planted: str) -> bool:
    """Whether the guard finds the words once they are planted, and nothing elsewhere."""
    path = copied / file
    before = path.read_text()
    path.write_text(f"{before}\n{planted}\n")
    try:
        _, found = namings(copied)
    finally:
        path.write_text(before)
    return bool(found) and all(one.startswith(f"{file}:") for one in found)


@pytest.mark.parametrize(
    "harmless",
    [
        'def cost():\n    """Of `data_prep.prepare`, see experiments.contract."""',
        'words = "two experiments, one run"',
        'from pathlib import Path\nfolder = Path("results") / "experiments"',
        'import importlib\nimportlib.import_module("repro.data.store")',
        "def still(model):\n    return model.eval()",
        'lines = ", ".join(["experiments/a", "b"])',
    ],
)
def test_docstrings_and_other_words_are_none(copied: Path, harmless: str) -> None:
    path = copied / "rng.py"
    before = path.read_text()
    path.write_text(f"{before}\n{harmless}\n")
    _, found = namings(copied)
    path.write_text(before)
    assert found == []


def test_every_experiment_and_its_cost_are_found(repository: Path) -> None:
    folders = {path.parent.name for path in repository.glob("experiments/[!_]*/measure.py")}
    cards = extensions.experiment_cards()
    assert folders <= set(cards)
    for name in cards:
        there = (repository / "experiments" / name / "cost.py").is_file()
        assert (extensions.experiment_cost(name) is not None) == there


def test_options_are_those_of_the_modules() -> None:
    given: dict[str, Any] = {"file": "a.yaml", "key": "datasets.rooms"}
    options = extensions.source_options("lsun", {}, **given)
    assert type(options).__module__ == "data_prep.lsun"
    with pytest.raises(
        SpecError, match=r"a\.yaml: 'datasets\.rooms': no module 'lsn' in data_prep"
    ):
        extensions.source_options("lsn", {}, **given)
    with pytest.raises(SpecError, match=r"no module 'room' in data_prep/generated/.*'rooms'"):
        extensions.world_options("room", {}, **given)
    with pytest.raises(SpecError, match=r"a\.yaml: .*'experiments\.latent_walk\.stpes'"):
        extensions.experiment_options("latent_walk", {"stpes": 3}, file="a.yaml")


def test_missing_files_are_those_that_are_not_there(tmp_path: Path) -> None:
    options = extensions.source_options("folder", {}, file="a.yaml", key="datasets.mine")
    (absent,) = extensions.missing_files(tmp_path / "none", "folder", options)
    assert absent.path == tmp_path / "none"
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "a.jpg").touch()
    assert extensions.missing_files(tmp_path / "none", "folder", options) == []


def test_every_command_has_a_main_and_a_line() -> None:
    commands = extensions.commands()
    assert "download" in commands
    for module, line in commands.values():
        assert callable(importlib.import_module(module).main)
        assert 10 < len(line) < 80
        assert "\n" not in line
