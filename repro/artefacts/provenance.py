"""The record of what made an artefact, `provenance.json`, and whether its files have changed since.

Every step of the pipeline writes its folder through repro.artefacts.step_folder, which adds that
record: the command, the spec and its hash, the commit, the sha256 of every input and output, seed,
versions, device, threads, seconds and peak memory. A step that reads another step's folder first
compares its files with the record, and refuses a file that has changed since (a failing disk, an
edit by hand).

`python -m repro provenance FILE` explains the artefact FILE (or folder).
"""

import hashlib
import json
import platform
import resource
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from repro.artefacts.raw_files import RawFiles, digest
from repro.command_line import new_parser
from repro.errors import ExpectedError
from repro.places import ROOT

SIDECAR = "provenance.json"
SNAKEMAKES_OWN = ".snakemake_timestamp"  # in every folder that Snakemake waits for
REPLACED = ".replaced-"  # in the name of a folder that another one has replaced
MOST_BYTES = 2**28  # size limit of a file that is identified by its bytes
EXPLAINED = (  # entries of a record that `explain` prints
    "command", "commit", "dirty", "seed", "device", "threads", "seconds", "peak_memory_mb",
    "finished", "inputs", "versions",
)  # fmt: skip
NOT_CONTENT = (SIDECAR, SNAKEMAKES_OWN)
DECODERS = ("pillow", "simplejpeg", "opencv-python-headless")
DECIDING = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", *DECODERS)
PACKAGES = (*DECIDING, "snakemake")

Input = Path | RawFiles  # what a step reads


class ChangedFileError(ExpectedError, OSError):
    """A file of a step's folder is not what the step wrote; the message names it and what to do."""


def sha256_of_file(path: Path) -> str:
    """Hexadecimal sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of_json(value: Any) -> str:
    """Hexadecimal sha256 of a JSON value in canonical form (sorted keys, no white space)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def content_hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file below `folder` by relative path, except the sidecar itself."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in NOT_CONTENT)
    return {p.relative_to(folder).as_posix(): sha256_of_file(p) for p in files}


def path_of(given: Input) -> Path:
    """Path of an input."""
    return given.folder if isinstance(given, RawFiles) else given


def sha256_of_input(given: Input) -> str:
    """Hash of an input: of a file's bytes, or of the outputs that a step's folder recorded.

    For anything else, and for a very large file, the hash is of names, sizes and times.
    """
    path = path_of(given)
    if path.is_file() and path.stat().st_size <= MOST_BYTES:
        return sha256_of_file(path)
    sidecar = path / SIDECAR
    if sidecar.is_file():
        return sha256_of_json(recorded(sidecar))
    return digest(path, given.reads) if isinstance(given, RawFiles) else digest(path)


def read_record(folder: Path) -> dict[str, Any]:
    """Read the record that a step left next to its results.

    Raises FileNotFoundError where there is no record, ChangedFileError where it is damaged.
    """
    sidecar = folder / SIDECAR
    recorded(sidecar)
    record: dict[str, Any] = json.loads(sidecar.read_text(encoding="utf-8"))
    return record


def recorded(sidecar: Path) -> dict[str, str]:
    """sha256 of every file that a step wrote, by name. Raises the same errors as read_record."""
    try:
        outputs = json.loads(sidecar.read_text(encoding="utf-8"))["outputs"]
        found = {str(name): str(sha256) for name, sha256 in outputs.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ChangedFileError(
            f"{sidecar} is damaged ({error!r}); {how_to_remake(sidecar)}"
        ) from None
    if not found:
        raise ChangedFileError(
            f"{sidecar} names no file that was written; {how_to_remake(sidecar)}"
        )
    return found


def how_to_remake(path: Path) -> str:
    """What to do about a damaged file of a step's folder."""
    return (
        f"delete the folder {path.parent} and run snakemake again "
        "(an experiment that runs only on request is made again under its own name)"
    )


def step_folders(run: Path) -> list[Path]:
    """The folders below a run's that hold a record, except those of replaced trainings."""
    found = [*run.glob(f"*/*/{SIDECAR}"), *run.glob(f"*/*/*/{SIDECAR}")]
    return sorted(path.parent for path in found if REPLACED not in path.parent.name)


@cache
def commit_and_dirty() -> tuple[str, bool]:
    """Commit of the working tree and whether it has changes; ("unknown", True) without git."""
    if not (ROOT / ".git").exists():  # installed: a repository around site-packages is not ours
        return "unknown", True
    try:
        commit = git(ROOT, "rev-parse", "HEAD").decode().strip()
        return commit, bool(git(ROOT, "status", "--porcelain").strip())
    except (OSError, subprocess.CalledProcessError):
        return "unknown", True


def git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git prints when it is run in `folder`; given: its standard input.

    Raises OSError where there is no git, CalledProcessError where it fails.
    """
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, input=given).stdout


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that affect the numbers."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def device_name() -> str:
    """The GPU's name where this process has used one, else the processor's."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return str(torch.cuda.get_device_name())
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line for line in lines if line.startswith("model name"))
        return model.partition(":")[2].strip()
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def peak_memory_mb() -> int:
    """Largest resident set of this process so far, in MiB.

    It is read from /proc where possible, because getrusage includes the parent process.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def explain(path: Path) -> str:
    """Text that explains how the artefact at `path` (a file or a step's folder) was made."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    folder = path if path.is_dir() else path.parent
    for candidate in (folder, *folder.parents):
        if (candidate / SIDECAR).is_file():
            return _explanation(path, candidate)
    raise FileNotFoundError(f"no {SIDECAR} next to or above {path}: not an artefact of a run")


def _explanation(path: Path, folder: Path) -> str:
    sidecar = folder / SIDECAR
    outputs = recorded(sidecar)
    record = json.loads(sidecar.read_text(encoding="utf-8"))
    if missing := [key for key in EXPLAINED if key not in record]:
        raise ChangedFileError(f"{sidecar} lacks {', '.join(missing)}; {how_to_remake(sidecar)}")
    lines = [f"{path}", f"  made by        {' '.join(record['command'])}"]
    if path.is_file() and path.name != SIDECAR:
        name = path.relative_to(folder).as_posix()
        stated = outputs.get(name)
        lines.append(
            "  content        as recorded"
            if stated == sha256_of_file(path)
            else "  content        CHANGED since it was made"
        )
    state = "with uncommitted changes" if record["dirty"] else "clean"
    lines.append(f"  commit         {record['commit']} ({state})")
    for key in ("seed", "device", "threads", "seconds", "peak_memory_mb", "finished"):
        lines.append(f"  {key:<15}{record[key]}")
    lines += [f"  input          {name}: {i['path']}" for name, i in record["inputs"].items()]
    lines += [f"  version        {name} {version}" for name, version in record["versions"].items()]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> None:
    parser = new_parser(
        "provenance",
        "Explain what made a file of a run, and whether it has changed since: the command,\n"
        "commit, seed, machine, inputs and versions that its step recorded.",
    )
    parser.add_argument("file", type=Path, help="a figure, table, model or folder of a run")
    print(explain(parser.parse_args(argv).file))
