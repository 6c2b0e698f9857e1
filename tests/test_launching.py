"""How trainings are started: in several processes, and through profiles/slurm."""

import re
from pathlib import Path

import pytest
import yaml
from tiny_pipeline import snakemake

from repro.runs.launch import launcher, threads_each
from repro.runs.load import load_run
from repro.specs.validation import SpecError

pytestmark = pytest.mark.slow

TARGET, MODEL = "results/tiny/stamps/models/faces", "results/tiny/models/faces"
# what snakemake-executor-plugin-slurm and Snakemake make of resources (the plugin's documentation)
KNOWN = {"mem_mb", "runtime", "gpu", "gpu_model", "slurm_partition", "slurm_account"}


def command(python: Path, repository: Path, folder: Path, *words: str) -> str:
    """The shell command of a training, by a dry run."""
    text = snakemake(python, repository, folder, TARGET, "--dry-run", "--printshellcmds", *words)
    lines = [line for line in text.splitlines() if f"--out {MODEL} " in line]
    assert len(lines) == 1, text[-3000:]
    return lines[0].split(":", 1)[1].strip()


def test_the_profile_names_rules_and_resources_that_exist(repository: Path) -> None:
    profile = yaml.safe_load((repository / "profiles/slurm/config.yaml").read_text())
    files = [repository / "Snakefile", *(repository / "rules").glob("*.smk")]
    rules = {r for file in files for r in re.findall(r"^rule (\w+):", file.read_text(), re.M)}
    assert "train_model" in profile["set-resources"]
    assert set(profile["set-resources"]) | set(profile["set-threads"]) <= rules
    for resources in (profile["default-resources"], *profile["set-resources"].values()):
        assert set(resources) <= KNOWN
        assert {"gpu", "gpus"}.isdisjoint(resources), "the rule says how many"


def test_what_both_profiles_say_of_a_run_is_the_same(repository: Path) -> None:
    ours, default = (
        yaml.safe_load((repository / f"profiles/{name}/config.yaml").read_text())
        for name in ("slurm", "default")
    )
    for key in default.keys() - {"cores"}:
        assert ours[key] == default[key], key


def test_a_training_in_one_process_with_cuda_graphs(
    warm: Path, repository: Path, tmp_path: Path
) -> None:
    found = command(warm, repository, tmp_path, "--config", "cuda_graphs=true")
    assert found.startswith("python -m repro.train --spec results/tiny/specs/models/faces.json ")
    assert " --threads 1 --cuda-graphs --out " in found


def test_a_training_in_two_processes_shares_its_threads(
    warm: Path, repository: Path, tmp_path: Path
) -> None:
    words = ("--set-threads", "train_model=2", "--config", "processes_per_training=2")
    found = command(warm, repository, tmp_path, *words)
    assert found.startswith("python -m repro.train.together 2 -m repro.train --spec ")
    assert " --threads 1 " in found
    assert "--cuda-graphs" not in found


def test_threads_of_each_process() -> None:
    assert [threads_each(8, n) for n in (1, 2, 3, 16)] == [8, 4, 2, 1]


def test_no_process_is_refused() -> None:
    with pytest.raises(ValueError, match="0 processes"):
        launcher(0)


def test_settings_that_do_not_fit_are_refused_before_the_run(repository: Path) -> None:
    tiny = str(repository / "config/tiny.yaml")
    with pytest.raises(SpecError, match=r"batch' is 16.*'processes_per_training' 9.*to 18"):
        load_run(tiny, {"processes_per_training": 9})
    with pytest.raises(SpecError, match="cuda_graphs is for one process on one GPU"):
        load_run(tiny, {"processes_per_training": 2, "cuda_graphs": True})
    with pytest.raises(SpecError, match="processes_per_training"):
        load_run(tiny, {"processes_per_training": 0})
