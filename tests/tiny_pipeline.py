"""The pipeline on config/tiny.yaml as the tests run it: a copy of the sources, and Snakemake on it.

One finished run is shared by all tests that look at a run, whatever process of pytest-xdist they
are in: `finished_run`, the fixture of conftest.py.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import yaml
from released_folder import write_pair
from warm_python import warm_python

DETERMINISTIC = {".json", ".csv", ".png", ".webp", ".npy", ".npz", ".safetensors", ".mdb"}
OF_THE_PLACE = {"provenance.json", "report.json", "claims.csv"}  # they name times and paths
CODE = (
    "repro", "data_prep", "experiments", "config", "profiles", "rules", "Snakefile",
    "environment.yml",
)  # fmt: skip


def snakemake(
    python: str | Path,
    checkout: Path,
    folder: Path,
    *words: str,
    run: str = "tiny",
    check: bool = True,
) -> str:
    """Run Snakemake of a checkout in a folder, as `snakemake WORDS ...` there; its output.

    python: sys.executable, or the warm one (warm_python.py), which is then the steps' Python too.
    """
    command = [
        *(python, "-m", "snakemake", *words, "--snakefile", checkout / "Snakefile"),
        *(
            "--workflow-profile",
            "none",
            "--directory",
            folder,
            "--cores",
            "2",
            "--show-failed-logs",
        ),
        *("--configfile", checkout / f"config/{run}.yaml"),
        *("--rerun-triggers", "mtime", "params"),  # as both profiles have it
    ]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)),
        cwd=checkout,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert not check or done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def planned(python: str | Path, checkout: Path, folder: Path, *words: str) -> set[str]:
    """Rules of a dry run."""
    text = snakemake(python, checkout, folder, *words, "--dry-run", "--quiet", "host")
    return {line.split()[1].rstrip(":") for line in text.splitlines() if line.startswith("rule ")}


def cards_of(checkout: Path) -> dict[str, dict]:
    """Name -> experiment.yaml of every experiment, in order; the template is none."""
    files = sorted((checkout / "experiments").glob("[!_]*/experiment.yaml"))
    return {path.parent.name: yaml.safe_load(path.read_text()) for path in files}


def copy_sources(repository: Path, checkout: Path) -> None:
    """What a run reads of a repository, which an edit during the tests then does not reach."""
    for name in CODE:
        source, copy = repository / name, checkout / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy)


def write_weights(run: Path) -> None:
    """Made-up weights in the authors' layout, where config/tiny.yaml looks for them."""
    write_pair(run / "authors_weights/svhn", "svhn", widths=(4, 6, 8))
    layers = (4, 4, 6, 6, 8, 8)
    write_pair(run / "authors_weights/imagenet", "imagenet", widths=layers, missing_d=(14,))


def finished_run(repository: Path, base: Path) -> Path:
    """`base` with a copy of the sources, `checkout`, and a finished run of them, `run`.

    Whoever comes first makes it, and the others wait. Its warm Python is its own: one that made
    the run that is compared with this one too would give both the same order of sets.
    """
    base.mkdir(parents=True, exist_ok=True)
    with (base / "lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        if not (base / "finished").exists():
            copy_sources(repository, base / "checkout")
            write_weights(base / "run")
            (base / "warm").mkdir()
            with warm_python(base / "warm") as python:
                said = snakemake(python, base / "checkout", base / "run", "all", "ablations")
            (base / "said.txt").write_text(said)
            shutil.rmtree(base / "warm")
            (base / "finished").touch()
    return base
