"""environment.yml, requirements.lock and Makefile follow pyproject.toml, the list of packages."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterable
from pathlib import Path

import pytest
import yaml

# conda-forge's name where it differs from PyPI's
CONDA_NAMES = {
    "torch": "pytorch",
    "opencv-python-headless": "opencv",
    "lmdb": "python-lmdb",
    "matplotlib": "matplotlib-base",
}
IMPORTED_AS = {
    "scikit-learn": "sklearn",
    "pyyaml": "yaml",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
}


# not from conda's channels: environment.yml tells how to add them
EXTRAS_BY_PIP = {"fid", "slurm"}


def named(lines: Iterable[str]) -> dict[str, str]:
    """Package -> its limits, of requirements such as "numpy>=2.0"."""
    pairs = (re.match(r"([A-Za-z0-9_.-]+)(.*)", line) for line in lines)
    return {m.group(1).lower(): m.group(2) for m in pairs if m}


def wanted(repository: Path, *, left_out: Collection[str] = ()) -> dict[str, str]:
    """What the project needs, its tests and tools, and its extras but those left out."""
    settings = tomllib.loads((repository / "pyproject.toml").read_text())
    project = settings["project"]
    lists = [project["dependencies"], settings["dependency-groups"]["dev"]]
    lists += [v for k, v in project["optional-dependencies"].items() if k not in left_out]
    return named(line for lines in lists for line in lines)


def imported(files: Iterable[Path]) -> set[str]:
    """First words of all modules that the files import, on whatever line."""
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found


def test_conda_environment_lists_the_same_packages(repository: Path) -> None:
    listed = yaml.safe_load((repository / "environment.yml").read_text())["dependencies"]
    packages = wanted(repository, left_out=EXTRAS_BY_PIP)
    expected = {CONDA_NAMES.get(n, n) + limits for n, limits in packages.items()}
    # pip adds the project itself
    assert {entry for entry in listed if not entry.startswith("python>")} == expected | {"pip"}


def test_conda_environment_tells_the_limits_of_the_other_extras(repository: Path) -> None:
    text = (repository / "environment.yml").read_text()
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    for extra in EXTRAS_BY_PIP:
        for requirement in project["optional-dependencies"][extra]:
            assert requirement in text


@pytest.mark.slow
def test_every_package_needed_is_imported(repository: Path) -> None:
    """By modules, or by tests: torchvision and seaborn are what some of ours is compared with."""
    folders = ("repro", "data_prep", "experiments", "tests")
    modules = imported(p for folder in folders for p in (repository / folder).rglob("*.py"))
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    unused = {n for n in named(project["dependencies"]) if IMPORTED_AS.get(n, n) not in modules}
    assert unused == set()


@pytest.mark.slow
def test_no_module_of_the_library_imports_a_package_of_the_tests_or_snakemake(
    repository: Path,
) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text())
    tools = {n.replace("-", "_") for n in named(settings["dependency-groups"]["dev"])}
    folders = ("repro", "data_prep", "experiments")
    modules = imported(p for folder in folders for p in (repository / folder).rglob("*.py"))
    assert "torch" in modules  # the files were found
    assert modules & (tools | {"snakemake"}) == set()


def test_python_range_is_the_same(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    listed = yaml.safe_load((repository / "environment.yml").read_text())["dependencies"]
    assert "python" + project["requires-python"] in listed


def test_lock_pins_every_package_with_hashes_and_no_address(repository: Path) -> None:
    text = (repository / "requirements.lock").read_text()
    assert "://" not in text
    blocks = re.split(r"\n(?=\S)", text.strip())
    pinned = set()
    for block in blocks:
        name = re.match(r"([A-Za-z0-9_.-]+)==", block)
        assert name is not None, block[:80]
        assert "--hash=sha256:" in block
        pinned.add(name.group(1).lower())
    assert set(wanted(repository)) <= pinned


def test_the_makefile_takes_the_same_pythons(repository: Path, tmp_path: Path) -> None:
    """Stand-ins for interpreters: the lowest and the highest version are taken, others refused."""
    shutil.copy(repository / "Makefile", tmp_path)
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    for version, fits in {"3.10": False, "3.11": True, "3.13": True, "3.14": False}.items():
        stand_in = tmp_path / f"python{version}"
        pair = tuple(map(int, version.split(".")))
        stand_in.write_text(
            "#!/bin/sh\n"
            f'case "$1" in --version) echo "Python {version}.0";;\n'
            f'-c) {sys.executable} -c "import sys; sys.version_info = {(*pair, 0)}; $2";;\n'
            "*) exit 9;; esac\n"
        )
        stand_in.chmod(0o755)
        done = subprocess.run(
            ["make", "all", f"PYTHON={stand_in}"],
            cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode != 0  # at the latest where the stand-in should make .venv
        refusal = f"error: {stand_in} is Python {version}.0; the packages need Python 3.11, 3.12"
        assert (refusal in done.stderr) is not fits, done.stderr
        assert ("PYTHON=python3.13 make all" in done.stderr) is not fits
