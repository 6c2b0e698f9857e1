"""`pip install .`: a wheel of all that git tracks, whose commands run away from the checkout.

The wheel is built without a network, by the setuptools that runs the tests, and installed into an
environment that holds nothing else; the packages it needs come from the one of the tests. A module
`snakemake` that cannot be imported lies in it: the commands must not need Snakemake.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow

PACKAGES = ("repro", "data_prep", "experiments")


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it, and a folder that is no checkout."""

    environment: Path
    elsewhere: Path

    def run(self, program: str, *words: str) -> str:
        """What a program of the environment prints; it must succeed."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        done = subprocess.run(
            [self.environment / "bin" / program, *words],
            cwd=self.elsewhere, env=clean, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def tracked(repository: Path, *more: str) -> list[str]:
    """Names of the files that git tracks, with `more` also those it would."""
    command = ["git", "-C", repository, "ls-files", "-z", *more]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [name for name in found.split("\0") if name and (repository / name).exists()]


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, since a build leaves folders behind that the next one would take up."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in tracked(repository, "-co", "--exclude-standard"):
        if not name.startswith(("results/", "tests/")):
            copy = folder / "source" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository / name, copy, follow_symlinks=False)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps",
         "--no-build-isolation", "--wheel-dir", folder, folder / "source"],
        check=True,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    environment = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip())
    needed = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    # a line of a .pth file adds a folder, but not what the .pth files in that folder add: the
    # checkout, which the environment of the tests has by such a file, stays out
    (site / "needed.pth").write_text("\n".join(sorted(needed)))
    (site / "snakemake.py").write_text("raise ImportError('imported by a command')\n")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index",
         "--no-deps", "--no-compile", wheel],
        check=True,
    )  # fmt: skip
    return Installed(environment, tmp_path_factory.mktemp("elsewhere"))


def test_the_wheel_holds_every_tracked_file(repository: Path, wheel: Path) -> None:
    names = tracked(repository)
    wanted = {n for n in names if n.startswith(tuple(f"{p}/" for p in PACKAGES))}
    presets = {n for n in names if n.startswith("config/presets/")}
    wanted |= {n.replace("config/", "repro/", 1) for n in presets}
    wanted.remove("repro/presets")  # the link
    assert presets
    assert {f"{p}/py.typed" for p in PACKAGES} <= wanted
    with zipfile.ZipFile(wheel) as archive:
        held = {n for n in archive.namelist() if ".dist-info/" not in n}
        first = min(presets)
        assert archive.read(first.replace("config/", "repro/", 1)) == (
            (repository / first).read_bytes()
        )
    assert sorted(wanted - held) == []
    assert {n.partition("/")[0] for n in held} == set(PACKAGES)  # no tests, no build folder


def test_the_modules_are_those_of_the_wheel(repository: Path, installed: Installed) -> None:
    program = (
        "import repro.bench, data_prep.generated.drawing, experiments.latent_walk.figure, sys\n"
        "from repro.places import PRESETS, ROOT\n"
        f"names = [n for n in sys.modules if n.partition('.')[0] in {PACKAGES}]\n"
        "print(*(sys.modules[n].__file__ for n in names), PRESETS, ROOT, sep='\\n')\n"
        "print(*PRESETS.glob('*.yaml'), sep='\\n')"
    )
    paths = [Path(line) for line in installed.run("python", "-c", program).splitlines()]
    assert sum(path.suffix == ".py" for path in paths) > 10
    for path in paths:
        assert path.is_relative_to(installed.environment), path
        assert not path.is_relative_to(repository), path
    presets = {path.stem for path in (repository / "config/presets").glob("*.yaml")}
    assert len(presets) >= 8
    assert {path.stem for path in paths if path.suffix == ".yaml"} == presets


def test_dcgan_says_its_version(repository: Path, installed: Installed) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    assert project["version"] in installed.run("dcgan", "--version").split()


def test_dcgan_dedup_finds_the_copy_among_ten_images(installed: Installed) -> None:
    folder = installed.elsewhere / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(9):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        picture = coarse.resize((96, 96), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number}.png")
        if number == 4:
            picture.save(folder / "copy_of_4.jpg", quality=90)
    words = ("--method", "phash", "--radius", "4", "--out", "found", "--delete-list", "list.txt")
    installed.run("dcgan", "dedup", "photos", *words)
    # a group keeps the first of its names
    assert (installed.elsewhere / "list.txt").read_text().split() == [str(folder / "copy_of_4.jpg")]


def test_any_command_of_the_set_up_runs_from_any_folder(tmp_path: Path) -> None:
    """The set-up installs the project itself: no PYTHONPATH, no checkout as working folder."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-m", "repro.specs.run_file"],
        cwd=tmp_path, env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
