"""What no command inherits from whoever starts it: modules, settings and places of their own.

Where in the flow: the Snakefile and the front door (repro.__main__) begin with it, and every step
gets what it leaves (repro.runs.step_environment adds what a step must have). So a notebook's
MPLBACKEND, a queue.py in the working folder, a PYTHONPATH, a locale that is not UTF-8 or a home
that cannot be written neither stop a step nor change its bytes. What decides which device, threads
and instructions do the work (CUDA_*, OMP_*, MKL_*, ...) is left as it is; a matplotlibrc is passed
over by repro.figures.drawing. Nothing here imports more than the standard library. Nothing to run
alone.
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
# of all that begins with PYTHON: what changes no results, and whether packages below the home
# count, among which this process may have found its own
KEPT = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONFAULTHANDLER",
    "PYTHONHASHSEED",
    "PYTHONNOUSERSITE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONUNBUFFERED",
)
LEFT_OUT = {
    # code that bash runs before a step's command
    *("BASH_ENV", "BASHOPTS", "ENV", "SHELLOPTS"),
    # another repository than the one whose commit is recorded
    *("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"),
    # other rules for arrays
    "SCIPY_ARRAY_API",
}
# functions that the shell exports; which pictures OpenCV reads; how often progress is told
LEFT_OUT_PREFIXES = ("BASH_FUNC_", "OPENCV_", "PYTHON", "TQDM_")


def fixed(given: Mapping[str, str]) -> dict[str, str]:
    """The environment `given` without what a command must not inherit, and with what it must have.

    PYTHONPATH is among what is left out. A folder for temporary files that cannot be written is
    left out as well, since not all programs look for another one.
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

    own: the folder in which the packages of this repository lie, among files of whoever uses them:
    it goes behind Python's own and the libraries' modules, as does PYTHONPATH. started_in: the
    folder that the command line was written for. The process begins anew where its Python takes
    file names for anything but UTF-8, which cannot be changed later.
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
    """Move folders to the end of where modules are searched, behind Python's and the libraries'.

    The packages of this repository stay those that were found first.
    """
    for package in PACKAGES:
        with suppress(ModuleNotFoundError):
            importlib.import_module(package)
    last = {os.path.abspath(folder) for folder in folders if folder}
    sys.path.sort(key=lambda folder: os.path.abspath(folder) in last)
