"""Freed memory is kept by a process that asks for it: its pages are not made anew."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, numpy
from repro.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
numpy.ones(2**21)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    numpy.ones(2**23)  # 64 MiB: beyond what glibc keeps by itself
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_pages_are_made_once() -> None:
    def faults(word: str) -> int:
        words = [sys.executable, "-c", PROGRAM, word]
        return int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)

    assert faults("keep") < faults("leave") / 4
