"""The warm Python does what the real one does: folder, environment, streams, endings, modules."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from warm_python import LIBRARIES

pytestmark = pytest.mark.slow

PROBE = """\
import json, os, sys
from pathlib import Path
import beside
print(json.dumps({
    "words": sys.argv[1:], "name": __name__, "file": __file__, "folder": str(Path.cwd()),
    "environment": dict(os.environ), "beside": beside.__file__, "input": sys.stdin.read(),
}))
print("to the other stream", file=sys.stderr)
sys.exit(int(os.environ["STATUS"]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "probe.py").write_text(PROBE)
    (tmp_path / "beside.py").touch()
    return tmp_path


def told(python: Path, folder: Path, *words: str, **more: str) -> tuple[int, str, str]:
    environment = {"PATH": os.environ["PATH"], "STATUS": "0", "PYTHONDONTWRITEBYTECODE": "1"} | more
    done = subprocess.run(
        [python, *words], cwd=folder, env=environment, input="words", text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("status", ["0", "3"])
def test_a_module_sees_what_the_real_python_shows_it(warm: Path, folder: Path, status: str) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    given = {"STATUS": status, "PYTHONPATH": str(folder), "LC_ALL": "C.UTF-8"}
    found, expected = (
        told(Path(python), elsewhere, "-m", "probe", "a b", "--flag", **given)
        for python in (warm, sys.executable)
    )
    assert found == expected
    assert found[0] == int(status)
    assert json.loads(found[1])["environment"]["STATUS"] == status


@pytest.mark.parametrize("of_the_caller", [signal.SIG_IGN, signal.SIG_DFL])
def test_interrupts_are_ignored_where_the_caller_ignores_them(
    warm: Path, tmp_path: Path, of_the_caller: signal.Handlers
) -> None:
    """A suite in the background of a shell passes on to its server that they are ignored."""
    (tmp_path / "asked.py").write_text("import signal; print(signal.getsignal(signal.SIGINT))")
    found, expected = (
        subprocess.run(
            [python, "-m", "asked"], cwd=tmp_path, text=True, capture_output=True, check=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, of_the_caller),
        ).stdout.split(" at ")[0]
        for python in (warm, sys.executable)
    )  # fmt: skip
    assert found == expected


def test_the_folder_comes_before_the_path(warm: Path, folder: Path) -> None:
    nearer = folder / "nearer"
    nearer.mkdir()
    (nearer / "beside.py").touch()
    _, out, _ = told(warm, nearer, "-m", "probe", PYTHONPATH=str(folder))
    assert json.loads(out)["beside"] == str(nearer / "beside.py")


def test_an_error_leaves_its_traceback_and_status_one(warm: Path, folder: Path) -> None:
    status, _, said = told(warm, folder, "-m", "probe", STATUS="no number")
    assert status == 1
    assert said.rstrip().endswith("invalid literal for int() with base 10: 'no number'")
    assert told(warm, folder, "-m", "no_such_module")[0] == 1


def test_words_but_a_module_go_to_the_real_python(warm: Path, folder: Path) -> None:
    status, out, _ = told(warm, folder, "-c", "import sys; print(sys.executable)")
    assert (status, out) == (0, f"{sys.executable}\n")


@pytest.mark.parametrize("flags", [(), ("-u",)])
def test_the_libraries_are_there_and_the_project_is_not(
    warm: Path, folder: Path, flags: tuple[str, ...]
) -> None:
    (folder / "loaded.py").write_text("import sys\nprint(*sys.modules)\n")
    _, out, _ = told(warm, folder, *flags, "-m", "loaded")
    loaded = set(out.split())
    assert set(LIBRARIES) <= loaded
    assert not {"repro", "data_prep", "experiments"} & loaded


def test_a_signal_reaches_the_module(warm: Path, folder: Path) -> None:
    (folder / "waits.py").write_text("import time\nprint('here', flush=True)\ntime.sleep(60)\n")
    with subprocess.Popen([warm, "-m", "waits"], cwd=folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 128 + signal.SIGTERM
    assert time.monotonic() - start < 10


def test_killed_it_takes_the_module_with_it(warm: Path, folder: Path) -> None:
    (folder / "waits.py").write_text(
        "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([warm, "-m", "waits"], cwd=folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        module = int(process.stdout.readline())
        process.kill()
        assert process.wait() == -signal.SIGKILL
    end = time.monotonic() + 10
    while Path(f"/proc/{module}").exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not Path(f"/proc/{module}").exists()


def test_random_numbers_are_not_the_same_in_two_processes(warm: Path, folder: Path) -> None:
    program = "import random, numpy\nprint(random.random(), numpy.random.rand())\n"
    (folder / "draws.py").write_text(program)
    assert told(warm, folder, "-m", "draws") != told(warm, folder, "-m", "draws")
