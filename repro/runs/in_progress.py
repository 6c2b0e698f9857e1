"""One process at a time changes what a run requires: its spec files and stamps.

Where in the flow: the Snakefile calls `begin` when it is read. A Snakemake that makes steps holds
the run until it ends, however that happens, since jobs that have not started will read the specs.
Any other on the same run, a dry run too, is refused meanwhile, as is `python -m repro adopt`. Jobs
of a cluster do not ask. Runs in other folders are not affected.
"""

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from repro.artefacts.folder_lock import InUseError, exclusive_lock
from repro.runs.freshness import settle_run
from repro.runs.load import write_specs
from repro.runs.run import Run


def begin(run: Run, *, dry: bool) -> list[str]:
    """Write specs and stamps, and hold the run until this process ends; dry: only meanwhile.

    Returns the lines of `settle_run`. Raises InUseError where another process holds the run, and
    the errors of `write_specs` and `settle_run`.
    """
    with ExitStack() as stack:
        stack.enter_context(alone(run))
        write_specs(run)
        lines = settle_run(run)
        if not dry:
            atexit.register(stack.pop_all().close)
        return lines


@contextmanager
def alone(run: Run) -> Iterator[None]:
    """Hold the run within the block. Raises InUseError where another process holds it."""
    with ExitStack() as stack:
        try:
            # absolute: Snakemake leaves its working folder before the process ends
            stack.enter_context(exclusive_lock(run.folder.absolute() / "specs"))
        except InUseError:
            raise InUseError(
                f"the run in {run.folder} is in progress: another process is at work on it "
                "(snakemake, a dry run too, or dcgan adopt), with the settings as they were when "
                "it began; wait until it has ended, or stop it, and start the same command again "
                f"(steps being made are shown in {run.folder / 'progress.html'})"
            ) from None
        yield
