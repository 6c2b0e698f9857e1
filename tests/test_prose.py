"""The prose of the repository uses none of the phrases that CONTRIBUTING.md lists.

Searched are comments and docstrings of Python, the descriptions of options, comments of YAML,
Snakemake and shell files, the texts of experiments' cards, and Markdown; results/published and the
list itself are not.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

FOLDERS = ("config", "data_prep", "docs", "experiments", "profiles", "repro", "rules", "tests")
COMMENTED = (".yaml", ".yml", ".toml", ".sh")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
ROW = re.compile(r"^\| (`.*`) \| .* \|$", re.M)


@pytest.fixture(scope="module")
def phrases(repository: Path) -> list[str]:
    page = (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return [phrase for cell in ROW.findall(page) for phrase in re.findall("`(.+?)`", cell)]


@pytest.mark.slow
def test_no_listed_phrase_is_used(repository: Path, phrases: list[str]) -> None:
    assert len(phrases) >= 25
    wanted = pattern_of(phrases)
    found = [
        f"{path.relative_to(repository)}:{line}: {match[0]!r}"
        for path in written(repository)
        if may_hold(phrases, whole := path.read_text(encoding="utf-8"))
        for start, text in prose(path.name, whole)
        for line, match in matches(wanted, text, start)
    ]
    assert not found, "phrases that CONTRIBUTING.md replaces by better ones:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.py", '"""One.\n\nFiles are handed\nto it."""\n', [3]),
        ("a.py", "def f():\n    'Handed to it.'\n", [2]),
        ("a.py", "x = 1  # handed to it\n# it is handed\n# to it\n", [1, 2]),
        ("a.py", 'x = "handed to it"\nhanded = to = 1\n', []),
        ("a.py", '"""Unhanded to it."""\n', []),
        ("a.md", "Text\n\nIt is **handed** over, handed\nto it.\n", [3]),
        ("a.py", 'x = F(1, description="so " "handed "\n  "to it")\ny = F(name="handed to")', [1]),
        ("a.yaml", "key: handed to  # handed to it\n# handed\n# to\n", [1, 2]),
        ("experiment.yaml", "a:\n  - b: >-\n      is handed\n      to it\n  - c: 1\n", [2]),
        ("Snakefile", 'rule a:\n    """handed to it"""\n    shell: "handed to"\n', [2]),
    ],
)
def test_where_phrases_are_found(name: str, text: str, lines: list[int]) -> None:
    wanted = pattern_of(["handed to"])
    found = [line for start, part in prose(name, text) for line, _ in matches(wanted, part, start)]
    assert sorted(found) == lines


def pattern_of(phrases: list[str]) -> re.Pattern[str]:
    """Any of the phrases as whole words, also where a line ends within one."""
    words = (r"\s+(?:#:?\s*)?".join(map(re.escape, phrase.split())) for phrase in phrases)
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.I)


def may_hold(phrases: list[str], text: str) -> bool:
    """Whether any of the phrases is in a text, code included: fast, to leave out most files."""
    flat = " ".join(re.sub('#:?|"', " ", text).lower().split())
    return any(phrase.lower() in flat for phrase in phrases)


def matches(wanted: re.Pattern[str], text: str, start: int) -> Iterator[tuple[int, re.Match[str]]]:
    """Every match with the number of its line; start: number of the text's first line."""
    for match in wanted.finditer(text):
        yield start + text.count("\n", 0, match.start()), match


def written(repository: Path) -> Iterator[Path]:
    """Files with prose: those directly in the repository, and all below FOLDERS."""
    below = (path for folder in FOLDERS for path in (repository / folder).rglob("*"))
    for path in [*repository.iterdir(), repository / "results/README.md", *below]:
        known = path.name == "Snakefile" or path.suffix in (".py", ".smk", ".md", *COMMENTED)
        if known and path.is_file():
            yield path


def prose(name: str, text: str) -> Iterator[tuple[int, str]]:
    """The prose in a file, in pieces, each with the number of its first line."""
    if name == "CONTRIBUTING.md":
        yield 1, ROW.sub("", text)
    elif name.endswith(".md"):
        yield 1, text
    elif name == "experiment.yaml":
        yield 1, yaml_comments(text)
        for token in yaml.scan(text):
            if isinstance(token, yaml.ScalarToken):
                yield token.start_mark.line + 1, token.value
    elif name.endswith(COMMENTED):
        yield 1, yaml_comments(text)
    elif name.endswith(".py"):
        yield 1, comments(text)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
                first = node.body[0]
                yield first.lineno, ast.get_docstring(node, clean=False) or ""
            if isinstance(node, ast.keyword) and node.arg == "description":
                yield from descriptions(node.value)
    else:  # Snakemake's files are not Python, but consist of its tokens
        yield 1, comments(text)
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING and token.string.startswith('"""'):
                yield token.start[0], token.string


def descriptions(value: ast.expr) -> Iterator[tuple[int, str]]:
    """The strings of an option's description."""
    for part in ast.walk(value):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.lineno, part.value


def yaml_comments(text: str) -> str:
    """The comments of lines that have any, each on its own line; the rest is empty."""
    return "\n".join(re.sub(r"^(?!#).*?(?= #|$)", "", line) for line in text.split("\n"))


def comments(text: str) -> str:
    """The comments of Python's tokens, each on its own line; the other lines are empty."""
    lines = [""] * (text.count("\n") + 2)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0] - 1] = token.string
    return "\n".join(lines)
