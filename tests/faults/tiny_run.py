"""The tiny pipeline as a user starts it, to be killed, starved and damaged by the fault tests.

A `Site` is a checkout and a working folder, which may be the same. Unlike in tests/tiny_pipeline.py
the checkout's own profile applies (profiles/default: rerun-incomplete, keep-going), as when a
user types the commands.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tiny_pipeline import DETERMINISTIC, OF_THE_PLACE

RESULTS = Path("results/tiny")
STAMPS = RESULTS / "stamps"  # a target of Snakemake for each folder of results
STARTED = re.compile(r"^(?:local)?rule (\w+):(?:.*\n)+?    jobid: (\d+)$", re.MULTILINE)
FINISHED = re.compile(r"^Finished jobid: (\d+) ", re.MULTILINE)


@dataclass(frozen=True)
class Site:
    """A checkout, the folder in which Snakemake is started on it, a run file if another one."""

    checkout: Path
    folder: Path
    run_file: Path | None = None

    @property
    def results(self) -> Path:
        return self.folder / RESULTS

    def copied(self, to: Path) -> "Site":
        """A copy of both, side by side as before and with their times, in an existing place or new.

        Snakemake then finds nothing to do.
        """
        copies = to / self.checkout.name, to / self.folder.name
        for source, copy in zip((self.checkout, self.folder), copies, strict=True):
            shutil.copytree(source, copy, symlinks=True, dirs_exist_ok=True)
        return Site(*copies)

    def command(self, *words: str) -> list[str]:
        """`snakemake WORDS` where the folder is the checkout; else with all paths, two cores."""
        typed = [sys.executable, "-m", "snakemake", *words]
        if self.folder == self.checkout:
            return typed
        options = {
            "--snakefile": self.checkout / "Snakefile",
            "--configfile": self.run_file or self.checkout / "config/tiny.yaml",
            "--workflow-profile": self.checkout / "profiles/default",
            "--directory": self.folder,
            "--cores": 2,
        }
        pairs = [str(word) for pair in options.items() for word in pair]
        return typed + pairs

    def run(self, *words: str, succeeds: bool = True) -> str:
        """The output of the command, which must succeed, or must not."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.checkout,
            env=environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert (done.returncode == 0) == succeeds, done.stdout[-6000:]
        return done.stdout

    def start(self, *words: str, log: Path) -> subprocess.Popen[bytes]:
        """The same in the background, leading a process group of its own; output into `log`.

        Logs of Snakemake's from before are removed, so that `snakemakes_log` is this one's.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.folder / ".snakemake/log", ignore_errors=True)
        with log.open("wb") as stream:
            return subprocess.Popen(
                self.command(*words),
                cwd=self.checkout,
                env=environment(),
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def refused(self, module: str, *words: object) -> str:
        """What a step says that is started by hand, `python -m MODULE WORDS`, and must fail."""
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, words)],
            cwd=self.folder,
            env=environment() | {"PYTHONPATH": str(self.checkout)},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode, done.stdout[-6000:]
        return done.stdout


def environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def kill(group: subprocess.Popen[bytes]) -> None:
    """SIGKILL to Snakemake and all its jobs at once, as a machine that is switched off."""
    os.killpg(group.pid, signal.SIGKILL)
    group.wait()


def snakemakes_log(site: Site) -> str:
    """What Snakemake has written into its own log since it was last started; "" before that."""
    newest = max(site.folder.glob(".snakemake/log/*.snakemake.log"), default=None)
    return newest.read_text(errors="replace") if newest else ""


def at_work(site: Site) -> Counter[str]:
    """Rules whose jobs had been started, and not reported as finished, when the log ended."""
    text = snakemakes_log(site)
    finished = set(FINISHED.findall(text))
    return Counter(rule for rule, job in STARTED.findall(text) if job not in finished)


def jobs_finished(site: Site) -> int:
    """Jobs that Snakemake had reported as finished when the log ended."""
    return len(FINISHED.findall(snakemakes_log(site)))


def kept_files(results: Path, *parts: str) -> dict[str, bytes]:
    """Bytes of every file that must be the same in two runs, by its name below `results`.

    parts: sub-folders, `data` and `models` for example; none: all.
    """
    roots = [results / part for part in parts] or [results]
    found = {}
    for path in sorted(path for root in roots for path in root.rglob("*") if path.is_file()):
        name = path.relative_to(results)
        page = path.suffix == ".html" and "experiments" in name.parts
        hidden = any(part.startswith(".") for part in name.parts)
        if (path.suffix in DETERMINISTIC or page) and path.name not in OF_THE_PLACE and not hidden:
            found[name.as_posix()] = path.read_bytes()
    return found


def assert_same(found: dict[str, bytes], undisturbed: dict[str, bytes], *, at_least: int) -> None:
    """The same files with the same bytes, and enough of them to mean something."""
    assert found.keys() ^ undisturbed.keys() == set()
    differing = [name for name, content in found.items() if content != undisturbed[name]]
    assert not differing
    assert len(found) >= at_least
