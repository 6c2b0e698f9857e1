"""The pipeline on a real SLURM of one node, through profiles/slurm: `make slurm-test`.

Opt-in, about ten minutes on two cores, as root on Debian (installs slurm-wlm and munge). What must
come out is the bytes of the same steps run without SLURM:

    spread     datasets read and hashed in two parts, a job each; two trainings side by side
    requeued   a training that is requeued midway (scontrol requeue) and continues
    processes  a training by two processes (torchrun) from the same rule

    python tests/slurm/run.py [spread requeued processes] [--keep FOLDER]

Not tried here, since not available: GPUs (the node pretends to have two), several machines,
accounting.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster import cluster, install, said, wait_for

CHECKOUT = Path(__file__).resolve().parents[2]
RESULTS = Path("results/tiny")
PATIENCE = 900.0  # seconds for all jobs of a scene
QUICK = ["--slurm-init-seconds-before-status-checks", "2", "--slurm-status-command", "squeue"]
STAMPS = RESULTS / "stamps"
SPREAD = [f"{STAMPS}/models/{name}" for name in ("bedrooms", "bedrooms_all")]
ONE = f"{RESULTS}/models/bedrooms_all"  # 10 minibatches an epoch
# without near-duplicates, as the other model is: both may start at the same moment
ALIKE = {"bedrooms_all": {"deduplicated": True, "seed": 8}}
LONG = {"bedrooms_all": {"training": {"epochs": 150, "sample_every": 100, "checkpoint_every": 50}}}
SHEET = "samples/step_00000100.png"  # the first that LONG draws


@contextmanager
def started(folder: Path, *words: str, slurm: bool) -> Iterator[subprocess.Popen[bytes]]:
    """Snakemake on config/tiny.yaml in `folder`, by SLURM's jobs or on its own; log next to it.

    It is told to end where the block is left before it has ended.
    """
    folder.mkdir(parents=True, exist_ok=True)
    where = ["--workflow-profile", str(CHECKOUT / "profiles/slurm"), *QUICK]
    alone = ["--workflow-profile", "none", "--cores", "2"]
    command = [sys.executable, "-m", "snakemake", *(where if slurm else alone)]
    command += ["--snakefile", str(CHECKOUT / "Snakefile"), "--directory", str(folder)]
    command += ["--configfile", str(CHECKOUT / "config/tiny.yaml"), *words]
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SLURM_CONF")}
    with folder.with_suffix(".log").open("wb") as log:
        run = subprocess.Popen(
            command, cwd=CHECKOUT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield run
    finally:
        if run.poll() is None:
            run.terminate()
            run.wait(timeout=60)


def completed(folder: Path, *words: str, slurm: bool) -> None:
    """The same, from its start to its end; ends the script where it fails."""
    with started(folder, *words, slurm=slurm) as run:
        finished(run, folder)


def finished(run: subprocess.Popen[bytes], folder: Path) -> None:
    """Returns once the run has ended well; ends the script where it did not."""
    if run.wait(timeout=PATIENCE) != 0:
        sys.exit(folder.with_suffix(".log").read_text()[-6000:] + f"\nfailed: {folder}")


def prepared(base: Path) -> tuple[Path, Path]:
    """base/alone with the dataset of ONE, prepared without SLURM, and its copy base/slurm."""
    alone, by_jobs = base / "alone", base / "slurm"
    completed(alone, "--", f"{STAMPS}/data/bedrooms", slurm=False)
    shutil.copytree(alone, by_jobs)
    return alone, by_jobs


def same_bytes(base: Path, target: str) -> int:
    """Files of a folder that are the same in base/alone and base/slurm; ends where one differs."""
    paths = [p for p in sorted((base / "alone" / target).rglob("*")) if p.is_file()]
    compared = [p for p in paths if p.name != "provenance.json"]
    assert compared, f"{base}: no files in {target}"
    for path in compared:
        other = base / "slurm" / path.relative_to(base / "alone")
        assert path.read_bytes() == other.read_bytes(), other
    return len(compared)


def jobs() -> list[dict[str, str]]:
    """SLURM's report on its jobs, finished ones included: scontrol's keys and values."""
    lines = said("scontrol", "show", "job", "--oneliner").splitlines()
    pairs = ([word.partition("=")[::2] for word in line.split()] for line in lines if "=" in line)
    return [dict(words) for words in pairs]


def job_of(rule: str, name: str) -> dict[str, str]:
    """The newest job of this rule and wildcard, which the plugin writes into the comment."""
    found = [job for job in jobs() if job.get("Comment") == f"rule_{rule}_wildcards_{name}"]
    return max(found, key=lambda job: int(job["JobId"]))


def spread(base: Path) -> str:
    """Two parts of the data pass in jobs of their own, two trainings that run at once."""
    before = {job["JobId"] for job in jobs()}
    alone, by_jobs = base / "alone", base / "slurm"
    words = ("--config", f"models={json.dumps(ALIKE)}", "--", *SPREAD)
    completed(alone, *words, slurm=False)
    completed(by_jobs, "--set-scatter", "shard=2", *words, slurm=True)
    rules = [job.get("Comment", "") for job in jobs() if job["JobId"] not in before]
    for rule in ("prepare_part", "hash_part"):
        assert sum(name.startswith(f"rule_{rule}_") for name in rules) == 2, rules
    trainings = [job_of("train_model", name) for name in ("bedrooms", "bedrooms_all")]
    first, second = sorted(job["StartTime"] for job in trainings)
    together = second < min(job["EndTime"] for job in trainings)
    assert together, f"one after the other: {trainings}"
    assert all(job["TresPerJob"] == "gres:gpu:1" for job in trainings), trainings
    count = sum(same_bytes(base, f"{RESULTS}/{part}") for part in ("data", "dedup", "models"))
    return f"{len(rules)} jobs, two trainings from {first} and {second}; {count} files alike"


def requeued(base: Path) -> str:
    """A training taken off its node in its middle ends in the bytes of one left alone."""
    words = ("--config", f"models={json.dumps(LONG)}", "--", f"{STAMPS}/models/bedrooms_all")
    alone, by_jobs = prepared(base)
    completed(alone, *words, slurm=False)
    with started(by_jobs, *words, slurm=True) as run:
        steps, job, drawn = _requeue(by_jobs, run)
        finished(run, by_jobs)
    after = job_of("train_model", "bedrooms_all")
    assert (after["JobId"], after["Restarts"]) == (job["JobId"], "1"), after
    kept = by_jobs / ONE / SHEET
    assert kept.stat().st_mtime_ns == drawn, "the sheet was drawn anew: it began from the start"
    count = same_bytes(base, ONE)
    return f"job {job['JobId']} requeued after minibatch {steps} of 1500; {count} files alike"


def _requeue(by_jobs: Path, run: subprocess.Popen[bytes]) -> tuple[int, dict[str, str], int]:
    """Minibatches kept when the training was requeued, its job, when its first sheet was drawn."""
    state = by_jobs / RESULTS / "state/bedrooms_all"
    sheet = state / SHEET
    wait_for(lambda: sheet.is_file() or run.poll() is not None, what="a sheet", seconds=PATIENCE)
    if run.poll() is not None:
        finished(run, by_jobs)
    job = job_of("train_model", "bedrooms_all")
    assert job["JobState"] == "RUNNING", job
    subprocess.run(["scontrol", "requeue", job["JobId"]], check=True)
    time.sleep(1)
    wait_for(lambda: not running(job["JobId"]), what="the end of the first attempt")
    steps = newest(state)
    assert 0 < steps < 1500, "it ended before it could be requeued"
    return steps, job, sheet.stat().st_mtime_ns


def running(job_id: str) -> bool:
    """Whether the job has processes on its node."""
    states = [job["JobState"] for job in jobs() if job["JobId"] == job_id]
    return bool(set(states) & {"RUNNING", "COMPLETING"})


def newest(state: Path) -> int:
    """Minibatches of the newest resume state; 0 where there is none."""
    return max((int(p.stem.removeprefix("step_")) for p in state.glob("step_*.pt")), default=0)


def processes(base: Path) -> str:
    """The rule's training by two processes, which ask for two CPUs and two GPUs."""
    words = ("--config", "processes_per_training=2", "--", f"{STAMPS}/models/bedrooms_all")
    alone, by_jobs = prepared(base)
    completed(alone, *words, slurm=False)
    completed(by_jobs, *words, slurm=True)
    job = job_of("train_model", "bedrooms_all")
    assert job["NumCPUs"] == "2", job
    assert job["TresPerJob"] == "gres:gpu:2", job
    log = (base / "slurm.log").read_text()
    assert "repro.train.together 2 -m repro.train" in log
    return f"job {job['JobId']} with 2 CPUs and 2 GPUs; {same_bytes(base, ONE)} files alike"


SCENES = {scene.__name__: scene for scene in (spread, requeued, processes)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenes", nargs="*", help=f"of {', '.join(SCENES)}; default: all")
    parser.add_argument("--keep", type=Path, help="a new folder for all files (default: removed)")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # through every `finally`
    install()
    with tempfile.TemporaryDirectory(prefix="slurm-test-") as temporary:
        base = (given.keep or Path(temporary)).resolve()
        with cluster(base / "cluster"):
            for name in given.scenes or SCENES:
                start = time.monotonic()
                said_of_it = SCENES[name](base / name)
                print(f"{name}: {said_of_it} ({time.monotonic() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
