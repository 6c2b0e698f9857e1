"""Which device a step takes: by name, and of several GPUs one that no other process holds."""

import contextlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.forkserver import ensure_running
from pathlib import Path

import pytest
import torch

from repro.devices import _own_gpu, chosen_device, describe_device, use
from repro.specs.validation import SpecError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Locks are in a folder of this test."""
    ensure_running()  # first: its socket is in the folder for temporary files, by a short path
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    _own_gpu.cache_clear()
    yield tmp_path
    _own_gpu.cache_clear()


def hold(connection: Connection, locks: str) -> None:
    """Take a GPU, of two, by both names, say which, and hold it until the test ends."""
    tempfile.tempdir = locks
    torch.cuda.is_available = lambda: True
    torch.cuda.device_count = lambda: 2
    torch.cuda.set_device = lambda device: connection.send(device.index)
    taken = chosen_device("auto")
    assert taken.type == "cuda"
    assert taken.index is not None  # other threads are told it
    assert chosen_device("cuda") == taken
    with contextlib.suppress(EOFError):
        connection.recv()


class Holder:
    """A process that holds a GPU."""

    def __init__(self, locks: Path) -> None:
        context = multiprocessing.get_context("forkserver")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=hold, args=(theirs, str(locks)), daemon=True)
        self.process.start()
        theirs.close()

    def taken(self) -> tuple[int, int]:
        return self.connection.recv(), self.connection.recv()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


@pytest.fixture
def hold_one(machine: Path) -> Iterator[Callable[[], Holder]]:
    """Starts a holder, which ends with the test."""
    started: list[Holder] = []

    def start() -> Holder:
        started.append(Holder(machine))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.mark.slow
def test_processes_side_by_side_take_different_gpus_and_a_killed_one_frees_its_own(
    hold_one: Callable[[], Holder],
) -> None:
    first = hold_one()
    assert first.taken() == (0, 0)  # requested twice, the same one
    assert hold_one().taken() == (1, 1)
    first.kill()
    assert hold_one().taken() == (0, 0)


@pytest.mark.slow
def test_where_all_are_taken_the_first_is_shared(
    hold_one: Callable[[], Holder], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sorted(hold_one().taken()[0] for _ in range(2)) == [0, 1]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert _own_gpu() == (0, None)


def test_a_gpu_computes_in_full_float32_and_the_same_bytes_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    used: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "set_device", used.append)
    cudnn = torch.backends.cudnn
    with cudnn.flags(enabled=True, deterministic=False, allow_tf32=True):
        assert chosen_device("auto") == torch.device("cuda", 0)
        assert used == [torch.device("cuda", 0)]
        assert (cudnn.allow_tf32, cudnn.deterministic) == (False, True)


def test_a_device_that_is_not_cuda_is_described_by_its_kind() -> None:
    assert [describe_device(torch.device(kind)) for kind in ("cpu", "mps")] == ["cpu", "mps"]


def test_a_processor_needs_no_such_settings() -> None:
    with torch.backends.cudnn.flags(enabled=True, deterministic=False, allow_tf32=True):
        assert use(torch.device("cpu")) == torch.device("cpu")
        assert not torch.backends.cudnn.deterministic


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
