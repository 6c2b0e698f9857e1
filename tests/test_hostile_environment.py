"""The pipeline under a hostile environment: the same bytes as under that of the tests.

Everything that notebooks, shells, clusters and users leave behind, all at once: one experiment
with all that it needs is made by the real interpreter and compared with the shared run.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_pipeline import DETERMINISTIC, OF_THE_PLACE, copy_sources, snakemake

pytestmark = pytest.mark.pipeline
SHADOWS = ("queue", "json", "numpy", "torch")
MATPLOTLIBRC = "text.usetex: True\nfont.size: 30\nlines.linewidth: 9\naxes.facecolor: red\n"
BASHRC = "cd /\nalias python=false\n"


def hostile(folder: Path) -> dict[str, str]:
    """The variables; the files that they name are written into the folder."""
    poison = folder / "poison"
    poison.mkdir()
    for name in ("lmdb", "torch"):  # not what Snakemake itself imports, before anything is read
        (poison / f"{name}.py").write_text("raise SystemExit('PYTHONPATH')")
    (folder / "matplotlibrc").write_text(MATPLOTLIBRC)
    (folder / "bashrc").write_text(BASHRC)
    return {
        "BASH_ENV": str(folder / "bashrc"),
        "BASH_FUNC_python%%": "() { echo a function; return 3; }",
        "GIT_DIR": "/nowhere",
        "HOME": "/proc/nowhere",
        "LC_ALL": "C",
        "LOCAL_RANK": "0",
        "MATPLOTLIBRC": str(folder / "matplotlibrc"),
        "MPLBACKEND": "module://nonsense",
        "OPENCV_IO_MAX_IMAGE_PIXELS": "10",
        "PIP_USER": "1",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "latin-1",
        "PYTHONOPTIMIZE": "2",
        "PYTHONPATH": f"/nowhere:{poison}",
        "PYTHONUTF8": "0",
        "RANK": "0",
        "SCIPY_ARRAY_API": "1",
        "TMPDIR": "/nowhere",
        "TQDM_MININTERVAL": "x",
        "WORLD_SIZE": "2",
    }


def test_a_path_that_snakemake_would_take_for_wildcards_is_refused(
    repository: Path, tmp_path: Path
) -> None:
    checkout = tmp_path / "a check{out}"
    checkout.mkdir()
    copy_sources(repository, checkout)
    said = snakemake(sys.executable, checkout, tmp_path, "-n", check=False)
    assert f"{checkout}: the path of this checkout contains braces" in said
    assert "Traceback" not in said
    assert not (tmp_path / "results").exists()


def test_one_experiment_comes_out_the_same(base: Path, repository: Path, tmp_path: Path) -> None:
    """The working folder is the checkout, as where a user types the command; its path is odd."""
    checkout = tmp_path / "my checkout: ü"
    checkout.mkdir()
    copy_sources(base / "checkout", checkout)
    for name in SHADOWS:
        (checkout / f"{name}.py").write_text(f"raise SystemExit('{name} of the user')")
    shutil.copy(checkout / "queue.py", checkout / "rules/queue.py")
    (checkout / "matplotlibrc").write_text(MATPLOTLIBRC)
    words = ["latent_walk", "--configfile", "config/tiny.yaml", "--cores", "2"]
    done = subprocess.run(
        [Path(sys.executable).parent / "snakemake", *words],
        cwd=checkout,
        env={**os.environ, **hostile(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    made, undisturbed = checkout / "results/tiny", base / "run/results/tiny"
    files = [path for path in made.rglob("*") if path.is_file() and path.suffix in DETERMINISTIC]
    compared = 0
    for path in files:
        if path.name not in OF_THE_PLACE:
            name = path.relative_to(made)
            assert path.read_bytes() == (undisturbed / name).read_bytes(), name
            compared += 1
    assert compared > 60
    assert (made / "experiments/latent_walk/figures/fig04_steps.png").is_file()
