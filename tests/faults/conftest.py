"""What the fault tests share: one undisturbed run of the tiny pipeline, and a line at the end.

FAULTS_RUN=FOLDER keeps that run in FOLDER, and uses an existing one there, which saves minutes
when one of these tests is run again. Its sources are those it was made from.
"""

import fcntl
import os
from pathlib import Path

import pytest
from tiny_pipeline import copy_sources, write_weights
from tiny_run import Site


@pytest.fixture(scope="session")
def undisturbed(repository: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Site:
    """The finished run that nothing disturbed, of a copy of the sources; not to be changed.

    It is made once for all processes of pytest-xdist, whose temporary folders are side by side.
    """
    own = tmp_path_factory.getbasetemp()
    shared = (own if worker_id == "master" else own.parent) / "faults"
    base = Path(os.environ.get("FAULTS_RUN", shared))
    base.mkdir(parents=True, exist_ok=True)
    site = Site(base / "checkout", base / "undisturbed")
    with (base / "lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        if not site.checkout.exists():
            copy_sources(repository, site.checkout)
            write_weights(site.folder)
        if not (site.results / "report").exists():
            site.run("all")
    return site


@pytest.fixture
def copy(undisturbed: Site, tmp_path: Path) -> Site:
    """A copy of the undisturbed run, to be damaged; nothing is due in it."""
    return undisturbed.copied(tmp_path / "copy")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests recorded by `record_property`: which rules the kills hit."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                terminalreporter.write_line(f"{name}: {value}")
