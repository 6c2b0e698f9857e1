"""Fix the environment of every command: what it must not inherit from the process that starts it.

Where in the flow: the Snakefile and the front door (repro.__main__) begin with it, and every step
gets the result (repro.runs.step_environment adds what a step needs). So a notebook's MPLBACKEND, a
queue.py in the working folder, a PYTHONPATH, a locale that is not UTF-8 or a home that is not
writable neither stop a step nor change its bytes. Variables that choose device, threads and
instructions (CUDA_*, OMP_*, MKL_*, ...) are kept; repro.figures.drawing ignores a matplotlibrc.
This module imports only the standard library.
"""

import importlib
import io
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress

from repro.places import PACKAGES

FIXED = {
    "MPLBACKEND": "agg",
    "PIP_USER": "0",
    "PYTHONUTF8": "1",
}
# of all variables beginning with PYTHON: those that change no results, and whether packages below
# the home count, among which this process may have found its own. Not PYTHONDONTWRITEBYTECODE,
# which images for containers set: each of the pipeline's processes would compile all modules again.
KEPT = (
    "PYTHONFAULTHANDLER",
    "PYTHONHASHSEED",
    "PYTHONNOUSERSITE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONUNBUFFERED",
)
LEFT_OUT = {
    # code that bash runs before a step's command
    *("BASH_ENV", "BASHOPTS", "ENV", "SHELLOPTS"),
    # a repository other than the one whose commit is recorded
    *("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"),
    # other rules for arrays
    "SCIPY_ARRAY_API",
}
# functions that the shell exports; which pictures OpenCV reads; how often progress is reported
LEFT_OUT_PREFIXES = ("BASH_FUNC_", "OPENCV_", "PYTHON", "TQDM_")


def fixed(given: Mapping[str, str]) -> dict[str, str]:
    """The environment `given` without what a command must not inherit, and with what it needs.

    PYTHONPATH is removed. A folder for temporary files that is not writable is removed as well,
    since not all programs look for another one.
    """
    kept = {
        name: value
        for name, value in given.items()
        if name in KEPT or (name not in LEFT_OUT and not name.startswith(LEFT_OUT_PREFIXES))
    }
    for name in ("TMPDIR", "TEMP", "TMP"):
        if name in kept and not os.access(kept[name], os.W_OK | os.X_OK):
            del kept[name]
    return kept | FIXED


def fix_this_process(own: str, *, started_in: str) -> None:
    """Give this process, and those it starts, the fixed environment, and its modules an order.

    own: the folder of this repository's packages, which may contain files of its user: it is
    searched after Python's own and the libraries' modules, like PYTHONPATH. started_in: the folder
    for which the command line was written. The process starts again where its Python does not take
    file names for UTF-8, which cannot be changed later.
    """
    if sys.getfilesystemencoding() != "utf-8":
        again = [sys.executable, *sys.orig_argv[1:]]
        os.chdir(started_in)
        os.execve(sys.executable, again, os.environ | {"PYTHONUTF8": "1"})
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    search_last([own, *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    environment = fixed(os.environ)
    os.environ.clear()
    os.environ.update(environment)


def search_last(folders: Iterable[str]) -> None:
    """Move folders to the end of the module search path, after Python's and the libraries'.

    The packages of this repository remain those that were found first.
    """
    for package in PACKAGES:
        with suppress(ModuleNotFoundError):
            importlib.import_module(package)
    last = {os.path.abspath(folder) for folder in folders if folder}
    sys.path.sort(key=lambda folder: os.path.abspath(folder) in last)
