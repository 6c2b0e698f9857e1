"""Commands end alike: a user's errors and interrupts with a message, our bugs with a traceback."""

import ast
import functools
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from repro.__main__ import run as main
from repro.bench import prepare as bench_prepare
from repro.command_line import run_main

SLOW = """
import sys, time
def main(argv):
    print("ready", flush=True)
    time.sleep(60)
"""
SLOW_IMPORT = """
import time
print("ready", flush=True)
time.sleep(60)
"""
WRONG = """
def main(argv):
    raise RuntimeError("a planted mistake")
"""
UNUSABLE = """
from repro.errors import UnusableError
def main(argv):
    raise UnusableError("photos: found none; give a folder that holds some")
"""
LONG = """
def main(argv):
    for number in range(100_000):  # more than a pipe holds
        print("line", number)
"""
FULL = """
from repro.artefacts.disk_full import DiskFullError
def main(argv):
    raise DiskFullError("images.npy could not be written: its disk is full")
"""
FULL_BY_ANOTHER = """
import errno, os
from repro.errors import UnusableError
def main(argv):
    try:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise UnusableError("images.npy could not be written: its disk is full") from error
"""
PLANTED = """
import repro.__main__ as door
door.all_commands()["planted"] = ("planted", "planted by a test")
door.main()
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "config/demo.yaml", "--hours", "-3"], "found '-3', expected a number above 0"),
        (["plan", "config/demo.yaml", "--hours", "inf"], "found 'inf', expected a number above 0"),
        (["plan", "config/demo.yaml", "--images", "x"], "found 'x', expected NAME=COUNT"),
        (["plan", "config/demo.yaml", "--gpus", "0"], "found '0', expected a whole number from 1"),
        (["plan", "config/demo.yaml", "--out", "FOLDER"], "found the folder 'FOLDER'"),
        (["plan", "config/demo.yaml", "--out", "no/a.json"], "no folder 'no'; make it first"),
        (["tensorboard", "results", "--out", "a", "--follow", "0"], "expected a number above 0"),
        (["face-detection", ".", "--out", "a.csv", "--scale-step", "1"], "greater than 1"),
        (
            ["face-detection", ".", "--out", "a.csv", "--minimum-size", "x"],
            "expected a whole number",
        ),
        (["face-detection", ".", "--out", "FOLDER"], "found the folder 'FOLDER'"),
        (["download", "lsun", "--raw", "a", "--retries", "-1"], "a whole number from 0"),
        (["diagram", "paper_46", "--out", "a.png"], "did you mean 'paper_64'"),
        (["diagram", "paper_64", "--out", "FOLDER"], "found the folder 'FOLDER'"),
        (["compare", "a", "b", "--out", "FOLDER"], "found the folder 'FOLDER'"),
        (["presets", "--out", "FOLDER"], "found the folder 'FOLDER'"),
    ],
)
def test_values_that_cannot_be_meant(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FOLDER").mkdir()
    monkeypatch.setattr(sys, "argv", ["repro/__main__.py", *words])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    found = capsys.readouterr().err
    assert found.startswith(f"usage: python -m repro {words[0]} ")
    assert said in found
    assert [path.name for path in tmp_path.rglob("*")] == ["FOLDER"]


def test_the_text_of_a_bench_stands_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["repro/__main__.py", "bench", "prepare", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert bench_prepare.__doc__ is not None
    said = capsys.readouterr().out
    assert bench_prepare.__doc__.strip() in said
    assert "(default: 20000)" in said


# --- processes of their own -------------------------------------------------------------------


def planted(folder: Path, code: str, *, repository: Path) -> subprocess.Popen[str]:
    """The front door with the command `planted`, which does `code`."""
    (folder / "planted.py").write_text(code)
    return subprocess.Popen(
        [sys.executable, "-c", PLANTED, "planted"],
        cwd=folder,
        env={"PYTHONPATH": f"{repository}:{folder}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a suite in the background passes on to its children that interrupts are ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.slow
@pytest.mark.parametrize("code", [SLOW, SLOW_IMPORT])
def test_an_interrupt_is_no_error(tmp_path: Path, code: str, repository: Path) -> None:
    process = planted(tmp_path, code, repository=repository)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "\nstopped\n"


def test_what_takes_time_to_import_is_imported_where_an_interrupt_is_caught(
    repository: Path,
) -> None:
    code = "import sys, repro.__main__; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    )
    assert [n for n in done.stdout.split() if n.startswith("repro")] == [
        "repro", "repro.errors", "repro.command_line", "repro.places", "repro.environment",
        "repro.__main__",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_mistake_of_ours_keeps_its_traceback(tmp_path: Path, repository: Path) -> None:
    process = planted(tmp_path, WRONG, repository=repository)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.startswith("Traceback")
    assert 'planted.py", line 3, in main' in said
    assert "RuntimeError: a planted mistake" in said


@pytest.mark.parametrize(
    ("greedy", "said"),
    [
        (lambda _: np.ones(2**50), "(Unable to allocate 8.00 PiB"),
        (lambda _: torch.ones(2**50), "DefaultCPUAllocator: "),
        (lambda _: bytes(2**62), "memory is used up; use a smaller minibatch"),
    ],
)
def test_memory_that_is_used_up_is_told_in_words(
    greedy: Callable[[list[str] | None], None], said: str
) -> None:
    with pytest.raises(SystemExit) as left:
        run_main(greedy)
    found = left.value.code  # which the interpreter prints, ending with 1
    assert isinstance(found, str)
    assert found.startswith("error: memory is used up")
    assert said in found
    assert "\n" not in found


@pytest.mark.slow
def test_what_the_user_can_mend_has_none(tmp_path: Path, repository: Path) -> None:
    process = planted(tmp_path, UNUSABLE, repository=repository)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (
        1,
        "error: photos: found none; give a folder that holds some\n",
    )


def planted_in_a_shell(
    folder: Path, code: str, command: str, *, repository: Path
) -> subprocess.CompletedProcess[str]:
    """What a shell's command leaves that runs the `main` of this code."""
    (folder / "planted.py").write_text(code)
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={"PYTHONPATH": f"{repository}:{folder}"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("between", ["", "bash -c '\"$@\"; exit $?' -- "])
@pytest.mark.parametrize("code", [FULL, FULL_BY_ANOTHER])
def test_a_full_disk_is_told_where_the_log_is_not(
    code: str, between: str, tmp_path: Path, repository: Path
) -> None:
    """As a step of the pipeline: its output goes into a log, the shell's to the terminal.

    Between the two may be a program that writes into the log as well, as torchrun does.
    """
    command = f"{between}{sys.executable} -c '{PLANTED}' planted > /dev/full 2>&1; exit $?"
    done = planted_in_a_shell(tmp_path, code, command, repository=repository)
    assert done.returncode in (1, 120)  # 120: of Python, which could not write the message either
    assert done.stderr == "error: images.npy could not be written: its disk is full\n"


def test_a_mistake_of_ours_is_not_lost_with_its_log(tmp_path: Path, repository: Path) -> None:
    full = "import repro.command_line\nrepro.command_line._log_is_full = lambda: True\n"
    command = f"{sys.executable} -c '{PLANTED}' planted > log 2>&1; exit $?"
    done = planted_in_a_shell(tmp_path, full + WRONG, command, repository=repository)
    assert done.returncode == 1
    assert done.stderr.startswith("error: RuntimeError('a planted mistake'); the disk of its log")
    assert "Traceback" in (tmp_path / "log").read_text()


@pytest.mark.slow
def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path, repository: Path) -> None:
    command = f"{sys.executable} -c '{PLANTED}' planted | head -n 1"
    done = planted_in_a_shell(tmp_path, LONG, command, repository=repository)
    assert (done.stdout, done.stderr) == ("line 0\n", "")


