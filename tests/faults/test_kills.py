"""SIGKILL at 20 moments all over the pipeline: after each it continues to the same bytes.

A moment is reached when so many jobs have finished and a random while has passed since, so that the
kills are spread over all rules and hit jobs at any point, on a fast machine and on a busy one.
The commands are exactly those that a user types in a checkout.
"""

import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_pipeline import write_weights
from tiny_run import Site, assert_same, at_work, jobs_finished, kept_files, kill

pytestmark = pytest.mark.faults
KILLS = 20
LONGEST = 2.0  # seconds between the job that was waited for and the kill
SEED = 20
ALL = ("all", "--configfile", "config/tiny.yaml")


def spread_moments(jobs: int, kills: int, source: random.Random) -> list[tuple[int, float]]:
    """Jobs finished and seconds since, of each kill: one in each of `kills` equal parts."""
    return [
        (int((part + source.random()) * jobs / kills), source.uniform(0, LONGEST))
        for part in range(kills)
    ]


def ended_before(
    process: subprocess.Popen[bytes], site: Site, *, jobs: int, seconds: float
) -> bool:
    """Whether it ends by itself before it has finished `jobs` jobs and is so long in another."""
    while process.poll() is None and (jobs_finished(site) < jobs or not at_work(site)):
        time.sleep(0.05)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def killed_run(site: Site, moments: list[tuple[int, float]], log: Path) -> list[Counter[str]]:
    """Run the pipeline to its end, killed at these moments; the jobs that were then at work."""
    hits: list[Counter[str]] = []
    finished = 0
    process = site.start(*ALL, log=log)
    for jobs, seconds in moments:
        if ended_before(process, site, jobs=jobs - finished, seconds=seconds):
            break
        kill(process)
        hits.append(at_work(site))
        finished += jobs_finished(site)
        if len(hits) == 1:
            refused_until_unlocked(site)
        site.run("--unlock")
        process = site.start(*ALL, log=log)
    process.wait()
    assert process.returncode == 0, log.read_text()[-6000:]
    return hits


def refused_until_unlocked(site: Site) -> None:
    """The command alone is refused, and the refusal tells what to type."""
    said = site.run(*ALL, succeeds=False)
    assert "Directory cannot be locked" in said
    assert "--unlock" in said


def test_killed_anywhere_it_goes_on_to_the_same_bytes(
    undisturbed: Site, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    expected = kept_files(undisturbed.results)
    jobs = len(list((undisturbed.results / "benchmarks").rglob("*.tsv")))
    source = random.Random(SEED)
    hits: list[Counter[str]] = []
    began, runs = time.monotonic(), 0
    while len(hits) < KILLS:  # a second run only if the first one ended just before its last kill
        runs += 1
        checkout = tmp_path / f"run{runs}"
        shutil.copytree(undisturbed.checkout, checkout, ignore=shutil.ignore_patterns(".snakemake"))
        write_weights(checkout)
        site = Site(checkout, checkout)
        moments = spread_moments(jobs, KILLS - len(hits), source)
        hits += killed_run(site, moments, tmp_path / f"run{runs}.log")
        assert_same(kept_files(site.results), expected, at_least=60)
        assert not [*(site.results / "state").rglob("*.*"), *site.results.rglob(".*.*")]
    rules = sum(hits, Counter())
    record_property(
        f"{len(hits)} kills over {jobs} jobs, in {time.monotonic() - began:.0f} s, hit",
        ", ".join(f"{n} {rule}" for rule, n in rules.most_common()),
    )
    assert len(rules) >= KILLS // 2, "the kills are not spread over the pipeline"
