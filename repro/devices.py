"""The processor or GPU on which a step computes, by the name that a user gives.

Where in the flow: training, the experiments that compute much, and the benches. Of several GPUs a
process takes one that no other process of this repository holds, so that parallel steps are spread
over them.
"""

import ctypes
import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import IO, Literal

import torch
from torch import Tensor

from repro.command_line import DEVICES
from repro.specs.validation import SpecError, nearest

Precision = Literal["float32", "bfloat16"]
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # x86-64, x86-64, Arm (Linux's names)
# Values of ONEDNN_MAX_CPU_ISA under which oneDNN does not use these instructions.
WITHOUT_AVX512 = {"SSE41", "AVX", "AVX2", "AVX2_VNNI"}
WITHOUT_BFLOAT16 = WITHOUT_AVX512 | {"AVX512_CORE", "AVX512_CORE_VNNI"}

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
LARGE = 2**30  # bytes: larger blocks are returned nevertheless


def chosen_device(name: str, *, own: bool = True) -> torch.device:
    """auto (a CUDA GPU if there is one), cpu, cuda or mps (Apple's GPU; untried).

    own: of several GPUs take a free one and `use` it; otherwise the GPU has no number, and the
    caller chooses it. Raises SpecError for a GPU that PyTorch does not find here, and for any other
    name.
    """
    if name not in DEVICES:
        raise SpecError(f"device: found {name!r}; {nearest(str(name), DEVICES)}")
    if name == "cuda" and not torch.cuda.is_available():
        raise SpecError("device cuda: PyTorch finds no GPU here; use device cpu or auto")
    if name == "mps":
        if not torch.backends.mps.is_available():
            raise SpecError("device mps: PyTorch finds no Apple GPU here; use device cpu or auto")
        return torch.device("mps")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if not own:
        return torch.device("cuda")
    return use(torch.device("cuda", _own_gpu()[0] if torch.cuda.device_count() > 1 else 0))


def use(device: torch.device) -> torch.device:
    """Make a GPU the current one of this thread, for exact and repeatable work; returns it.

    Every thread starts on the first GPU. Convolutions get float32 in full, where PyTorch would
    round their factors to TF32's 10 bits, and the same bytes from the same seed.
    """
    if device.type == "cuda":
        if device.index is not None:
            torch.cuda.set_device(device)
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
    return device


def moved(x: Tensor, device: torch.device) -> Tensor:
    """x on the device; the processor does not wait until a GPU has it."""
    if device.type == "cuda":
        return x.pin_memory().to(device, non_blocking=True)
    return x.to(device)


def resolve_precision(requested: str, device: torch.device) -> Precision:
    """The arithmetic of convolutions on `device`; requested: float32, bfloat16 or auto.

    auto is bfloat16 where the device has instructions for it and float32 elsewhere, where PyTorch
    would emulate it at less than half of float32's speed. The choice depends on the device's
    abilities and never on timing, so that a machine always makes the same one.
    """
    if requested == "auto":
        return "bfloat16" if _has_bfloat16(device) else "float32"
    return "bfloat16" if requested == "bfloat16" else "float32"


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu":
        return False  # mps: no measurement shows that it pays
    return _may_use(BFLOAT16_FLAGS, without=WITHOUT_BFLOAT16)


def _may_use(instructions: set[str], *, without: set[str]) -> bool:
    """Whether the processor has any of them, and ONEDNN_MAX_CPU_ISA is none of `without`."""
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    return limit not in without and bool(instructions & _cpu_flags())


def _cpu_flags() -> set[str]:
    """The processor's abilities, by Linux's names; on other systems only bf16 is known."""
    if sys.platform == "darwin":
        asked = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "hw.optional.arm.FEAT_BF16"], capture_output=True, text=True
        )
        return {"bf16"} if asked.stdout.strip() == "1" else set()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    words = (line.partition(":")[2] for line in lines if line.startswith(("flags", "Features")))
    return set(next(words, "").split())


@cache
def is_intel() -> bool:
    """Whether the processor is Intel's, for which MKL's matrix products are written."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return "GenuineIntel" in text


@cache
def has_avx512() -> bool:
    """Whether oneDNN may use the 512-bit vectors of an x86-64 processor."""
    return _may_use({"avx512f"}, without=WITHOUT_AVX512)


@cache
def _own_gpu() -> tuple[int, IO[bytes] | None]:
    """Number of a GPU that no other process has locked, and its lock, held until this one ends.

    GPU 0 without a lock where all are locked: steps then share it, as on a machine with one GPU.
    """
    visible = "".join(c if c.isalnum() else "-" for c in os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    for index in range(torch.cuda.device_count()):
        path = Path(tempfile.gettempdir(), f"dcgan-{os.getuid()}-gpu{visible}-{index}.lock")
        stream = path.open("ab")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return index, stream
        except OSError:  # another process holds it, or the file system has no locks
            stream.close()
    return 0, None


def describe_device(device: torch.device) -> str:
    """A CUDA GPU's own name, else cpu or mps: for the record of a bench."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def wait_for(device: torch.device) -> None:
    """Wait until a GPU has finished all its work; call it before reading a clock."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


class Clock:
    """Seconds of a device: wall-clock time of a GPU, processor time over the threads of a CPU.

    A CPU's seconds thus equal wall-clock time on an otherwise idle machine.
    """

    def __init__(self, device: torch.device, threads: int) -> None:
        self.device, self.threads = device, threads

    def seconds(self, work: Callable[[], object]) -> float:
        """Seconds of one call of `work`."""
        wait_for(self.device)
        wall, processor = time.perf_counter(), time.process_time()
        work()
        wait_for(self.device)
        if self.device.type != "cpu":
            return time.perf_counter() - wall
        return (time.process_time() - processor) / self.threads


def keep_freed_memory() -> bool:
    """Tell glibc to keep freed blocks below 1 GiB; returns False on other systems.

    A step on the CPU allocates the same tens of megabytes for each map again and again. glibc
    returns blocks of that size at once, so every step would have its pages created and zeroed anew:
    3 % of a float32 step and 8 % of a bfloat16 one, measured on two cores. Call it before anything
    is allocated.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGE)) and bool(mallopt(TRIM_THRESHOLD, LARGE))
