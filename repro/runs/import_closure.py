"""The source files a step depends on: a module and all modules of this repository it imports.

The pipeline names them as inputs of the step, so that an edit re-runs what it can change and
nothing else. Imports are read from the syntax tree; nothing is executed. A module's packages belong
to it, as Python runs their `__init__.py` first; those that hold no statement are left out.

Alone: `import_closure("repro.train.__main__")`.
"""

import ast
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

from repro.places import PACKAGES, ROOT


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
        module = waiting.pop()
        path = _file_of(module)
        if path is None or path in found:
            continue
        found.add(path)
        waiting += [*_imports(path), module.rpartition(".")[0]]
    return sorted(path for path in found if _does_something(path))


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
    package = ".".join(Path(path).parts[:-1])
    names: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return tuple(sorted(names))


def _does_something(path: str) -> bool:
    """Whether a file holds more than a docstring; a package's `__init__.py` need not."""
    return any(not isinstance(node, ast.Expr) for node in _tree(path).body)


@cache
def _tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))
