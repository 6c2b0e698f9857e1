"""What a caller's environment may contain, and what of it reaches the steps."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from repro.environment import FIXED, fixed, search_last
from repro.runs.step_environment import link_packages, run_steps_with

FRONT_DOOR = ("repro", "data_prep", "experiments")


def test_what_is_foreign_is_left_out_and_the_rest_stays(tmp_path: Path) -> None:
    foreign = {
        "PYTHONPATH": "/mine", "PYTHONHOME": "/mine", "PYTHONSTARTUP": "/mine/rc.py",
        "PYTHONINSPECT": "1", "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error",
        "PYTHONIOENCODING": "latin-1", "BASH_ENV": "/mine/rc",
        "BASH_FUNC_python%%": "() { false; }", "OPENCV_IO_MAX_IMAGE_PIXELS": "10",
        "TMPDIR": str(tmp_path / "none"), "GIT_DIR": "/mine/.git", "TQDM_MININTERVAL": "x",
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    kept = {
        "PATH": "/usr/bin", "HOME": "/root", "LC_ALL": "de_DE", "OMP_NUM_THREADS": "2",
        "MKL_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": "1", "ONEDNN_MAX_CPU_ISA": "AVX2",
        "PYTHONHASHSEED": "0", "TEMP": str(tmp_path),
    }  # fmt: skip
    assert fixed(foreign | kept | {"MPLBACKEND": "module://mine", "PIP_USER": "1"}) == kept | FIXED


def test_a_step_gets_this_python_this_checkout_and_no_launcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"PATH": "/usr/bin", "RANK": "0", "WORLD_SIZE": "2", "OMP_NUM_THREADS": "2"}
    monkeypatch.setattr(os, "environ", dict(given))
    run_steps_with("/mine/bin/python", repository, strict=True)
    assert os.environ.keys() - given.keys() == {
        "DCGAN_STRICT", "MPLCONFIGDIR", "PYTHONPATH", "PYTHONSAFEPATH",
    }  # fmt: skip
    assert os.environ["PATH"] == "/mine/bin:/usr/bin"
    assert os.environ["OMP_NUM_THREADS"] == "2"
    assert not {"RANK", "WORLD_SIZE"} & os.environ.keys()
    run_steps_with("/mine/bin/python", repository, strict=False, own_python=True)
    assert os.environ["DCGAN_STRICT"] == ""


def test_a_checkouts_packages_lie_alone(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By links in the working folder; what else is in the checkout is not among them."""
    checkout = tmp_path / "a:b {} ü"
    for package in FRONT_DOOR:
        (checkout / package).mkdir(parents=True)
    (checkout / "queue.py").touch()
    monkeypatch.chdir(tmp_path)
    folder = link_packages(checkout)
    assert link_packages(checkout) == folder
    assert not folder.is_absolute()
    assert ":" not in str(folder)
    assert {path.name for path in folder.iterdir()} == set(FRONT_DOOR)
    assert all((folder / package).samefile(checkout / package) for package in FRONT_DOOR)
    assert link_packages(repository) != folder


def test_without_links_the_checkout_itself_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".snakemake").touch()  # so that no folder can be made below it
    assert link_packages(tmp_path) == tmp_path


def test_a_folder_of_the_users_is_searched_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), "/python", "/libraries"])
    search_last([f"{tmp_path}/", ""])
    assert sys.path == ["/python", "/libraries", str(tmp_path)]


@pytest.mark.slow
def test_a_matplotlibrc_is_passed_over(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 30\naxes.facecolor: red\n", encoding="utf-8")
    code = "import json, matplotlib, {}; print(json.dumps([matplotlib.rcParams['font.size']]))"
    found = [
        subprocess.run(
            [sys.executable, "-c", code.format(module)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(repository)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for module in ("sys", "repro.figures.drawing")
    ]
    assert [json.loads(one) for one in found] == [[30.0], [10.0]]


# what users have in the folder they work in, and what their shells say
SHADOWS = ("queue", "json", "csv", "numpy", "yaml", "torch")
HOSTILE = {
    "MPLBACKEND": "nonsense",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "ascii",
    "HOME": "/proc/nowhere",
    "TMPDIR": "/nowhere",
    "RANK": "0",
    "WORLD_SIZE": "2",
    "LOCAL_RANK": "0",
}


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_command_by_hand_is_not_disturbed(
    elsewhere: bool, tmp_path: Path, repository: Path
) -> None:
    """The user's modules are in the working folder, or in a folder of PYTHONPATH."""
    folder, poison = tmp_path / "work", tmp_path / ("poison" if elsewhere else "work")
    for one in {folder, poison}:
        one.mkdir()
    for name in SHADOWS:
        (poison / f"{name}.py").write_text("raise SystemExit('a module of the user')")
    for package in FRONT_DOOR:
        (folder / package).symlink_to(repository / package)
    (folder / "ü.yaml").write_text("title: “ü”\n", encoding="utf-8")
    environment = os.environ | HOSTILE | {"PYTHONPATH": str(poison)}
    words = ["check", "ü.yaml"]
    done = subprocess.run(
        [sys.executable, "-m", "repro", *words], cwd=folder, env=environment, capture_output=True
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert "experiment latent_walk: left out because this run has no" in done.stdout.decode()
