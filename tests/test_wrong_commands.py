"""Slips on Snakemake's command line: the nearest valid word, and no traceback.

And one experiment runs without the raw data of the others.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_pipeline import snakemake, write_weights

from repro.artefacts.folder_lock import exclusive_lock
from repro.data.noise import write_cifar_records


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("latentwalk", "no target 'latentwalk'; did you mean 'latent_walk'?"),
        ("fid", "give it: snakemake fid --config fid_weights=FILE"),
    ],
)
@pytest.mark.slow
def test_a_target_that_is_none(
    warm: Path, repository: Path, tmp_path: Path, target: str, said: str
) -> None:
    text = snakemake(warm, repository, tmp_path, target, check=False)
    assert said in text
    assert "Traceback" not in text
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_one_experiment_without_the_raw_data_of_the_others(
    warm: Path, repository: Path, tmp_path: Path
) -> None:
    """CIFAR-10 and the authors' weights are present, everything else is not."""
    cifar = tmp_path / "raw/cifar-10-batches-bin"
    cifar.mkdir(parents=True)
    for number in range(1, 6):
        write_cifar_records(cifar / f"data_batch_{number}.bin", count=40)
    write_weights(tmp_path / "raw")
    words = ("--dry-run", "--config", f"raw={tmp_path / 'raw'}")
    text = snakemake(warm, repository, tmp_path, "verify_authors", *words, run="two_cores")
    assert "raw data of mnist, mnist_validation, mnist_test, tiny_imagenet, " in text
    assert "utkface are missing; verify_authors needs none" in text
    assert "rule measure_verify_authors:" in text
    assert "rule train_model:" not in text


@pytest.mark.slow
def test_a_run_in_progress_is_left_alone(warm: Path, repository: Path, tmp_path: Path) -> None:
    words = ("latent_walk", "--dry-run", "--quiet", "all")
    specs = tmp_path / "results/tiny/specs"
    with exclusive_lock(specs):
        text = snakemake(warm, repository, tmp_path, *words, check=False)
    assert "the run in results/tiny is in progress: another process is at work on it" in text
    assert "Traceback" not in text
    assert not specs.exists()
    snakemake(warm, repository, tmp_path, *words)
    assert sorted(path.name for path in specs.parent.iterdir()) == ["specs"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--configfile", "photo.yaml"], "no run file 'photo.yaml'; did you mean 'config/photos"),
        (["--configfile=config"], "'config' is a folder, expected a run file"),
        (["--configfiles", "no/such.yaml"], "no run file 'no/such.yaml'; there are config/demo"),
        (
            ["--configfile", "config/tiny.yaml", "latent_walk"],
            "(snakemake latent_walk --configfile config/tiny.yaml)",
        ),
        (["--config", "image_size=128", "all", "--config", "photos=x"], "--config is given twice"),
    ],
)
def test_a_run_file_that_is_not_there(words: list[str], said: str, repository: Path) -> None:
    """Through the profile that every `snakemake` in this folder reads."""
    done = subprocess.run(
        [sys.executable, "profiles/begin.py", *words],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_target_may_follow_a_run_file_given_with_an_equals_sign(repository: Path) -> None:
    words = ["--configfile=config/tiny.yaml", "latent_walk"]
    done = subprocess.run(
        [sys.executable, "profiles/begin.py", *words], cwd=repository, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
def test_the_profiles_look_first(warm: Path, repository: Path) -> None:
    for profile in ("default", "slurm"):
        command = ["--workflow-profile", f"profiles/{profile}", "--configfile", "photo.yaml", "-n"]
        done = subprocess.run(
            [warm, "-m", "snakemake", *command],
            cwd=repository,
            env=os.environ,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert "error: no run file 'photo.yaml'; did you mean" in done.stderr
        assert "Traceback" not in done.stderr
