"""Every file read or written as text names its encoding: no locale decides its content."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TEXT = {"read_text": 0, "write_text": 1}  # position of the encoding among the arguments of a call
NOT_OURS = (  # whose `open` is for something else than text
    "Image", "ImageStore", "ModelFolder", "archive", "gzip", "lmdb", "opened", "opener", "os",
    "tarfile",
)  # fmt: skip


def without_encoding(source: str) -> Iterator[str]:
    """The calls in a module that read or write text in whatever encoding the locale has."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(one.arg == "encoding" for one in node.keywords):
            continue
        method = isinstance(node.func, ast.Attribute)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        of = ast.unparse(node.func).rpartition(".")[0]
        if name in TEXT and len(node.args) <= TEXT[name]:
            yield ast.unparse(node)
        elif name in ("open", "fdopen") and of not in NOT_OURS:
            words = [one.value for one in node.keywords if one.arg == "mode"]
            words += node.args[(0 if method else 1) :][:1]
            mode = words[0].value if words and isinstance(words[0], ast.Constant) else "r"
            if "b" not in str(mode):
                yield ast.unparse(node)


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("path.read_text()", True),
        ("path.read_text('utf-8')", False),
        ("path.read_text(encoding='utf-8')", False),
        ("path.write_text(text)", True),
        ("path.open('a')", True),
        ("path.open(newline='')", True),
        ("path.open('rb')", False),
        ("path.open(mode='xb')", False),
        ("open(path)", True),
        ("open(path, 'w')", True),
        ("open(path, 'wb')", False),
        ("open(path, encoding='utf-8')", False),
        ("Image.open(path)", False),
    ],
)
def test_a_call_without_an_encoding_is_found(call: str, found: bool) -> None:
    assert list(without_encoding(call)) == ([call] if found else [])


@pytest.mark.slow
def test_all_text_has_an_encoding(repository: Path) -> None:
    folders = ("repro", "data_prep", "experiments", "profiles")
    paths = [path for folder in folders for path in repository.glob(f"{folder}/**/*.py")]
    assert len(paths) > 250
    found = {
        path.relative_to(repository).as_posix(): calls
        for path in paths
        if (calls := list(without_encoding(path.read_text(encoding="utf-8"))))
    }
    assert found == {}
