"""Which device a step takes: by name, and of several GPUs one that no other process holds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from repro.devices import _own_gpu, chosen_device
from repro.specs.validation import SpecError

TAKE = """
import sys, torch
torch.cuda.is_available = lambda: True
torch.cuda.device_count = lambda: 2
torch.cuda.set_device = lambda index: print(index, flush=True)
from repro.devices import chosen_device
assert chosen_device("auto").type == "cuda"
chosen_device("cuda")
sys.stdin.read()
"""


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Locks are in a folder of this test."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    _own_gpu.cache_clear()
    return tmp_path


def take() -> subprocess.Popen[str]:
    """A process that takes a GPU, of two, and holds it until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", TAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def taken(process: subprocess.Popen[str]) -> tuple[str, str]:
    assert process.stdout is not None
    return process.stdout.readline().strip(), process.stdout.readline().strip()


@pytest.mark.slow
def test_processes_side_by_side_take_different_gpus_and_a_killed_one_frees_its_own(
    machine: Path,
) -> None:
    first = take()
    assert taken(first) == ("0", "0")  # requested twice, the same one
    second, third = take(), None
    try:
        assert taken(second) == ("1", "1")
        first.kill()
        first.wait()
        third = take()
        assert taken(third) == ("0", "0")
    finally:
        for process in (first, second, third):
            if process is not None:
                process.kill()
                process.communicate()


@pytest.mark.slow
def test_where_all_are_taken_the_first_is_shared(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holders = [take(), take()]
    try:
        assert sorted(taken(one)[0] for one in holders) == ["0", "1"]
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
        assert _own_gpu() == (0, None)
    finally:
        for process in holders:
            process.kill()
            process.communicate()
        _own_gpu.cache_clear()


@pytest.mark.skipif(torch.cuda.is_available(), reason="for machines without a GPU")
def test_names_on_a_machine_without_a_gpu() -> None:
    assert chosen_device("auto") == chosen_device("cpu") == torch.device("cpu")
    with pytest.raises(SpecError, match="finds no GPU here"):
        chosen_device("cuda")


PROGRAM = """
import resource, sys, numpy
from repro.devices import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
numpy.ones(2**21)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    numpy.ones(2**23)  # 64 MiB: beyond what glibc keeps by itself
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_pages_are_made_once() -> None:
    def faults(word: str) -> int:
        words = [sys.executable, "-c", PROGRAM, word]
        small_pages = {**os.environ, "NUMPY_MADVISE_HUGEPAGE": "0"}  # a count of equal pages
        done = subprocess.run(words, check=True, capture_output=True, text=True, env=small_pages)
        return int(done.stdout)

    assert faults("keep") < faults("leave") / 4