# --- no way around it -------------------------------------------------------------------------


@functools.cache
def sources(repository: Path) -> dict[str, ast.Module]:
    """Every module as a tree, by its path; not to be changed."""
    folders = ("repro", "data_prep", "experiments")
    paths = [path for folder in folders for path in repository.glob(f"{folder}/**/*.py")]
    assert len(paths) > 250
    return {path.relative_to(repository).as_posix(): ast.parse(path.read_text()) for path in paths}


@pytest.mark.slow
def test_whatever_can_be_started_ends_through_run_main(repository: Path) -> None:
    starts = {"run_main", "measure_command", "figure_command", "sheet_command"}
    found = {}
    for name, tree in sources(repository).items():
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.If) and "__name__" in ast.unparse(last.test):
            (call,) = last.body
            found[name] = ast.unparse(call).partition("(")[0]
    assert len(found) > 30
    others = {name: call for name, call in found.items() if call not in starts}
    # the first hands run_main its words; the other is the trial of a file, and no command
    assert others == {"repro/__main__.py": "main", "repro/data/crash_check.py": "main"}


@pytest.mark.slow
def test_shared_flags_are_defined_once(repository: Path) -> None:
    flags = {"--device", "--threads", "--workers"}
    found = [
        (name, node.args[0].value)
        for name, tree in sources(repository).items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("add_argument")
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value in flags
    ]
    assert sorted(found) == [("repro/command_line.py", flag) for flag in sorted(flags)]
