"""What the READMEs tell a reader to type exists: commands, modules, targets, run files, flags."""

import contextlib
import importlib.util
import io
import re
import runpy
import shlex
import sys
from functools import cache
from pathlib import Path
from textwrap import dedent
from unittest import mock

import pytest
from snakemake.cli import get_argument_parser

from repro.__main__ import all_commands
from repro.__main__ import run as main
from repro.specs.run_file import RunSpec

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [
        ROOT / "CONTRIBUTING.md",
        *ROOT.glob("config/*.yaml"),
        *ROOT.glob("*/README.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("config/presets/README.md"),
        *ROOT.glob("experiments/*/README.md"),
        ROOT / "README.md",
    ]
)
BLOCK = re.compile(r"^[ ]*```\w*\n(.*?)^[ ]*```", re.S | re.M)
INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
PROGRAMS = {"python", "dcgan", "snakemake", "make", "torchrun"}
FEWEST = 60  # commands on all pages; fewer: the pages are no longer read as they are written


def commands(text: str) -> list[list[str]]:
    """The command lines on a page, split into words, without comments and dots."""
    blocks = [dedent(block).replace("\\\n", " ") for block in BLOCK.findall(text)]
    lines = [line for block in blocks for line in block.splitlines() if line[:1] != " "]
    lines += [" ".join(line.split()) for line in INLINE.findall(BLOCK.sub("", text))]
    found = []
    for line in lines:
        if line.split()[:1] and line.split()[0] in PROGRAMS:
            words = shlex.split(line, comments=True)
            found.append([word for word in words if word not in ("...", "|")])
    return found


def complaint(words: list[str]) -> str:
    """The part of a command line that does not exist; empty where all of it does."""
    program, rest = words[0], words[1:]
    if program == "make":
        return _of_make(rest)
    if program == "snakemake":
        return _of_snakemake(rest)
    if program == "dcgan":
        return _of_command(rest)
    if "-m" not in rest:
        return ""  # python itself, or torchrun with its own flags
    module, *rest = rest[rest.index("-m") + 1 :]
    if module == "repro":
        return _of_command(rest)
    if module.partition(".")[0] not in ("repro", "data_prep", "experiments"):
        return ""
    if not _can_be_started(module):
        return f"no module {module} that can be started"
    return _unknown_flags(rest, _help_of_module(module))


def _of_command(words: list[str]) -> str:
    if not words or words[0].startswith("-"):
        return "" if words in ([], ["--version"], ["--help"]) else f"no flag {words[0]}"
    name, *rest = words
    if name not in all_commands() and name != "COMMAND":
        return f"no command {name}"
    inner = [rest[0]] if name == "bench" and rest and not rest[0].startswith("-") else []
    return _unknown_flags(rest, _help_of_command(name, *inner)) if name in all_commands() else ""


def _of_make(words: list[str]) -> str:
    text = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):", text, re.M))
    variables = set(re.findall(r"^([A-Z]+) \?=", text, re.M))
    names = [word.partition("=")[0] for word in words]
    return ", ".join(f"no target {name}" for name in names if name not in targets | variables)


def _of_snakemake(words: list[str]) -> str:
    try:
        with contextlib.redirect_stderr(io.StringIO()) as said:
            read = get_argument_parser().parse_args(words)  # as Snakemake itself reads it
    except SystemExit:
        return said.getvalue()
    wrong = [f"no rule {name}" for name in read.targets if name not in _rules()]
    files = [*(read.configfile or []), *filter(None, [read.workflow_profile])]
    wrong += [f"no {file}" for file in files if not (ROOT / file).exists()]
    keys = [word.partition("=")[0] for word in read.config or []]
    known = {*RunSpec.model_fields, "run", "strict"}  # the last two: repro.runs.load
    wrong += [f"no key {key}" for key in keys if key not in known]
    return ", ".join(wrong)


@cache
def _rules() -> set[str]:
    """Rules that the files name, and those that every folder of an experiment has."""
    files = [ROOT / "Snakefile", *ROOT.glob("**/*.smk")]
    named = {name for file in files for name in re.findall(r"^rule (\w+):", file.read_text(), re.M)}
    return named | {card.parent.name for card in ROOT.glob("experiments/*/experiment.yaml")}


def _can_be_started(module: str) -> bool:
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return False
    if found is not None and found.submodule_search_locations:
        found = importlib.util.find_spec(f"{module}.__main__")
    return bool(found and found.origin and "__main__" in Path(found.origin).read_text())


@cache
def _help_of_command(*words: str) -> str:
    return _printed(main, "repro", *words)


@cache
def _help_of_module(module: str) -> str:
    return _printed(lambda: runpy.run_module(module, run_name="__main__", alter_sys=True), module)


def _printed(start: object, *words: str) -> str:
    assert callable(start)
    with (
        mock.patch.object(sys, "argv", [*words, "--help"]),
        contextlib.redirect_stdout(io.StringIO()) as out,
        pytest.raises(SystemExit) as left,
    ):
        start()
    assert not left.value.code
    return out.getvalue()


def _unknown_flags(words: list[str], text: str) -> str:
    known = set(re.findall(r"--[a-z][a-z-]+", text))
    flags = [word.partition("=")[0] for word in words if word.startswith("--")]
    return ", ".join(f"no flag {flag}" for flag in flags if flag not in known)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*found in sys.modules")
def test_every_command_of_the_pages_exists() -> None:
    wrong, seen = [], 0
    for page in PAGES:
        for words in commands(page.read_text(encoding="utf-8")):
            seen += 1
            if said := complaint(words):
                wrong.append(f"{page.relative_to(ROOT)}: {shlex.join(words)}: {said}")
    assert not wrong, "\n".join(wrong)
    assert seen >= FEWEST


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("python -m repro trian", "no command trian"),
        ("python -m repro plan config/paper.yaml --hour 48", "no flag --hour"),
        ("dcgan fid --dataset D", "no flag --dataset"),
        ("python -m repro bench train --epochs 3", "no flag --epochs"),
        ("python -m repro.specs.run_file", "no module repro.specs.run_file that can be started"),
        ("python -m repro.nothing", "no module repro.nothing that can be started"),
        ("python -m data_prep.prepare --specs S.json", "no flag --specs"),
        ("torchrun --nproc_per_node 8 -m repro.train --date D", "no flag --date"),
        ("make al", "no target al"),
        ("snakemake latent_wlak --cores 2", "no rule latent_wlak"),
        ("snakemake all --configfile config/papers.yaml", "no config/papers.yaml"),
        ("snakemake all --config rawe=/data", "no key rawe"),
    ],
)
def test_what_does_not_exist_is_found(line: str, said: str) -> None:
    (words,) = commands(f"text\n\n```\n{line}   # a comment\n```\n")
    assert complaint(words) == said
    assert commands(f"before `{line}` after") == [words]


def test_continued_lines_and_comments() -> None:
    page = "```\npython -m repro dedup ~/photos \\\n    --out found   # says what\nls\n```\n"
    assert commands(page) == [["python", "-m", "repro", "dedup", "~/photos", "--out", "found"]]
    tree = "```\nnetworks/   a folder\n            dcgan    a module in it\n```\n"
    assert commands(tree) == []
    assert commands("- x\n\n  ```\n  make all\n  ```\n") == [["make", "all"]]
    assert commands("```\nsnakemake prepare | train    # only\n```") == [
        ["snakemake", "prepare", "train"]
    ]
