"""The source files a step depends on: a module and all modules of this repository it imports.

The pipeline names them as inputs of the step, so that an edit re-runs what it can change and
nothing else. Imports are read from the syntax tree; nothing is executed.

`python -m repro.runs.import_closure MODULE` lists the files.
"""

import argparse
import ast
from functools import cache
from pathlib import Path

from repro.places import ROOT
from repro.runs.extensions import PACKAGES


def import_closure(*modules: str) -> list[str]:
    """Files of `modules` and of all they import, sorted, relative to the repository.

    A package among `modules` stands for the command that it is: its `__main__`. Raises
    FileNotFoundError when one of `modules` is no module of this repository.
    """
    found: set[str] = set()
    waiting = [*modules, *(f"{module}.__main__" for module in modules)]
    for module in modules:
        if _file_of(module) is None:
            raise FileNotFoundError(f"no module {module} in this repository")
    while waiting:
        path = _file_of(waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        waiting += _imports(path)
    return sorted(found)


@cache
def _file_of(module: str) -> str | None:
    if module.partition(".")[0] not in PACKAGES:
        return None
    path = Path(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if (ROOT / candidate).is_file():
            return candidate.as_posix()
    return None


@cache
def _imports(path: str) -> tuple[str, ...]:
    """Modules named by the import statements of a file; `from a import b` may mean a.b."""
    names: list[str] = []
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    parents = [name.rpartition(".")[0] for name in names]
    return tuple(sorted({*names, *parents} - {""}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", nargs="+", help="e.g. repro.train")
    print("\n".join(import_closure(*parser.parse_args().module)))


if __name__ == "__main__":
    main()
