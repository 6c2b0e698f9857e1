"""The environment of every step of the pipeline, however Snakemake was started.

Where in the flow: the Snakefile calls `run_steps_with` when it is read, in the process that runs
the steps and in every job of a cluster. repro.environment removes what they must not inherit; here
they get this interpreter, this checkout's packages without the other files in it, and a folder for
matplotlib.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from repro.artefacts.recipe import STRICT
from repro.places import PACKAGES
from repro.specs.validation import SpecError

# of the processes that torchrun starts together: a step would think it is one of them
LAUNCHERS = ("LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT", "RANK", "WORLD_SIZE")
SNAKEMAKES = Path(".snakemake")  # its own folder, below its working folder


def refuse_braces(checkout: Path) -> None:
    """Raise SpecError for a path that Snakemake would read as one with wildcards."""
    if {"{", "}"} & set(str(checkout)):
        raise SpecError(
            f"{checkout}: the path of this checkout contains braces, which Snakemake takes for "
            "wildcards; move it, or rename the folder"
        )


def run_steps_with(
    interpreter: str, checkout: Path, *, strict: bool, own_python: bool = False
) -> None:
    """Make every `python -m ...` of a step use this interpreter and this checkout's modules.

    strict: steps make again the results of other package versions. own_python: Snakemake gives the
    steps a Python of conda's and removes PYTHONPATH, so that they use the working folder.
    """
    for name in LAUNCHERS:
        os.environ.pop(name, None)
    bin_folder = str(Path(interpreter).parent)
    os.environ["PATH"] = os.pathsep.join([bin_folder, os.environ.get("PATH", os.defpath)])
    os.environ["PYTHONPATH"] = str(link_packages(checkout))
    if not own_python:
        os.environ["PYTHONSAFEPATH"] = "1"  # no modules of the working folder
    os.environ["MPLCONFIGDIR"] = str(SNAKEMAKES / "matplotlib")
    os.environ[STRICT] = "1" if strict else ""


def link_packages(checkout: Path) -> Path:
    """A folder with links to the checkout's packages only, for PYTHONPATH.

    Other files in a checkout, such as a queue.py or numpy.py of its user, would hide Python's and
    the libraries' own. It is named relative to the working folder, so that the path never contains
    a colon. It is the checkout itself where no links can be made.
    """
    name = hashlib.sha256(os.fsencode(checkout)).hexdigest()[:12]
    folder = SNAKEMAKES / "packages" / name
    for package in PACKAGES:
        link, target = folder / package, checkout / package
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target, target_is_directory=True)
        if not link.is_dir() or not link.samefile(target):
            return checkout
    return folder
