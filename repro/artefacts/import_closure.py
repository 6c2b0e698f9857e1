"""The source files a step depends on: a module and all modules of this repository it imports.

A step's record holds the meaning of each file (repro.artefacts.code_meaning), so that an edit
re-runs what it can change and nothing else. Imports are read from the syntax tree; nothing is
executed. The `__init__.py` files of a module's packages are included, as Python runs them first,
unless they hold no statement.

Alone: `import_closure("repro.train.__main__")`.
"""

from functools import cache
from importlib.util import resolve_name
from pathlib import Path

from repro.artefacts.code_meaning import meaning_hash, scan
from repro.places import PACKAGES, ROOT


def code_hashes(*modules: str, files: tuple[str, ...] = ()) -> dict[str, str]:
    """Source file -> hash of its meaning, for `modules`, all modules they import, and `files`.

    files: templates and the like, relative to the repository. Raises the same errors as
    import_closure.
    """
    return {path: meaning_hash(ROOT / path) for path in sorted({*import_closure(*modules), *files})}


def import_closure(*modules: str) -> list[str]:
    """Files of `modules` and of all modules they import, sorted, relative to the repository.

    A package among `modules` stands for its command, `__main__`. Raises FileNotFoundError when one
    of `modules` is not a module of this repository.
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
    return sorted(path for path in found if scan(ROOT / path).does_something)


def templates(names: str = "*") -> tuple[str, ...]:
    """Templates of the library whose file names match a pattern, relative to the repository."""
    found = sorted(ROOT.glob(f"repro/*/templates/{names}"))
    return tuple(path.relative_to(ROOT).as_posix() for path in found)


def page_files(module: str) -> tuple[str, ...]:
    """Templates of offline pages in a module's folder, and those shared by all such pages.

    Returns () where the folder has none.
    """
    folder = ROOT / Path(*module.split(".")).parent
    own = tuple(path.relative_to(ROOT).as_posix() for path in sorted(folder.glob("*.html")))
    return own + templates("page*") if own else ()


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
    for level, module, of_it in scan(ROOT / path).imports:
        name = resolve_name("." * level + module, package) if level else module
        names |= {name, *(f"{name}.{one}" for one in of_it)}
    return tuple(sorted(names))
