"""One list of Debian packages, system-packages.txt, for the Dockerfile, the README and CI.

And what `make TORCH=cpu` leaves to PyTorch's own index: PyTorch, and what only PyTorch needs.
"""

import json
import os
import re
import subprocess
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from browser import NAMES

HASHED = re.compile(r"^([a-z0-9][a-z0-9.-]*)==\S+[^\n]*\\\n +--hash=sha256:", re.M)


@pytest.fixture
def packages(repository: Path) -> list[str]:
    lines = (repository / "system-packages.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_list_has_what_the_commands_start_and_a_browser(packages: list[str]) -> None:
    assert {"git", "make", "python3", "python3-venv"} < set(packages)
    assert len(set(packages) & set(NAMES)) == 1
    assert packages == list(dict.fromkeys(packages))


def test_the_dockerfile_installs_that_list_and_nothing_else(repository: Path) -> None:
    text = (repository / "Dockerfile").read_text().replace("\\\n", " ")
    (line,) = (line for line in text.splitlines() if "apt-get install" in line)
    install = line.partition("apt-get install")[2].partition("&&")[0].split()
    assert install == ["--yes", "--no-install-recommends"]  # and what xargs adds of the file
    assert "sed 's/#.*//' /tmp/system-packages.txt | " in line
    assert "COPY system-packages.txt /tmp/" in text
    assert re.search(r"^USER (?!root|0)\w+$", text, re.M)
    targets = re.findall(r"^RUN make (\w+)", text, re.M)
    makefile = (repository / "Makefile").read_text()
    assert targets
    assert all(re.search(rf"^{target}:", makefile, re.M) for target in targets)


def test_the_editors_container_is_the_dockerfiles(repository: Path) -> None:
    folder = repository / ".devcontainer"
    lines = (folder / "devcontainer.json").read_text().splitlines()
    settings = json.loads("\n".join(line for line in lines if not line.startswith("//")))
    dockerfile = (folder / settings["build"]["dockerfile"]).read_text()
    assert f" AS {settings['build']['target']}\n" in dockerfile
    assert f"\nUSER {settings['remoteUser']}\n" in dockerfile
    assert (folder / settings["build"]["context"]).resolve() == repository.resolve()


def test_the_readme_names_that_list(repository: Path, packages: list[str]) -> None:
    readme = " ".join((repository / "README.md").read_text().split())
    assert f"apt-get install {' '.join(packages)}" in readme


def test_ci_installs_the_browser_of_the_list(repository: Path, packages: list[str]) -> None:
    script = (repository / ".ci" / "run").read_text().replace("\\\n", " ")
    install = re.search(r"apt-get install (.*?) > /dev/null", script)
    assert install is not None
    (browser,) = set(packages) & set(NAMES)
    assert install[1].split()[-1] == browser


def printed(repository: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What `make -n` would run for a .venv that is not there."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        (folder / name).write_bytes((repository / name).read_bytes())
    return subprocess.run(
        ["make", "-n", "setup", *words],
        cwd=folder, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_by_default_every_package_comes_from_the_lock(repository: Path, tmp_path: Path) -> None:
    shown = printed(repository, tmp_path).stdout
    assert "--require-hashes -r requirements.lock" in shown
    assert "torch" not in shown


def test_the_cpu_build_comes_by_uvs_switch_and_all_else_with_hashes(
    repository: Path, tmp_path: Path
) -> None:
    shown = printed(repository, tmp_path, "TORCH=cpu").stdout.replace("\\\n", " ")
    lines = [line for line in shown.splitlines() if " pip install " in line and "/uv " in line]
    assert len(lines) == 3  # the lock without PyTorch, PyTorch, the project
    assert "--no-deps --require-hashes -r .venv/without-torch.lock" in lines[0]
    assert "--no-deps --torch-backend cpu" in lines[1]
    (filtering,) = (line for line in shown.splitlines() if line.startswith("awk "))
    (tmp_path / ".venv").mkdir()
    subprocess.run(["bash", "-c", filtering], cwd=tmp_path, check=True)
    whole = (tmp_path / "requirements.lock").read_text()
    kept = (tmp_path / ".venv/without-torch.lock").read_text()
    names, kept_names = HASHED.findall(whole), HASHED.findall(kept)
    assert len(kept_names) == len(re.findall(r"^\S+==", kept, re.M)) > 100
    left_out = set(names) - set(kept_names)
    assert {"torch", "torchvision", "triton"} < left_out
    (pins,) = re.findall(r"\$\((grep .*lock)\)", lines[1])
    pinned = subprocess.run(
        ["bash", "-c", pins], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert {line.partition("==")[0] for line in pinned.stdout.split()} == {"torch", "torchvision"}
    for name in kept_names:
        needed = {word.lower() for word in map(_name, _installed_needs(name))}
        assert needed & left_out <= {"torch", "torchvision"}, name


def _installed_needs(name: str) -> list[str]:
    """What the installed package needs, its extras apart; nothing where it is not installed."""
    try:
        return [line for line in requires(name) or [] if "extra ==" not in line]
    except PackageNotFoundError:  # of another system or Python
        return []


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert match is not None
    return match[0].replace("_", "-")


def test_another_build_is_refused(repository: Path, tmp_path: Path) -> None:
    done = printed(repository, tmp_path, "TORCH=rocm")
    assert done.returncode != 0
    assert "TORCH is rocm, which is neither cpu nor empty" in done.stderr
