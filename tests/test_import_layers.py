"""One direction: the contracts of pyproject.toml hold, and planted imports break them."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("repro", "data_prep", "experiments")
STATIONS = "the library knows neither sources nor experiments, and sources no experiments"
LIBRARY = "the library imports downwards"
CIRCLES = "no circles, at any depth"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("lint-imports")
    words = [str(command), "--no-cache", "--no-logo"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def copied(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The modules and the contracts, without anything else."""
    folder = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(
            repository / package,
            folder / package,
            ignore=lambda place, names: [
                n for n in names if (Path(place) / n).is_file() and not n.endswith(".py")
            ],
        )
    shutil.copy(repository / "pyproject.toml", folder)
    return folder


@pytest.mark.slow
def test_the_contracts_hold(repository: Path) -> None:
    found = lint(repository)
    assert found.returncode == 0, found.stdout
    assert "Contracts: 3 kept, 0 broken." in found.stdout
    modules = [path for name in PACKAGES for path in (repository / name).rglob("*.py")]
    assert f"Analyzed {len(modules)} files" in found.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "planted", "broken"),
    [
        ("repro/data/store.py", "from repro.networks.dcgan import Generator", LIBRARY),
        ("repro/quality/fid.py", "from repro.internals import latent", LIBRARY),
        ("repro/specs/network.py", "def late():\n    import repro.runs.load", LIBRARY),
        ("repro/stray.py", "", LIBRARY),
        ("repro/report/build.py", "from experiments.contract import Inputs", STATIONS),
        ("data_prep/lsun.py", "import experiments.contract", STATIONS),
        ("repro/runs/run.py", "import repro.runs.load", CIRCLES),
    ],
)
def test_a_planted_import_is_found(copied: Path, file: str, planted: str, broken: str) -> None:
    path = copied / file
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{planted}\n")
    try:
        found = lint(copied)
    finally:
        path.unlink()
        if before is not None:
            path.write_text(before)
    assert found.returncode == 1, found.stdout
    assert f"{broken} BROKEN" in found.stdout


def test_packages_of_the_library_hold_words_alone(repository: Path) -> None:
    """A statement in an `__init__.py` would be code of every step that imports from the package."""
    packages = sorted(repository.glob("repro/**/__init__.py"))
    assert len(packages) > 15
    for path in packages:
        (only,) = ast.parse(path.read_text(encoding="utf-8")).body
        assert isinstance(only, ast.Expr), path
        assert isinstance(only.value, ast.Constant), path
