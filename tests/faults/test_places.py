"""Two at once in one folder; a path with spaces and non-ASCII letters; a read-only checkout."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_disks import read_only
from tiny_pipeline import write_weights
from tiny_run import RESULTS, STAMPS, Site, assert_same, kept_files

pytestmark = pytest.mark.faults
ODD = "Röntgen's 2 наборы & 写真"


BEDROOMS = (  # words of their training, as the log of a run shows them
    *("--spec", RESULTS / "specs/models/bedrooms.json", "--data", RESULTS / "data/bedrooms"),
    *("--dedup", RESULTS / "dedup/bedrooms", "--state", RESULTS / "state/bedrooms"),
    *("--threads", 1, "--out", RESULTS / "models/bedrooms"),
)


@contextmanager
def held_in_training(site: Site, log: Path) -> Iterator[None]:
    """Snakemake trains the bedrooms of `site`, and is stopped in it during the block."""
    shutil.rmtree(site.results / "models/bedrooms")
    process = site.start(f"{STAMPS}/models/bedrooms", log=log)
    while not (site.results / "state/bedrooms/settings.json").exists():
        assert process.poll() is None, log.read_text()[-6000:]
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGCONT)
        process.wait()
    assert process.returncode == 0, log.read_text()[-6000:]


def test_two_pipelines_at_once_in_one_folder(copy: Site, undisturbed: Site, tmp_path: Path) -> None:
    with held_in_training(copy, tmp_path / "log"):
        said = copy.run(f"{STAMPS}/models/bedrooms", succeeds=False)
    assert "is in progress: another process is at work on it" in said
    assert_same(kept_files(copy.results), kept_files(undisturbed.results), at_least=60)


def test_two_trainings_at_once_on_one_state_folder(
    copy: Site, undisturbed: Site, tmp_path: Path
) -> None:
    """The second by hand, while Snakemake has one at work."""
    with held_in_training(copy, tmp_path / "log"):
        said = copy.refused("repro.train", *BEDROOMS)
    assert f"{RESULTS}/state/bedrooms: another process is writing it; wait" in said
    assert_same(kept_files(copy.results), kept_files(undisturbed.results), at_least=60)


def test_read_only_sources_at_an_odd_path(undisturbed: Site, tmp_path: Path) -> None:
    """The whole pipeline, from a checkout that cannot be written, in a folder next to it."""
    checkout = tmp_path / ODD / "checkout"
    shutil.copytree(undisturbed.checkout, checkout)
    site = Site(checkout, tmp_path / ODD / "mine")
    write_weights(site.folder)
    with read_only(checkout):
        with pytest.raises(OSError, match=r"Read-only|denied"):
            (checkout / "new").touch()
        site.run("all")
    assert_same(kept_files(site.results), kept_files(undisturbed.results), at_least=60)
