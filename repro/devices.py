"""The processor or GPU that a step computes on, by the name a user gives it.

Where in the flow: training, the experiments that compute much, and the benches. Of several GPUs a
process takes one that no other process of this repository holds, so that steps side by side are
spread over them.
"""

import ctypes
import fcntl
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import IO

import torch

from repro.specs.validation import SpecError

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
LARGE = 2**30  # bytes: larger blocks are given back all the same


def chosen_device(name: str, *, own: bool = True) -> torch.device:
    """auto (a GPU if there is one), cpu or cuda. Raises SpecError for cuda where there is none.

    own: of several GPUs make a free one this process's current device.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise SpecError("device cuda: PyTorch finds no GPU here; use device cpu or auto")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if own and torch.cuda.device_count() > 1:
        torch.cuda.set_device(_own_gpu()[0])
    return torch.device("cuda")


@cache
def _own_gpu() -> tuple[int, IO[bytes] | None]:
    """Number of a GPU that no other process has locked, and its lock, held until this one ends.

    GPU 0 without a lock where all are taken: steps then share it, as on a machine with one.
    """
    visible = "".join(c if c.isalnum() else "-" for c in os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    for index in range(torch.cuda.device_count()):
        path = Path(tempfile.gettempdir(), f"dcgan-{os.getuid()}-gpu{visible}-{index}.lock")
        stream = path.open("ab")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return index, stream
        except OSError:  # another process has it, or the file system has no locks
            stream.close()
    return 0, None


def device_words(device: torch.device) -> str:
    """The GPU's own name, or cpu: for the record of a bench."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def wait_for(device: torch.device) -> None:
    """Until a GPU has done all it was given; before a clock is read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def keep_freed_memory() -> bool:
    """Tell glibc to keep freed blocks below 1 GiB; False, and nothing done, on other systems.

    A step on the CPU allocates the same tens of megabytes for each map again and again. glibc gives
    blocks of that size back at once, so every step would have its pages made anew and zeroed: 3 %
    of a float32 step and 8 % of a bfloat16 one, measured on two cores. Call it before anything is
    allocated.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGE)) and bool(mallopt(TRIM_THRESHOLD, LARGE))
