"""The meaning of source files: hashes of their syntax without comments, docstrings and layout.

Where in the flow: the recipe of a step (repro.artefacts.recipe) holds the meaning of every file
that the step's module imports. So an edited comment re-runs nothing, and a changed constant re-runs
what it can change. The hash is taken of Python's syntax tree, written out here so that it is the
same under every version of Python. Files are read once: results are cached by size and time in
.snakemake/code_meaning.json of the working folder, where that folder exists.

Alone: `meaning_hash(Path("repro/train/trainer.py"))`.
"""

import ast
import atexit
import contextlib
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from repro.artefacts.whole_file import write_json

KEPT = Path(".snakemake/code_meaning.json")
EDITION = 1  # version of the cache; raise it with every change here that changes a hash
WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Scanned(NamedTuple):
    """What we read of a source file: its meaning, its imports, whether it does anything."""

    meaning: str
    imports: list[tuple[int, str, list[str]]]  # level, module, names ([] for `import module`)
    does_something: bool  # more than a docstring


def meaning_hash(path: Path) -> str:
    """Hash of a file's meaning; for a file that is not Python (a template), of its bytes."""
    if path.suffix != ".py":
        return _short(path.read_bytes())
    return scan(path).meaning


def scan(path: Path) -> Scanned:
    """Scan a Python file. Raises OSError, and SyntaxError naming the file."""
    status = path.stat()
    known, key = _kept(), str(path)
    state = [status.st_size, status.st_mtime_ns]
    if known.get(key, [None])[0] != state:
        known[key] = [state, *_scan(path)]
        _keep_at_the_end()
    return Scanned(*known[key][1:])


def _scan(path: Path) -> Scanned:
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    imports: list[tuple[int, str, list[str]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [(0, alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imports.append((node.level, node.module or "", [alias.name for alias in node.names]))
    does_something = any(not isinstance(node, ast.Expr) for node in tree.body)
    return Scanned(_short(repr(_without_docstrings(tree)).encode()), imports, does_something)


def _without_docstrings(value: Any) -> Any:
    """A syntax tree as nested lists, without docstrings, positions and empty fields.

    Empty fields differ between versions of Python.
    """
    if isinstance(value, list):
        return [_without_docstrings(one) for one in value]
    if not isinstance(value, ast.AST):
        return value
    fields = [(name, one) for name, one in ast.iter_fields(value) if one is not None and one != []]
    if isinstance(value, WITH_DOCSTRING) and ast.get_docstring(value, clean=False) is not None:
        fields = [(name, one[1:] if name == "body" else one) for name, one in fields]
    return [type(value).__name__, *((name, _without_docstrings(one)) for name, one in fields)]


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


@cache
def _kept() -> dict[str, list[Any]]:
    """Results of earlier processes, by file."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found = json.loads(KEPT.read_text(encoding="utf-8"))
        if found.get("edition") == EDITION and isinstance(found.get("files"), dict):
            files: dict[str, list[Any]] = found["files"]
            return files
    return {}


@cache
def _keep_at_the_end() -> None:
    atexit.register(_keep, KEPT.absolute())


def _keep(path: Path) -> None:
    """Cache a result for later processes; if that fails, they read the file again."""
    with contextlib.suppress(OSError):
        if path.parent.is_dir():
            write_json(path, {"edition": EDITION, "files": _kept()})
