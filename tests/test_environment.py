"""environment.yml and requirements.lock follow pyproject.toml, the one list of packages."""

import re
import tomllib
from pathlib import Path

import yaml

# conda-forge's name where it differs from PyPI's
CONDA_NAMES = {
    "torch": "pytorch",
    "opencv-python-headless": "opencv",
    "lmdb": "python-lmdb",
    "matplotlib": "matplotlib-base",
}


def wanted(repository: Path) -> dict[str, str]:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    pairs = (re.match(r"([A-Za-z0-9_.-]+)(.*)", line) for line in project["dependencies"])
    return {m.group(1).lower(): m.group(2) for m in pairs if m}


def test_conda_environment_lists_the_same_packages(repository: Path) -> None:
    listed = yaml.safe_load((repository / "environment.yml").read_text())["dependencies"]
    expected = {CONDA_NAMES.get(n, n) + limits for n, limits in wanted(repository).items()}
    assert {entry for entry in listed if not entry.startswith("python>")} == expected


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
